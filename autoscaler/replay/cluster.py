"""SimulatedCluster: signals, state and actuation of a cluster that exists only here, fed by offered work.

One object behind three ports. It keeps the clock of the simulation and lets queues, nodes and views do the
rest; it decides nothing. The hot path is plain Python numbers: a step of one workload costs a few µs.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from random import Random

from autoscaler.core.cluster import ClusterState, Fleet, StageTime, Target
from autoscaler.core.decision import NOTHING_DONE, Actuation, Decision, Scale
from autoscaler.core.observation import Observation
from autoscaler.core.policy import Policy, Pool, Workload
from autoscaler.replay.cluster_nodes import Machines
from autoscaler.replay.cluster_pods import Routers, Servers
from autoscaler.replay.cluster_start import common_grid, rounded_up, within
from autoscaler.replay.fluid import Queue
from autoscaler.replay.happenings import Agenda, Move
from autoscaler.replay.offered import Offered, Past
from autoscaler.replay.outcome import Outcome, PoolRun, WorkloadRun
from autoscaler.replay.signals import Exact, Scraped, View
from autoscaler.replay.waits import Capacity, measure
from autoscaler.replay.world import World
from forecasting.series import Panel


class SimulatedCluster:
    """SignalSource, ClusterView and Actuator in one; `advance` lets time pass."""

    def __init__(
        self, policy: Policy, offered: Mapping[str, Offered], options: World | None = None, seed: int = 0
    ) -> None:
        self.policy, self.offered, self.world, self.seed = policy, offered, options or World(), seed
        self.start, self._step = common_grid(policy, offered, self.world)
        self.now = self.start
        self._step_end = self.start + self._step
        self._steps_done = 0
        self._agenda = Agenda()
        self._moves: list[Move] = []
        self._stages: list[StageTime] = []
        self._fleets: dict[Target, Fleet] = {}
        self._stale = True
        dice = Random(seed)
        self._dice = dice
        self._queues = {name: Queue(offered[name], policy.workloads[name].profile) for name in offered}
        self._past = {name: Past(one) for name, one in offered.items()}
        self._all_queues = list(self._queues.values())
        self._servers = {name: self._new_servers(policy.workloads[name]) for name in offered}
        self._routers = {
            name: Routers(policy.workloads[name], queue, self.world, self._agenda, dice)
            for name, queue in self._queues.items()
            if policy.workloads[name].routers is not None
        }
        self._pools = {name: self._new_pool(pool) for name, pool in policy.pools.items()}
        self._known = frozenset(self._read_fleets())
        self._begin()
        self._views = {name: self._new_view(name) for name in offered}
        self._all_views = list(self._views.values())
        self._next_measure = min(view.due for view in self._all_views)

    @property
    def has_routers(self) -> bool:
        return bool(self._routers)

    # --- time -----------------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Let time pass: work flows, and whatever is due by then happens."""
        now = self.now
        queues, agenda = self._all_queues, self._agenda
        while now < until:
            stop = self._step_end
            if until < stop:
                stop = until
            if agenda.next < stop:
                stop = agenda.next
            if self._next_measure < stop:
                stop = self._next_measure
            if stop > now:
                for queue in queues:
                    queue.flow(now, stop - now)
                self.now = now = stop
            if stop >= self._next_measure:
                self._measure(stop)
            if stop >= self._step_end:
                self._next_step()
            if stop >= agenda.next:
                agenda.run(stop)

    def _next_step(self) -> None:
        self._steps_done += 1
        self._step_end = self.start + (self._steps_done + 1) * self._step
        for queue in self._all_queues:
            queue.next_step()

    def _measure(self, now: float) -> None:
        for view in self._all_views:
            if view.due <= now:
                view.measure(now)
        self._next_measure = min(view.due for view in self._all_views)

    # --- the three ports ------------------------------------------------------------------------------

    def observe(self, at: float) -> Observation:
        return Observation(at=at, workloads={name: view.readings(at) for name, view in self._views.items()})

    def history(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        """Work offered per second in whole steps within [start, end), never beyond the present."""
        until = min(end, self.now)
        return {name: past.panel(start, until, step) for name, past in self._past.items()}

    def state(self, at: float) -> ClusterState:
        if self._stale:
            self._fleets = self._read_fleets()
            self._stale = False
        if not self._stages:
            return ClusterState(at=at, fleets=self._fleets)
        stages = tuple(self._stages)
        self._stages.clear()
        return ClusterState(at=at, fleets=self._fleets, stages=stages)

    def apply(self, decision: Decision) -> Actuation:
        """Servers before nodes: so that a node that goes is empty by then."""
        moves = decision.moves
        if not moves:
            return NOTHING_DONE
        applied: list[Target] = []
        failed: list[tuple[Target, str]] = []
        for move in sorted(moves, key=lambda move: move.target.kind == "nodes"):
            refusal = self._refusal(move)
            if refusal is None:
                self._set(move.target, move.to)
                applied.append(move.target)
            else:
                failed.append((move.target, refusal))
        return Actuation(applied=tuple(applied), failed=tuple(failed))

    def outcome(self) -> Outcome:
        """Everything from the start until now."""
        return Outcome(
            start=self.start,
            end=self.now,
            seed=self.seed,
            world=self.world,
            policy=self.policy,
            workloads={name: self._workload_run(name) for name in self.offered},
            pools={name: self._pool_run(pool) for name, pool in self._pools.items()},
            moves=tuple(self._moves),
        )

    # --- what a decision does -------------------------------------------------------------------------

    def _refusal(self, move: Scale) -> str | None:
        if move.target not in self._known:
            return f"there is no {move.target}"
        if move.to < 0:
            return f"{move.to} is below zero"
        if move.target.kind == "nodes" and self.world.nodes_follow:
            return "the node autoscaler sets the nodes"
        return None

    def _set(self, target: Target, to: int) -> None:
        if target.kind == "nodes":
            self._pools[target.name].resize(self.now, to)
        elif target.kind == "servers":
            pool = self._pools[self.policy.workloads[target.name].pool]
            pool.resize_servers(self.now, self._servers[target.name], to)
        else:
            move = self._routers[target.name].resize(self.now, to)
            if move:
                self._moves.append(move)

    def _read_fleets(self) -> dict[Target, Fleet]:
        fleets = {servers.target: servers.fleet() for servers in self._servers.values()}
        fleets.update({routers.target: routers.fleet() for routers in self._routers.values()})
        fleets.update({pool.target: pool.fleet() for pool in self._pools.values()})
        return fleets

    def _changed(self) -> None:
        self._stale = True

    def _node_fails(self, at: float) -> None:
        alive = [(pool, node) for pool in self._pools.values() for node in pool.ready]
        if alive:
            pool, node = self._dice.choice(alive)
            pool.fail(at, node)

    # --- beginning and end ----------------------------------------------------------------------------

    def _new_servers(self, workload: Workload) -> Servers:
        profile = workload.profile
        return Servers(
            workload.name, profile.gpus_per_server, profile.nodes_per_server, self._queues[workload.name]
        )

    def _new_pool(self, pool: Pool) -> Machines:
        return Machines(
            pool=pool,
            world=self.world,
            agenda=self._agenda,
            dice=self._dice,
            fleets={n: s for n, s in self._servers.items() if self.policy.workloads[n].pool == pool.name},
            moves=self._moves,
            stages=self._stages,
            on_change=self._changed,
        )

    def _new_view(self, name: str) -> View:
        profile, before = self.policy.workloads[name].profile, self.offered[name].before
        queue, world, routed = self._queues[name], self.world, name in self._routers
        if world.scrape_s is None:
            return Exact(queue, profile, before, start=self.start, window=world.window_s, routed=routed)
        offset = self._dice.uniform(0.0, world.scrape_s)
        return Scraped(
            queue,
            profile,
            before,
            start=self.start,
            every=world.scrape_s,
            window=world.window_s,
            offset=offset,
            routed=routed,
        )

    def _begin(self) -> None:
        """More than the minute before needed, all ready; servers fill the nodes they are rounded up to."""
        for pool in self._pools.values():
            wanted = {name: self._first_servers(name) for name in pool.fleets}
            count, wanted = rounded_up(pool.pool, [self.policy.workloads[name] for name in wanted], wanted)
            pool.begin(self.start, count, wanted)
        for name, routers in self._routers.items():
            limits = self.policy.workloads[name].routers
            assert limits is not None
            asked = self.world.initial_factor * self.offered[name].before.requests
            routers.on_change = self._changed
            routers.begin(self.start, within(limits, ceil(asked / routers.per_router)))
        for at in self.world.node_failures:
            if at >= self.start:
                self._agenda.enter(at, self._node_fails)

    def _first_servers(self, name: str) -> int:
        asked = self.world.initial_factor * self.offered[name].before.work
        return within(self.policy.workloads[name].servers, ceil(asked - 1e-9))

    def _workload_run(self, name: str) -> WorkloadRun:
        offered, servers = self.offered[name], self._servers[name]
        steps = min(max(self._steps_done, 1), offered.steps)  # whole ones
        requests, work = offered.requests[:steps], offered.work[:steps]
        levels = servers.log.levels()
        routers = self._routers.get(name)
        routed = routers.log.levels() if routers else None
        return WorkloadRun(
            name=name,
            start=self.start,
            step=self._step,
            requests=requests,
            work=work,
            servers=levels,
            routers=routed,
            waits=measure(
                start=self.start,
                step=self._step,
                requests=requests,
                work=work,
                servers=Capacity(levels.times, levels.ready),
                routers=None
                if routers is None or routed is None
                else Capacity(routed.times, routed.ready * routers.per_router),
            ),
            wait_limit_s=self.policy.workloads[name].objective.wait_s,
            gpu_seconds=servers.held_until(self.now) * servers.gpus * servers.span,
        )

    def _pool_run(self, pool: Machines) -> PoolRun:
        return PoolRun(
            name=pool.pool.name,
            gpus_per_node=pool.pool.gpus_per_node,
            price_per_hour=pool.pool.price_per_hour,
            nodes=pool.log.levels(),
            node_seconds=pool.billed_until(self.now),
            unused_s=pool.unused_until(self.now),
        )
