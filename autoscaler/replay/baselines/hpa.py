"""The Horizontal Pod Autoscaler of Kubernetes, and KEDA, which feeds it.

Sources: Kubernetes documentation "Horizontal Pod Autoscaling" (algorithm details, configurable scaling
behaviour) and `pkg/controller/podautoscaler`; KEDA documentation "ScaledObject specification", "Prometheus".
"""

from math import ceil
from typing import ClassVar

from autoscaler.core.cluster import Fleet
from autoscaler.core.observation import RUNNING, WAITING
from autoscaler.replay.baselines.baseline import Readings, Setup, in_flight, value
from autoscaler.replay.baselines.window import Highest

TOLERANCE = 0.10  # --horizontal-pod-autoscaler-tolerance
UTILISATION = 0.70  # the usual choice; Kubernetes has no default for a custom metric
DOWN_WINDOW_S = 300.0  # --horizontal-pod-autoscaler-downscale-stabilization
POLLING_S = 30.0  # KEDA pollingInterval
UP_WINDOW_S = 300.0  # what llm-d states for scaleUp.stabilizationWindowSeconds


class Behaviour:
    """`spec.behavior` with its defaults: how far and how soon a recommendation is followed."""

    __slots__ = ("_highest", "_lowest", "_started")

    def __init__(self, up_window_s: float = 0.0, down_window_s: float = DOWN_WINDOW_S) -> None:
        self._highest = Highest(down_window_s)
        self._lowest = Highest(up_window_s)  # of the negated counts
        self._started = False

    def settle(self, at: float, current: int, proposed: int) -> int:
        """Between the lowest of the up window and the highest of the down window; up by rate at most."""
        if not self._started:  # the controller records the size it finds as its first recommendation
            self._started = True
            self._highest.add(at, current)
            self._lowest.add(at, -current)
        low = -int(self._lowest.add(at, -proposed))
        high = int(self._highest.add(at, proposed))
        to = min(max(current, low), high)
        # scaleUp: the larger of 100 % and 4 pods in 15 s; scaleDown: 100 % in 15 s, which is no limit.
        return min(to, max(2 * current, current + 4))


def per_pod(total: float, target: float, servers: Fleet) -> int:
    """A Pods metric: ceil(ready × ratio), pods that are not ready counted as Kubernetes counts them.

    On the way up a pod without a metric counts as idle, and when that undoes the reason to go up, nothing
    happens: 10 ready with 60 in flight each against 45, and 4 starting, is 600 / 14 = 42.9, within tolerance.
    """
    ready = servers.ready
    ratio = total / (ready * target)
    if ratio > 1.0 and servers.desired > ready:
        ready = servers.desired
        ratio = total / (ready * target)
        if ratio < 1.0:
            return servers.desired
    if abs(ratio - 1.0) <= TOLERANCE:
        return servers.desired
    return ceil(total / target - 1e-9)


def average_value(total: float, target: float, current: int) -> int:
    """An External metric with an AverageValue target: the total divided by what one pod is to have."""
    if abs(total / (target * max(current, 1)) - 1.0) <= TOLERANCE:
        return current
    return ceil(total / target - 1e-9)


class Hpa:
    """HPA v2 on concurrency: running and waiting requests against 70 % of the places."""

    name: ClassVar[str] = "hpa"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        share = UTILISATION if setup.target is None else setup.target
        self._target = share * setup.workload.profile.places
        self._behaviour = Behaviour()

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        proposed = self.propose(readings, servers)
        if proposed is None:
            return servers.desired
        return self._behaviour.settle(at, servers.desired, proposed)

    def propose(self, readings: Readings, servers: Fleet) -> int | None:
        """The metric's own count, not yet stabilised. None where the HPA would report FailedGetPodsMetric."""
        total = in_flight(readings)
        if total is None or servers.ready == 0:
            return None
        return per_pod(total, self._target, servers)


class Triggers:
    """The external metrics of a ScaledObject: polled, divided, and the largest count taken to the HPA."""

    def __init__(self, targets: dict[str, float], behaviour: Behaviour) -> None:
        self._targets = targets
        self._behaviour = behaviour
        self._polled = float("-inf")
        self._totals: list[tuple[float, float]] = []

    def decide(self, at: float, readings: Readings, current: int) -> int:
        if at - self._polled >= POLLING_S:
            self._polled = at
            # ignoreNullValues is true by default: a query that finds nothing is a queue of nothing.
            self._totals = [(value(readings, signal) or 0.0, each) for signal, each in self._targets.items()]
        proposed = max(average_value(total, each, current) for total, each in self._totals)
        return self._behaviour.settle(at, current, proposed)


class Keda:
    """KEDA with the usual trigger: five waiting requests a replica."""

    name: ClassVar[str] = "keda"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._triggers = Triggers({WAITING: 5.0}, Behaviour())

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        return self._triggers.decide(at, readings, servers.desired)


class KedaLlmd:
    """KEDA as llm-d recommends it: gateway queue ÷ 1 and running ÷ 16, stabilised 300 s both ways."""

    name: ClassVar[str] = "keda-llmd"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._triggers = Triggers({WAITING: 1.0, RUNNING: 16.0}, Behaviour(up_window_s=UP_WINDOW_S))

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        return self._triggers.decide(at, readings, servers.desired)
