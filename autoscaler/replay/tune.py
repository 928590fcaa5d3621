"""Settings that choose themselves: the past days lived again at every candidate, and the cheapest that keeps
the promise, with a margin for the week to come.

Scores are kept by day and candidate, so a night adds one day. Nothing here looks at a name or a trace: it
sees one workload's work, what was said of it, its lead time and its limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from autoscaler.control.choices import Begun, Said, Task
from autoscaler.core.chosen import Chosen, cooldown_of, hold_of
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.policy import Workload
from autoscaler.core.price import bound_at
from autoscaler.replay.backcast import backcast
from autoscaler.replay.choice import Candidate, Point, pick
from autoscaler.replay.rows import Rules, Score, live, priced
from forecasting.forecaster import Forecaster
from forecasting.series import FloatArray

DAY = 86_400.0
PRICES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)  # of lateness
HOLDS_S = (0.0, 300.0, 900.0)
HEADROOMS = (0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.7, 1.2)
FEW_S = 0.5 * DAY  # of past, below which nothing is chosen
HALF_LIFE_DAYS = 7.0
KEPT_DAYS = 21
BUDGET_S = 600.0  # of processor a night


class Frontier(NamedTuple):
    points: tuple[Point, ...]
    days: float
    chosen: Chosen


class Tuning:
    """A `Tuner` of `control.choices`, for as many workloads as there are."""

    def __init__(
        self,
        forecaster: Forecaster,
        *,
        days: int = 5,
        budget_s: float = BUDGET_S,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._forecaster = forecaster
        self._days = days
        self._budget_s = budget_s
        self._spent = spent
        self._scores: dict[str, dict[int, Score]] = {}
        self._turn: dict[str, float] = {}  # when each was chosen for last
        self.frontiers: dict[str, Frontier] = {}

    def begin(self, history: History, leads: Mapping[str, Lead], levels: tuple[float, ...]) -> Begun:
        return backcast(history, self._forecaster, leads, levels, self._days)

    def choose(self, tasks: Mapping[str, Task], history: History) -> Mapping[str, Chosen | None]:
        """Oldest choice first, until the night's budget is spent; the rest keep what they have."""
        found: dict[str, Chosen | None] = {}
        began = self._spent()
        rows = {name: row for row, name in enumerate(history.names)}
        for name in sorted(tasks, key=lambda name: self._turn.get(name, float("-inf"))):
            if self._spent() - began > self._budget_s:
                break
            self._turn[name] = history.end
            frontier = self._frontier(tasks[name], history, rows[name])
            found[name] = None
            if frontier is not None:
                self.frontiers[name], found[name] = frontier, frontier.chosen
        return found

    def _frontier(self, task: Task, history: History, row: int) -> Frontier | None:
        kept = self._scores.setdefault(task.workload.name, {})
        candidates = candidates_for(task.workload)
        for day, score in scored(task, history, row, candidates):
            kept[day] = kept[day].plus(score) if day in kept else score  # a night divides its day
        for old in sorted(kept)[:-KEPT_DAYS]:
            del kept[old]
        if not kept:
            return None
        points, days = points_of(kept, candidates)
        if days * DAY < FEW_S or not any(point.spent for point in points):
            return None
        return Frontier(points, days, pick(points, task.workload, days))


def candidates_for(workload: Workload) -> tuple[Candidate, ...]:
    """Every price with every hold, and the reactive rule; a stated value leaves one candidate of its kind."""
    stated = Chosen(0.0)
    holds = sorted({hold_of(workload.servers, stated._replace(hold_s=hold)) for hold in HOLDS_S})
    heads = (workload.headroom,) if workload.headroom is not None else HEADROOMS
    prices = PRICES if workload.level is None else PRICES[:1]  # a stated level is read at, whatever the price
    priced_ones = [Candidate(p, hold, 0.15) for hold in holds for p in prices]
    return (*priced_ones, *(Candidate(None, hold, head) for hold in holds for head in heads))


def rules_for(task: Task, step: float, candidates: Sequence[Candidate], days: int) -> Rules:
    """One row for each candidate of each day."""
    workload, limits = task.workload, task.workload.servers
    holds = [c.hold_s for c in candidates]
    cooldowns = [cooldown_of(limits, Chosen(0.0, hold_s=hold)) for hold in holds]
    return Rules(
        np.tile(holds, days), np.tile(cooldowns, days), task.lead, workload.objective.wait_s,
        workload.repay_s, task.size, limits.floor, limits.ceiling,
        task.lead.break_even - task.lead.median, step, workload.objective.utilisation or 1.0,
    )  # fmt: skip


def scored(
    task: Task, history: History, row: int, candidates: Sequence[Candidate]
) -> list[tuple[int, Score]]:
    """A score for each day of which something was said. All days at once: they are rows of one array."""
    step, start = history.step, history.start
    work = history.work().values[row]
    days: dict[int, list[tuple[int, Said]]] = {}
    for said in task.said:
        k = round((said.end - start) / step)
        if 0 <= k < len(work) and work[k] == work[k]:
            days.setdefault(int(said.end // DAY), []).append((k, said))
    parts = [_asked(task, work, steps, candidates) for steps in days.values()]
    if not parts:
        return []
    longest = max(len(part.work) for part in parts)
    whole = Asked(
        *(
            np.concatenate(column, axis=1)
            for column in zip(*(_padded(p, longest) for p in parts), strict=True)
        )
    )
    score = live(*whole, rules_for(task, step, candidates, len(parts)))
    each = zip(*(np.split(column, len(parts)) for column in score), strict=True)
    return [(day, Score(*columns)) for day, columns in zip(days, each, strict=True)]


class Asked(NamedTuple):
    """A day's work and what each candidate asks for, all (steps, candidates)."""

    work: FloatArray
    ahead: FloatArray
    hold: FloatArray
    expected: FloatArray


def _asked(
    task: Task, work: FloatArray, steps: Sequence[tuple[int, Said]], candidates: Sequence[Candidate]
) -> Asked:
    day = work[[k for k, _ in steps]]
    ahead = np.array([said.ahead for _, said in steps])
    hold = np.array([said.hold for _, said in steps])
    late = np.array(sorted({c.late_price for c in candidates if c.late_price is not None}))
    full = task.workload.objective.utilisation or 1.0
    scale = (1.0 + (task.workload.headroom or 0.0)) / full
    asked = _read(task, ahead, late) * scale
    kept = np.maximum(_read(task, hold, late) * scale, asked)
    before = np.concatenate([day[:1], day[:-1]])
    by_rule = np.array([c.late_price is None for c in candidates])
    price = np.searchsorted(late, [c.late_price or late[0] for c in candidates])
    rule = before[:, None] * (1.0 + np.array([c.headroom for c in candidates])) / full
    return Asked(
        np.repeat(day[:, None], len(candidates), axis=1),
        np.where(by_rule, rule, asked[:, price]),
        np.where(by_rule, rule, kept[:, price]),
        np.where(by_rule, before[:, None], ahead[:, :1]),
    )


def _padded(part: Asked, steps: int) -> Asked:
    """Longer days go on without this one: no work (NaN), and what was asked for last."""
    more = ((0, steps - len(part.work)), (0, 0))
    others = (np.pad(values, more, mode="edge") for values in part[1:])
    return Asked(np.pad(part.work, more, constant_values=np.nan), *others)


def _read(task: Task, bounds: FloatArray, late: FloatArray) -> FloatArray:
    """What the bands ask for in each step, at each price; or at the level that was stated."""
    level = task.workload.level
    if level is None:
        return priced(task.levels, bounds, late, task.usual, task.size)
    stated = [bound_at(task.levels, band, level) for band in bounds.tolist()]
    return np.repeat(np.array(stated)[:, None], len(late), axis=1)


def points_of(kept: Mapping[int, Score], candidates: Sequence[Candidate]) -> tuple[tuple[Point, ...], float]:
    """All days together, newer ones counting more; and how many days of work that was."""
    newest = max(kept)
    late = work = spent = np.zeros(len(candidates))
    for day, score in kept.items():
        weight = 0.5 ** ((newest - day) / HALF_LIFE_DAYS)
        late, work, spent = (
            late + weight * score.late,
            work + weight * score.work,
            spent + weight * score.spent,
        )
    work = np.maximum(work, 1e-9)
    points = tuple(
        Point(c, float(m), float(s)) for c, m, s in zip(candidates, late / work, spent / work, strict=True)
    )
    return points, sum(float(score.seconds.max()) for score in kept.values()) / DAY
