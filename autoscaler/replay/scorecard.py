"""What a replay was worth: who waited, what it cost, how often it moved. Knows outcomes, and no policy.

Attainment is the share of requests served within their wait limit, in percent. Node orders are moves of a
pool's count, several nodes at one instant being one. A workload's GPU-hours are those its servers held;
the whole's and a pool's are those billed, idle nodes and starts included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from autoscaler.core.cluster import servers
from autoscaler.replay.happenings import Move
from autoscaler.replay.outcome import HOUR, Outcome, WorkloadRun
from autoscaler.replay.waits import Waits


class Checked(NamedTuple):
    """One statement of a forecast beside what came: the bound at a level, and the value it was to bound."""

    level: float
    bound: float
    realised: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastScore:
    """How often the bound of each level held, and how far the lowest level lies off, relative to the mean."""

    coverage: Mapping[str, float]
    bias: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The figures of a workload, or of everything together."""

    attainment: float  # percent
    gpu_hours: float
    node_hours: float
    cost: float
    p50_wait_s: float
    p95_wait_s: float
    p99_wait_s: float
    scale_ups: int
    scale_downs: int
    reversals_per_day: float
    of_optimum: float | None = None
    forecast: ForecastScore | None = None

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "attainment": round(self.attainment, 4),
            "gpu_hours": round(self.gpu_hours, 3),
            "of_optimum": None if self.of_optimum is None else round(self.of_optimum, 4),
            "p50_wait_s": round(self.p50_wait_s, 3),
            "p95_wait_s": round(self.p95_wait_s, 3),
            "p99_wait_s": round(self.p99_wait_s, 3),
            "scale_ups": self.scale_ups,
            "scale_downs": self.scale_downs,
            "reversals_per_day": round(self.reversals_per_day, 3),
            "cost": round(self.cost, 3),
        }
        if self.forecast is not None:
            shown["forecast"] = {
                "coverage": {level: round(share, 4) for level, share in self.forecast.coverage.items()},
                "bias": None if self.forecast.bias is None else round(self.forecast.bias, 4),
            }
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolScore:
    gpu_hours: float
    node_hours: float
    cost: float
    node_minutes_unused: float
    scale_ups: int
    scale_downs: int
    reversals_per_day: float

    def to_json(self) -> dict[str, Any]:
        return {
            "gpu_hours": round(self.gpu_hours, 3),
            "node_minutes_unused": round(self.node_minutes_unused, 2),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """One policy's figures: over all requests, for each workload and for each pool."""

    total: Score
    node_minutes_unused: float
    workloads: Mapping[str, Score] = field(default_factory=dict)
    pools: Mapping[str, PoolScore] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """One policy's entry in `replay --json`; workloads and pools where there are several workloads."""
        shown = self.total.to_json()
        shown["node_minutes_unused"] = round(self.node_minutes_unused, 2)
        if len(self.workloads) > 1:
            shown["workloads"] = {name: score.to_json() for name, score in self.workloads.items()}
            shown["pools"] = {name: score.to_json() for name, score in self.pools.items()}
        return shown


def score(
    outcome: Outcome, *, optimum_gpu_hours: float | None = None, checked: Sequence[Checked] = ()
) -> Scorecard:
    """The figures of one replay; beside the optimum and with its forecasts checked, where those are given."""
    pools = {name: _pool_score(outcome, name) for name in outcome.pools}
    waits = [(run.waits, run.wait_limit_s) for run in outcome.workloads.values()]
    p50, p95, p99 = _wait_quantiles([one for one, _ in waits])
    gpu_hours = sum(pool.gpu_hours for pool in pools.values())
    total = Score(
        attainment=_attainment(waits),
        gpu_hours=gpu_hours,
        node_hours=sum(pool.node_hours for pool in pools.values()),
        cost=sum(pool.cost for pool in pools.values()),
        p50_wait_s=p50,
        p95_wait_s=p95,
        p99_wait_s=p99,
        scale_ups=sum(pool.scale_ups for pool in pools.values()),
        scale_downs=sum(pool.scale_downs for pool in pools.values()),
        reversals_per_day=sum(pool.reversals_per_day for pool in pools.values()),
        of_optimum=gpu_hours / optimum_gpu_hours if optimum_gpu_hours else None,
        forecast=forecast_score(checked) if checked else None,
    )
    return Scorecard(
        total=total,
        node_minutes_unused=sum(pool.node_minutes_unused for pool in pools.values()),
        workloads={name: _workload_score(outcome, run) for name, run in outcome.workloads.items()},
        pools=pools,
    )


def forecast_score(checked: Sequence[Checked]) -> ForecastScore:
    """Coverage of every level, and the bias of the lowest: (mean bound − mean realised) ÷ mean realised."""
    levels = sorted({one.level for one in checked})
    coverage = {}
    for level in levels:
        held = [one.realised <= one.bound for one in checked if one.level == level]
        coverage[f"{level:g}"] = sum(held) / len(held)
    lowest = [one for one in checked if one.level == levels[0]] if levels else []
    came = sum(one.realised for one in lowest)
    bias = sum(one.bound for one in lowest) / came - 1.0 if came else None
    return ForecastScore(coverage=coverage, bias=bias)


def _workload_score(outcome: Outcome, run: WorkloadRun) -> Score:
    workload = outcome.policy.workloads[run.name]
    pool = outcome.policy.pools[workload.pool]
    p50, p95, p99 = _wait_quantiles([run.waits])
    node_hours = run.gpu_seconds / HOUR / pool.gpus_per_node
    ups, downs, reversals = _moved((m for m in outcome.moves if m.target == servers(run.name)), outcome.days)
    return Score(
        attainment=_attainment([(run.waits, run.wait_limit_s)]),
        gpu_hours=run.gpu_seconds / HOUR,
        node_hours=node_hours,
        cost=node_hours * pool.price_per_hour,
        p50_wait_s=p50,
        p95_wait_s=p95,
        p99_wait_s=p99,
        scale_ups=ups,
        scale_downs=downs,
        reversals_per_day=reversals,
    )


def _pool_score(outcome: Outcome, name: str) -> PoolScore:
    pool = outcome.pools[name]
    ups, downs, reversals = _moved(
        (m for m in outcome.moves if m.target.kind == "nodes" and m.target.name == name), outcome.days
    )
    return PoolScore(
        gpu_hours=pool.gpu_hours,
        node_hours=pool.node_hours,
        cost=pool.cost,
        node_minutes_unused=pool.unused_s / 60.0,
        scale_ups=ups,
        scale_downs=downs,
        reversals_per_day=reversals,
    )


def _moved(moves: Iterable[Move], days: float) -> tuple[int, int, float]:
    """Moves up, moves down, and changes of direction a day; all at one instant are one move."""
    net: dict[float, int] = {}
    for move in moves:
        net[move.at] = net.get(move.at, 0) + move.by
    signs = [by > 0 for _, by in sorted(net.items()) if by]
    turns = sum(before != after for before, after in pairwise(signs))
    return sum(signs), len(signs) - sum(signs), turns / days if days else 0.0


def _attainment(waits: Sequence[tuple[Waits, float]]) -> float:
    total = sum(one.total for one, _ in waits)
    if not total:
        return 100.0
    return 100.0 * sum(one.within(limit) * one.total for one, limit in waits) / total


def _wait_quantiles(waits: Sequence[Waits]) -> tuple[float, float, float]:
    together = waits[0] if len(waits) == 1 else _together(waits)
    return together.quantile(0.50), together.quantile(0.95), together.quantile(0.99)


def _together(waits: Sequence[Waits]) -> Waits:
    """All requests as if of one workload: for quantiles, not for curves."""
    return Waits(
        step=waits[0].step,
        steps=max(one.steps for one in waits),
        requests=np.concatenate([one.requests for one in waits]),
        first=np.concatenate([one.first for one in waits]),
        last=np.concatenate([one.last for one in waits]),
        arrived_in=np.concatenate([one.arrived_in for one in waits]),
        served=waits[0].served,
    )
