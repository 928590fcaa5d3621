"""The reactive rule alone: the floor that every forecaster must beat.

Each tick: arrivals are what the servers do and what the queue gained; the queue is to be gone in 30 s; what
was needed at any time in the last 300 s is kept; nodes are ordered at once, not when a pod finds no place.
"""

from math import ceil
from typing import ClassVar

from autoscaler.core.cluster import Fleet
from autoscaler.core.observation import RUNNING, WAITING
from autoscaler.replay.baselines.baseline import Readings, Setup, value
from autoscaler.replay.baselines.window import Highest
from autoscaler.replay.baselines.work import RequestWork

HEADROOM = 0.15
REPAY_S = 30.0
HOLD_S = 300.0


class Reactive:
    """Present need and a headroom, whole nodes at a time."""

    name: ClassVar[str] = "reactive"
    nodes_follow: ClassVar[bool] = False

    def __init__(self, setup: Setup) -> None:
        stated = setup.workload.headroom
        self._headroom = HEADROOM if stated is None else stated
        self._profile = setup.workload.profile
        self._per_node = setup.servers_per_node
        self._request = RequestWork(self._profile)
        self._before: tuple[float, float] | None = None
        self._highest = Highest(HOLD_S)

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        running, waiting = value(readings, RUNNING), value(readings, WAITING)
        if running is None or waiting is None:
            self._before = None  # blind: keep, and measure no growth across the gap
            return servers.desired
        self._request.learn(readings)
        arrivals = max(0.0, running / self._profile.places + self._growth(at, waiting))
        need = arrivals * (1.0 + self._headroom) + waiting * self._request.seconds / REPAY_S
        nodes = ceil(need / self._per_node - 1e-9)
        # A server on a node we pay for anyway is free.
        return int(self._highest.add(at, nodes * self._per_node))

    def _growth(self, at: float, waiting: float) -> float:
        before, self._before = self._before, (at, waiting)
        if before is None or at <= before[0]:
            return 0.0
        return (waiting - before[1]) * self._request.seconds / (at - before[0])
