"""What a simulated cluster begins with: servers for the minute before, on whole nodes. Knows no time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.replay.offered import Offered
from autoscaler.replay.world import World


def common_grid(policy: Policy, offered: Mapping[str, Offered], world: World) -> tuple[float, float]:
    if not offered:
        raise ValueError("nothing is offered; at least one workload is needed")
    for name, one in offered.items():
        if name not in policy.workloads:
            raise ValueError(f"workload {name!r} is offered work and unknown to the policy")
        if policy.workloads[name].pool not in policy.pools:
            raise ValueError(f"workload {name!r} stands in an unknown pool {policy.workloads[name].pool!r}")
        if one.step != world.step_s:
            raise ValueError(
                f"workload {name!r} is offered in steps of {one.step:g} s, not {world.step_s:g} s"
            )
    starts = {one.start for one in offered.values()}
    if len(starts) > 1:
        raise ValueError(f"all workloads start at one instant, got {len(starts)}")
    return starts.pop(), world.step_s


def rounded_up(
    pool: Pool, workloads: Iterable[Workload], wanted: dict[str, int]
) -> tuple[int, dict[str, int]]:
    """Nodes for the wanted servers, and the servers with what else finds room there, one each in turn."""
    share = {
        w.name: w.profile.gpus_per_server if w.profile.nodes_per_server == 1 else pool.gpus_per_node
        for w in workloads
    }
    per_server = {w.name: w.profile.nodes_per_server * share[w.name] for w in workloads}
    whole = sum(n * per_server[name] for name, n in wanted.items())
    count = within(
        pool.nodes, max(ceil(whole / pool.gpus_per_node), _stacked(pool, share, per_server, wanted))
    )
    filled = dict(wanted)
    ceilings = {w.name: w.servers.ceiling for w in workloads}
    grew = True
    while grew:
        grew = False
        for name in filled:
            more = {**filled, name: filled[name] + 1}
            if more[name] <= ceilings[name] and _stacked(pool, share, per_server, more) <= count:
                filled, grew = more, True
    return count, filled


def _stacked(pool: Pool, share: dict[str, int], per_server: dict[str, int], wanted: dict[str, int]) -> int:
    """Nodes needed when the servers are put on nodes one after another, each on the first with room."""
    rooms: list[int] = []
    for name, n in wanted.items():
        for _ in range(n * per_server[name] // share[name]):
            fit = next((i for i, room in enumerate(rooms) if room >= share[name]), None)
            if fit is None:
                rooms.append(pool.gpus_per_node)
                fit = len(rooms) - 1
            rooms[fit] -= share[name]
    return len(rooms)


def within(limits: Limits, count: int) -> int:
    return min(max(count, limits.floor), limits.ceiling)
