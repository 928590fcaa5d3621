"""A comparison → what the HTML report takes: rows of minutes, moves with their sentences, a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from autoscaler.adapters.reporting.report import (
    Counts,
    Mark,
    PolicyRow,
    PoolSection,
    ReportInput,
    WorkloadSection,
)
from autoscaler.adapters.reporting.words import sentence
from autoscaler.cli.compare import OURS, Comparison, setting_words
from autoscaler.cli.tables import best, optimum_line, ranked, title, verdict

if TYPE_CHECKING:
    from autoscaler.assembly import Bounds, PolicyRun
    from autoscaler.core.record import TickRecord
    from autoscaler.replay.happenings import Levels
    from autoscaler.replay.outcome import Outcome, WorkloadRun
    from forecasting.series import FloatArray

MINUTE = 60.0
JOINED_S = 600.0  # forecasts are checked every five minutes or so; a longer silence stays a gap
USUAL_LEVEL = 0.97


def report_input(comparison: Comparison, name: str) -> ReportInput:
    figures, objective = comparison.figures(), comparison.objective
    run = comparison.runs[OURS]
    winner = best(figures, objective)
    optimum = comparison.optimum
    return ReportInput(
        title=name,
        headline=verdict(figures, objective, comparison.wait_s),
        optimum=optimum_line(
            {"gpu_hours": optimum.gpu_hours, "attainment": 100 * optimum.attainment, "kind": optimum.kind}
        ),
        policies=[
            PolicyRow(
                name=title(n),
                best=n == winner,
                **{field: figures[n][field] for field in ROW_FIELDS},
            )
            for n in ranked(figures, objective)
        ],
        workloads=[
            _workload(run, one, comparison.plan.setting.policy.workloads[n].level or USUAL_LEVEL)
            for n, one in run.outcome.workloads.items()
        ],
        pools=[_pool(run, n) for n in run.outcome.pools],
        setting={"trace": name, **setting_words(comparison.plan)},
        objective=objective,
    )


ROW_FIELDS = (
    "attainment",
    "gpu_hours",
    "of_optimum",
    "p95_wait_s",
    "p99_wait_s",
    "cost",
    "scale_ups",
    "scale_downs",
    "reversals_per_day",
)


def _workload(run: PolicyRun, one: WorkloadRun, level: float) -> WorkloadSection:
    """`level`: the bound that is shown; counts are read from the whole band, unless a level is stated."""
    each = max(round(MINUTE / one.step), 1)
    step = each * one.step
    minutes = len(one.requests) // each
    times = one.start + step * np.arange(minutes, dtype=np.float64)
    checked = [c for c in run.checked if c.workload == one.name]
    expected, bound, came = _band(checked, level, one.start, step, minutes)
    held = [c.came <= _at_level(c, level) for c in checked]
    return WorkloadSection(
        name=one.name,
        start=one.start,
        step=step,
        asked=_blocks(one.work, minutes, each).sum(axis=1) / step,
        served=_blocks(one.served, minutes, each).sum(axis=1) / step,
        servers=_counts(one.servers, times),
        routers=None if one.routers is None else _counts(one.routers, times),
        worst_wait_s=_blocks(one.waits.worst_per_step(), minutes, each).max(axis=1),
        wait_limit_s=one.wait_limit_s,
        expected=expected,
        bound=bound,
        came=came,
        bound_level=level,
        coverage=sum(held) / len(held) if held else None,
        moves=[mark for mark in _marks(run.moves, one.name) if not mark.target.endswith("/nodes")],
    )


def _pool(run: PolicyRun, name: str) -> PoolSection:
    outcome: Outcome = run.outcome
    minutes = int((outcome.end - outcome.start) // MINUTE)
    times = outcome.start + MINUTE * np.arange(minutes, dtype=np.float64)
    return PoolSection(
        name=name,
        start=outcome.start,
        step=MINUTE,
        nodes=_counts(outcome.pools[name].nodes, times),
        moves=[mark for mark in _marks(run.moves, name) if mark.target.endswith("/nodes")],
    )


def _blocks(row: FloatArray, blocks: int, each: int) -> FloatArray:
    return row[: blocks * each].reshape(blocks, each)


def _counts(levels: Levels, times: FloatArray) -> Counts:
    return Counts(ready=levels.at(times, levels.ready), starting=levels.at(times, levels.starting))


def _marks(records: Iterable[TickRecord], name: str) -> list[Mark]:
    """Every move of the targets of one name, with why."""
    return [
        Mark(
            at=record.at,
            target=str(move.target),
            before=move.current,
            after=move.to,
            sentence=sentence(move, record.at),
        )
        for record in records
        for move in record.decision.moves
        if move.target.name == name
    ]


def _band(
    checked: Sequence[Bounds], level: float, start: float, step: float, steps: int
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
    """The median, the bound and what came, each at the step that it was about."""
    if not checked:
        return None, None, None
    rows = np.full((3, steps), np.nan)
    for one in checked:
        k = round((one.at - start) / step) - 1
        if 0 <= k < steps:
            rows[:, k] = _at_level(one, 0.5), _at_level(one, level), one.came
    _join(rows, round(JOINED_S / step))
    return rows[0], rows[1], rows[2]


def _join(rows: FloatArray, most: int) -> None:
    """Straight lines between points at most so many steps apart: points that stand alone draw no line."""
    known = np.flatnonzero(~np.isnan(rows).any(axis=0)).tolist()
    for left, right in pairwise(known):
        if 1 < right - left <= most:
            rows[:, left : right + 1] = np.linspace(rows[:, left], rows[:, right], right - left + 1, axis=1)


def _at_level(one: Bounds, level: float) -> float:
    return float(np.interp(level, one.levels, one.bounds))
