"""What every baseline is: readings and a fleet in, a count of servers out. Knows no simulator.

A baseline stands for a product with its documented defaults, or for the simplest rule that could do the job.
Each has a state of its own and none looks ahead of `at`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from autoscaler.core.cluster import Fleet
from autoscaler.core.observation import MISSING, RUNNING, WAITING, Reading
from autoscaler.core.policy import Workload
from forecasting.series import FloatArray

Readings = Mapping[str, Reading]
Past = Callable[[float, float, float], FloatArray]  # start, end, step → busy servers asked for; NaN is a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a baseline is told of its workload before the first tick."""

    workload: Workload
    past: Past
    servers_per_node: int = 1
    target: float | None = None  # share of the places to fill, where a policy has one; None: its default


class Baseline(Protocol):
    """A policy for one workload."""

    name: ClassVar[str]
    nodes_follow: ClassVar[bool]  # nodes are ordered when a pod finds no place, not by us

    def __init__(self, setup: Setup) -> None: ...

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        """How many servers it wants now, before floor and ceiling."""
        ...


def value(readings: Readings, signal: str) -> float | None:
    """What was measured, or None."""
    return readings.get(signal, MISSING).value


def in_flight(readings: Readings) -> float | None:
    """Running and waiting requests together: the concurrency that HPA, KPA and the others track."""
    running = readings.get(RUNNING, MISSING).value
    waiting = readings.get(WAITING, MISSING).value
    if running is None or waiting is None:
        return None
    return running + waiting
