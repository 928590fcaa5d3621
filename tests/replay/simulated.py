"""Small clusters for tests: say only what matters. Demand is in busy servers, a request one server-second."""

from collections.abc import Mapping, Sequence

import numpy as np

from autoscaler.core.cluster import Target
from autoscaler.core.decision import Actuation, Decision, Scale
from autoscaler.core.policy import Limits, Objective, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.offered import offer
from autoscaler.replay.trace import Trace
from autoscaler.replay.world import World

START = 1_000_000_020.0  # whole minutes and steps of 15 s
NODE_S, LOAD_S = 240.0, 120.0
STEADY = World(
    node_delay=(NODE_S, NODE_S), load=(LOAD_S, LOAD_S), router_delay=(5.0, 5.0), initial_factor=1.0
)
# A request of 20 output tokens is one server-second, and nothing else limits it.
PROFILE = Profile(
    output_tokens_per_second=20.0,
    prompt_tokens=0.0,
    output_tokens=20.0,
    first_token_s=0.0,
    per_token_s=0.0,
    gpus_per_server=4,
    requests_per_router=10.0,
)


def a_workload(name="chat", pool="gpu", profile=PROFILE, routers=None, floor=0, ceiling=1_000):
    limits = Limits(floor=floor, ceiling=ceiling)
    return Workload(
        name=name, pool=pool, profile=profile, servers=limits, routers=routers, objective=Objective()
    )


def a_trace(busy: Sequence[float | None], *, step=60.0, start=START - 60.0, name="chat") -> Trace:
    """Requests that keep so many servers busy in each step; None is a gap."""
    counts = [float("nan") if servers is None else servers * step for servers in busy]
    return Trace(name=name, start=start, step=step, requests=np.array(counts, dtype=np.float64))


def a_cluster(
    busy: Sequence[float | None] | Mapping[str, Sequence[float | None]],
    world: World = STEADY,
    *,
    workloads: Sequence[Workload] | None = None,
    nodes: Limits | None = None,
    seed=0,
) -> SimulatedCluster:
    """Busy servers by minute; the first minute is the one before the start."""
    demand = busy if isinstance(busy, Mapping) else {"chat": busy}
    known = workloads or [a_workload(name) for name in demand]
    pool = Pool(name="gpu", nodes=nodes or Limits(floor=0, ceiling=100), gpus_per_node=8)
    policy = Policy(workloads={w.name: w for w in known}, pools={"gpu": pool})
    offered = {
        w.name: offer(
            a_trace(demand[w.name], name=w.name),
            w.profile,
            start=START,
            end=START + 60.0 * (len(demand[w.name]) - 1),
            step_s=world.step_s,
        )
        for w in known
    }
    return SimulatedCluster(policy, offered, world, seed)


def ask(cluster: SimulatedCluster, counts: Mapping[Target, int]) -> Actuation:
    """Set targets at the present instant."""
    return cluster.apply(
        Decision(cluster.now, "all", 1, tuple(Scale(t, 0, to, ()) for t, to in counts.items()))
    )


def fleet(cluster: SimulatedCluster, target: Target) -> tuple[int, int, int]:
    """Desired, ready, starting."""
    found = cluster.state(cluster.now).fleets[target]
    return found.desired, found.ready, len(found.starting)
