"""The APA of AIBrix (application-specific pod autoscaling).

Source: AIBrix documentation "Autoscaling", and `pkg/controller/podautoscaler` (`algorithm/apa.go`,
`context/context.go`).
"""

from math import ceil
from typing import ClassVar

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Readings, Setup, in_flight
from autoscaler.replay.baselines.window import Highest, Mean

TARGET_SHARE = 0.70  # of the places; the target of the other baselines, AIBrix has no default
WINDOW_S = 180.0  # the metric is a mean over three minutes
TOLERANCE = 0.10  # up- and down-fluctuation-tolerance
MAX_UP = 2.0  # max-scale-up-rate
MAX_DOWN = 2.0  # max-scale-down-rate
DOWN_WINDOW_S = 300.0  # scale-down-cooldown-window


class Apa:
    """The mean concurrency of a pod over 180 s; outside ± 10 % in proportion, at most doubled or halved."""

    name: ClassVar[str] = "apa"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        share = TARGET_SHARE if setup.target is None else setup.target
        self._target = share * setup.workload.profile.places
        self._use = Mean(WINDOW_S)
        self._highest = Highest(DOWN_WINDOW_S)
        self._started = False

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        total = in_flight(readings)
        if total is None or servers.ready == 0:
            return servers.desired  # a failed metric ends the reconciliation
        if not self._started:
            self._started = True
            self._highest.add(at, servers.desired)
        self._use.add(at, total / servers.ready)
        proposed = self._propose(self._use.at(at) or 0.0, servers)
        return int(self._highest.add(at, proposed))

    def _propose(self, use: float, servers: Fleet) -> int:
        """Pods that are pending count as idle on the way up and as on target on the way down."""
        current, ready = servers.desired, min(servers.ready, servers.desired)
        ratio = use / self._target
        if ratio > 1.0 + TOLERANCE:
            wanted = ceil(ready * ratio - 1e-9)
            return max(current, min(wanted, ceil(MAX_UP * current)))
        if ratio < 1.0 - TOLERANCE:
            wanted = ceil(ready * ratio - 1e-9) + current - ready
            return min(current, max(wanted, int(current / MAX_DOWN)))
        return current
