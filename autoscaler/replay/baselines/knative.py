"""The Knative Pod Autoscaler.

Source: Knative documentation "Configuring scale bounds", `config-autoscaler`, and
`pkg/autoscaler/scaling/autoscaler.go`.
"""

from math import ceil
from typing import ClassVar

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Readings, Setup, in_flight
from autoscaler.replay.baselines.window import Mean

TARGET_SHARE = 0.70  # container-concurrency-target-percentage
STABLE_WINDOW_S = 60.0  # stable-window
PANIC_THRESHOLD = 2.0  # panic-threshold-percentage: 200 % of what the ready pods are to carry
MAX_UP = 1_000.0  # max-scale-up-rate
MAX_DOWN = 2.0  # max-scale-down-rate
# panic-window-percentage 10 makes a panic window of 6 s: here the last reading.


class Kpa:
    """Concurrency over 60 s, or over 6 s in a panic; never down while it lasts."""

    name: ClassVar[str] = "kpa"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        share = TARGET_SHARE if setup.target is None else setup.target
        self._target = share * setup.workload.profile.places
        self._stable = Mean(STABLE_WINDOW_S)
        self._panicked: float | None = None  # when it last was over the threshold
        self._most = 0
        self._started = False

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        total = in_flight(readings)
        if total is None:
            return servers.desired  # ErrNoData: no valid scale, nothing happens
        self._stable.add(at, total)
        self._start(at, servers)
        ready = max(1, servers.ready)
        stable = self._within_rates(self._stable.at(at) or 0.0, ready)
        panic = self._within_rates(total, ready)
        over = ceil(total / self._target - 1e-9) / ready >= PANIC_THRESHOLD
        return self._settle(at, over, stable, panic)

    def _start(self, at: float, servers: Fleet) -> None:
        """A new autoscaler over more than one pod begins in panic, so that it forgets nothing."""
        if not self._started:
            self._started = True
            self._panicked, self._most = (at, servers.ready) if servers.ready > 1 else (None, 0)

    def _within_rates(self, concurrency: float, ready: int) -> int:
        wanted = ceil(concurrency / self._target - 1e-9)
        return int(min(max(wanted, ready // MAX_DOWN), ceil(MAX_UP * ready)))

    def _settle(self, at: float, over: bool, stable: int, panic: int) -> int:
        if over:
            self._panicked = at
        elif self._panicked is not None and self._panicked + STABLE_WINDOW_S < at:
            self._panicked, self._most = None, 0
        if self._panicked is None:
            return stable
        self._most = max(self._most, stable, panic)
        return self._most
