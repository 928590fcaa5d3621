"""The highest plan of each target's stabilisation window, which may change from day to day."""

from collections import deque
from collections.abc import Mapping

from autoscaler.core.chosen import ROUTERS_HOLD_S, Chosen, hold_of
from autoscaler.core.cluster import Target, nodes, routers, servers
from autoscaler.core.policy import Policy

LONGEST_PAUSE_S = 60.0  # between two plans of one window
KEPT_S = 3_900.0  # a window that grows finds what it needs


def windows(policy: Policy, chosen: Mapping[str, Chosen]) -> dict[Target, float]:
    """How long plans of each target hold it."""
    found = {nodes(name): pool.nodes.stabilisation_s or 0.0 for name, pool in policy.pools.items()}
    for name, workload in policy.workloads.items():
        found[servers(name)] = hold_of(workload.servers, chosen[name])
        if workload.routers is not None:
            stated = workload.routers.stabilisation_s
            found[routers(name)] = ROUTERS_HOLD_S if stated is None else stated
    return found


class RecentPlans:
    """Falling plans only, newest last: within any window the first is the highest."""

    def __init__(self, window: Mapping[Target, float]) -> None:
        self.window = window
        self._since: dict[Target, float] = {}
        self._last: dict[Target, float] = {}
        self._falling: dict[Target, deque[tuple[float, int]]] = {target: deque() for target in window}

    def add(self, at: float, plans: Mapping[Target, int]) -> None:
        for target, plan in plans.items():
            falling = self._falling[target]
            if falling and not 0.0 <= at - self._last[target] <= max(self.window[target], LONGEST_PAUSE_S):
                falling.clear()  # nobody planned for so long, or the clock went back: the window begins anew
                self._since[target] = at
            self._last[target] = at
            self._since.setdefault(target, at)
            while falling and falling[-1][1] <= plan:
                falling.pop()
            falling.append((at, plan))
            kept = max(self.window[target], KEPT_S)
            while at - falling[0][0] > kept:
                falling.popleft()

    def highest(self, at: float) -> dict[Target, int]:
        """By target; one whose window is not full yet is absent: what was planned before we do not know."""
        highest = {}
        for target, since in self._since.items():
            window = self.window[target]
            if at - since < window or at - self._last[target] > max(window, LONGEST_PAUSE_S):
                continue
            falling = self._falling[target]
            highest[target] = next((plan for when, plan in falling if at - when <= window), falling[-1][1])
        return highest
