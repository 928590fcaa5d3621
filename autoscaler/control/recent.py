"""The highest plan of each target's stabilisation window."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from autoscaler.core.cluster import Target, nodes, routers, servers
from autoscaler.core.guards import stabilisation_of
from autoscaler.core.policy import Policy

LONGEST_PAUSE_S = 60.0  # between two plans of one window


@dataclass(slots=True)
class _Plans:
    """Falling plans only, newest last: the first is the highest, and each is looked at once."""

    window: float
    pause: float
    since: float
    last: float
    falling: deque[tuple[float, int]] = field(default_factory=deque)


class RecentPlans:
    """What each target was planned to be of late."""

    def __init__(self, policy: Policy) -> None:
        limits = {nodes(name): pool.nodes for name, pool in policy.pools.items()}
        for name, workload in policy.workloads.items():
            limits[servers(name)] = workload.servers
            if workload.routers is not None:
                limits[routers(name)] = workload.routers
        self._window = {target: stabilisation_of(target, of) for target, of in limits.items()}
        self._plans: dict[Target, _Plans] = {}

    def add(self, at: float, plans: Mapping[Target, int]) -> None:
        for target, plan in plans.items():
            kept = self._plans.get(target)
            if kept is None:
                window = self._window[target]
                kept = self._plans[target] = _Plans(window, max(window, LONGEST_PAUSE_S), at, at)
            falling = kept.falling
            if not 0.0 <= at - kept.last <= kept.pause:
                falling.clear()  # nobody planned for so long, or the clock went back: the window begins anew
                kept.since = at
            kept.last = at
            while falling and falling[-1][1] <= plan:
                falling.pop()
            falling.append((at, plan))

    def highest(self, at: float) -> dict[Target, int]:
        """By target; one whose window is not full yet is absent: what was planned before we do not know."""
        highest = {}
        for target, kept in self._plans.items():
            if at - kept.since < kept.window or at - kept.last > kept.pause:
                continue
            falling = kept.falling
            while at - falling[0][0] > kept.window and len(falling) > 1:
                falling.popleft()
            highest[target] = falling[0][1]
        return highest
