"""What a replay leaves behind: curves, counts, moves and bills of every workload and pool. No judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from autoscaler.core.policy import Policy
from autoscaler.replay.happenings import Levels, Move
from autoscaler.replay.waits import Waits
from autoscaler.replay.world import World
from forecasting.series import FloatArray

HOUR = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRun:
    """One workload: what arrived in each step (NaN: nobody looked), what served it, who waited how long."""

    name: str
    start: float
    step: float
    requests: FloatArray
    work: FloatArray  # server-seconds arrived
    servers: Levels
    routers: Levels | None
    waits: Waits
    wait_limit_s: float
    gpu_seconds: float  # of the GPUs that its servers held

    @property
    def times(self) -> FloatArray:
        """The start of each step."""
        return self.start + self.step * np.arange(len(self.requests), dtype=np.float64)

    @property
    def served(self) -> FloatArray:
        """Server-seconds served in each step."""
        return self.waits.served

    @property
    def ready(self) -> FloatArray:
        """Servers ready at the start of each step."""
        return self.servers.at(self.times, self.servers.ready)

    @property
    def starting(self) -> FloatArray:
        return self.servers.at(self.times, self.servers.starting)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRun:
    """One pool: its nodes as they came and went, and the bill."""

    name: str
    gpus_per_node: int
    price_per_hour: float
    nodes: Levels
    node_seconds: float  # billed
    unused_s: float  # billed, and no server stood there

    @property
    def node_hours(self) -> float:
        return self.node_seconds / HOUR

    @property
    def gpu_hours(self) -> float:
        return self.node_hours * self.gpus_per_node

    @property
    def cost(self) -> float:
        return self.node_hours * self.price_per_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One replay from `start` to `end`."""

    start: float
    end: float
    seed: int
    world: World
    policy: Policy
    workloads: Mapping[str, WorkloadRun]
    pools: Mapping[str, PoolRun]
    moves: tuple[Move, ...]  # in order of time

    @property
    def days(self) -> float:
        return (self.end - self.start) / (24 * HOUR)
