"""Runs one baseline for every workload of a cluster: observe, decide, clip, apply."""

from math import ceil
from typing import Protocol

from autoscaler.core.cluster import ClusterState, Target, nodes, servers
from autoscaler.core.decision import Decision, Hold, Scale, Scope, Verdict
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.ports import Actuator, ClusterView, SignalSource
from autoscaler.replay.baselines.baseline import Baseline, Past, Setup
from forecasting.series import FloatArray


class World(SignalSource, ClusterView, Actuator, Protocol):
    """The three ports that a simulated cluster is."""


class BaselineDriver:
    """A baseline in the controller's place. Routers are left alone, and so are nodes where they follow."""

    def __init__(
        self, factory: type[Baseline], policy: Policy, cluster: World, target: float | None = None
    ) -> None:
        self._policy = policy
        self._cluster = cluster
        self._nodes_follow = factory.nodes_follow
        self._generation = 0
        self._deciders = {
            name: factory(
                Setup(
                    workload=workload,
                    past=past_of(cluster, name),
                    servers_per_node=_per_node(workload, policy.pools[workload.pool]),
                    target=target,
                )
            )
            for name, workload in policy.workloads.items()
        }

    def tick(self, at: float, scope: Scope) -> Decision | None:
        if scope != "all":
            return None
        observation = self._cluster.observe(at)
        state = self._cluster.state(at)
        wanted: dict[str, int] = {}
        verdicts: list[Verdict] = []
        for name, decider in self._deciders.items():
            fleet = state.fleets.get(servers(name))
            if fleet is None:
                continue
            count = decider.decide(at, observation.workloads.get(name, {}), fleet)
            wanted[name] = _clip(count, self._policy.workloads[name].servers)
            verdicts.append(_verdict(servers(name), fleet.desired, wanted[name]))
        if not self._nodes_follow:
            verdicts += self._nodes(wanted, state)
        return self._apply(at, scope, verdicts)

    def _nodes(self, wanted: dict[str, int], state: ClusterState) -> list[Verdict]:
        """As many nodes as carry the servers, packed as tightly as they fit."""
        verdicts: list[Verdict] = []
        for name, pool in self._policy.pools.items():
            fleet = state.fleets.get(nodes(name))
            if fleet is None:
                continue
            users = [w for w in self._policy.workloads.values() if w.pool == name and w.name in wanted]
            need = sum(wanted[w.name] * w.profile.nodes_per_server / _per_node(w, pool) for w in users)
            verdicts.append(_verdict(nodes(name), fleet.desired, _clip(ceil(need - 1e-9), pool.nodes)))
        return verdicts

    def _apply(self, at: float, scope: Scope, verdicts: list[Verdict]) -> Decision:
        if any(type(verdict) is Scale for verdict in verdicts):
            self._generation += 1
        decision = Decision(at, scope, self._generation, tuple(verdicts))
        self._cluster.apply(decision)
        return decision


def past_of(cluster: SignalSource, workload: str) -> Past:
    """One workload's row of the history."""

    def past(start: float, end: float, step: float) -> FloatArray:
        row: FloatArray = cluster.history(start, end, step)[workload].values[0]
        return row

    return past


def _per_node(workload: Workload, pool: Pool) -> int:
    return max(1, workload.profile.servers_per_node(pool.gpus_per_node))


def _clip(count: int, limits: Limits) -> int:
    return min(max(count, limits.floor), limits.ceiling)


def _verdict(target: Target, current: int, to: int) -> Verdict:
    return Hold(target, current, ()) if to == current else Scale(target, current, to, ())
