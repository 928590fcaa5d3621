"""The highest plan of each target's stabilisation window."""

from collections import deque
from collections.abc import Mapping

from autoscaler.core.cluster import Target, nodes, routers, servers
from autoscaler.core.guards import stabilisation_of
from autoscaler.core.policy import Policy

LONGEST_PAUSE_S = 60.0  # between two plans of one window


class RecentPlans:
    """Falling plans only, newest last: the first is the highest, and each is looked at once."""

    def __init__(self, policy: Policy) -> None:
        limits = {nodes(name): pool.nodes for name, pool in policy.pools.items()}
        for name, workload in policy.workloads.items():
            limits[servers(name)] = workload.servers
            if workload.routers is not None:
                limits[routers(name)] = workload.routers
        self._window = {target: stabilisation_of(target, of) for target, of in limits.items()}
        self._pause = {target: max(window, LONGEST_PAUSE_S) for target, window in self._window.items()}
        self._since: dict[Target, float] = {}
        self._last: dict[Target, float] = {}
        self._falling: dict[Target, deque[tuple[float, int]]] = {target: deque() for target in self._window}

    def add(self, at: float, plans: Mapping[Target, int]) -> None:
        for target, plan in plans.items():
            falling = self._falling[target]
            if not falling:
                self._since[target] = at
            elif not 0.0 <= at - self._last[target] <= self._pause[target]:
                falling.clear()  # nobody planned for so long, or the clock went back: the window begins anew
                self._since[target] = at
            self._last[target] = at
            while falling and falling[-1][1] <= plan:
                falling.pop()
            falling.append((at, plan))

    def highest(self, at: float) -> dict[Target, int]:
        """By target; one whose window is not full yet is absent: what was planned before we do not know."""
        highest = {}
        for target, since in self._since.items():
            window = self._window[target]
            if at - since < window or at - self._last[target] > self._pause[target]:
                continue
            falling = self._falling[target]
            while at - falling[0][0] > window and len(falling) > 1:
                falling.popleft()
            highest[target] = falling[0][1]
        return highest
