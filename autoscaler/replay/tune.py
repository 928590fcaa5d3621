"""Settings that choose themselves: the past days lived again at every candidate, and the cheapest that keeps
the promise, with a margin for the week to come.

Scores are kept by day and candidate, so a night adds one day. Nothing here looks at a name or a trace: it
sees one workload's work, what was said of it, its lead time and its limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import exp, log
from typing import NamedTuple

import numpy as np

from autoscaler.control.choices import Begun, Task
from autoscaler.core.chosen import Chosen, cooldown_of, headroom_of, hold_of
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.policy import Workload
from autoscaler.core.price import bound_at
from autoscaler.replay.backcast import backcast
from autoscaler.replay.rows import Rules, Score, live, priced
from forecasting.forecaster import Forecaster
from forecasting.series import FloatArray

DAY = 86_400.0
MARGIN = (
    0.6  # of the misses that may be: a setting that just kept the promise last week breaks it in the next
)
PRICES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)  # of lateness
HOLDS_S = (0.0, 300.0, 900.0)
HEADROOMS = (0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.7, 1.2)
FEW_S = 0.5 * DAY  # of past, below which nothing is chosen
HALF_LIFE_DAYS = 7.0
KEPT_DAYS = 21
BUDGET_S = 600.0  # of processor a night
LEAST = 1e-6  # of the work: what a share is drawn with in logs, so that none has one
WORTH = 1.02  # times the reactive rule's bill: a forecast that costs more than this is not read


class Candidate(NamedTuple):
    """One row: a price that the band is read at, or (no price) the reactive rule with a headroom."""

    late_price: float | None
    hold_s: float
    headroom: float


class Point(NamedTuple):
    """What a candidate came to over the past: one point of the frontier."""

    candidate: Candidate
    missed: float  # share of the work that came late
    spent: float  # server-seconds billed ÷ the work's own


class Best(NamedTuple):
    """Where a knob is to stand: the cheapest of its kind that keeps the promise, or what comes nearest."""

    hold_s: float
    knob: float  # price of lateness, or headroom
    spent: float
    broken: float  # the share that is missed beyond what may be


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

    def choose(self, tasks: Mapping[str, Task], history: History) -> Mapping[str, Chosen]:
        """Oldest choice first, until the night's budget is spent; the rest keep what they have."""
        found: dict[str, Chosen] = {}
        began = self._spent()
        rows = {name: row for row, name in enumerate(history.names)}
        for name in sorted(tasks, key=lambda name: self._turn.get(name, float("-inf"))):
            if self._spent() - began > self._budget_s:
                break
            self._turn[name] = history.end
            frontier = self._frontier(tasks[name], history, rows[name])
            if frontier is not None:
                self.frontiers[name], found[name] = frontier, frontier.chosen
        return found

    def _frontier(self, task: Task, history: History, row: int) -> Frontier | None:
        kept = self._scores.setdefault(task.workload.name, {})
        rules, candidates = rules_for(task, history.step), candidates_for(task.workload, task.size)
        for day, score in scored(task, history, row, rules, candidates):
            kept[day] = kept[day].plus(score) if day in kept else score  # a night divides its day
        for old in sorted(kept)[:-KEPT_DAYS]:
            del kept[old]
        if not kept:
            return None
        points, days = points_of(kept, candidates)
        if days * DAY < FEW_S:
            return None
        return Frontier(points, days, pick(points, task.workload, days))


def candidates_for(workload: Workload, size: int) -> tuple[Candidate, ...]:
    """Every price with every hold, and the reactive rule; a stated value leaves one candidate of its kind."""
    stated = Chosen(0.0)
    holds = sorted({hold_of(workload.servers, stated._replace(hold_s=hold)) for hold in HOLDS_S})
    heads = (workload.headroom,) if workload.headroom is not None else HEADROOMS
    prices = PRICES if workload.level is None else PRICES[:1]  # a stated level is read at, whatever the price
    priced_ones = [Candidate(p, hold, 0.15) for hold in holds for p in prices]
    return (*priced_ones, *(Candidate(None, hold, head) for hold in holds for head in heads))


def rules_for(task: Task, step: float) -> Rules:
    workload, limits = task.workload, task.workload.servers
    candidates = candidates_for(workload, task.size)
    holds = np.array([c.hold_s for c in candidates])
    cooldowns = [cooldown_of(limits, Chosen(0.0, hold_s=c.hold_s)) for c in candidates]
    return Rules(
        holds, np.array(cooldowns), task.lead, workload.objective.wait_s, workload.repay_s, task.size,
        limits.floor, limits.ceiling, task.lead.break_even - task.lead.median, step,
        workload.objective.utilisation or 1.0,
    )  # fmt: skip


def scored(
    task: Task, history: History, row: int, rules: Rules, candidates: Sequence[Candidate]
) -> list[tuple[int, Score]]:
    """A score for each day of which something was said."""
    step = history.step
    work, start = history.work().values[row], history.start
    parts: dict[int, list[tuple[int, int]]] = {}
    for place, said in enumerate(task.said):
        k = round((said.end - start) / step)
        if 0 <= k < len(work) and work[k] == work[k]:
            parts.setdefault(int(said.end // DAY), []).append((place, k))
    found = []
    for day, steps in parts.items():
        if len(steps) < 2:
            continue
        places, ks = zip(*steps, strict=True)
        ahead = np.array([task.said[p].ahead for p in places])
        hold = np.array([task.said[p].hold for p in places])
        found.append((day, _live(task, work[list(ks)], ahead, hold, rules, candidates)))
    return found


def _live(
    task: Task,
    work: FloatArray,
    ahead: FloatArray,
    hold: FloatArray,
    rules: Rules,
    candidates: Sequence[Candidate],
) -> Score:
    late = np.array(sorted({c.late_price for c in candidates if c.late_price is not None}))
    asked = _read(task, ahead, late) * (1.0 + (task.workload.headroom or 0.0)) / rules.full
    kept = np.maximum(_read(task, hold, late) * (1.0 + (task.workload.headroom or 0.0)) / rules.full, asked)
    before = np.concatenate([work[:1], work[:-1]])
    columns, holds = [], []
    for candidate in candidates:
        if candidate.late_price is None:
            reactive = before * (1.0 + candidate.headroom) / rules.full
            columns.append(reactive)
            holds.append(reactive)
        else:
            j = int(np.searchsorted(late, candidate.late_price))
            columns.append(asked[:, j])
            holds.append(kept[:, j])
    expected = np.where([c.late_price is None for c in candidates], before[:, None], ahead[:, :1])
    return live(work, np.stack(columns, axis=1), np.stack(holds, axis=1), expected, rules)


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
    return points, sum(score.seconds for score in kept.values()) / DAY


def pick(points: Sequence[Point], workload: Workload, days: float) -> Chosen:
    """The cheapest that keeps the promise with the margin; where none does, what comes nearest."""
    forecasts, rules = _crossings(points, workload, _price), _crossings(points, workload, _headroom)
    by_forecast, by_rule = _cheapest(forecasts), _cheapest(rules)
    worth = worth_reading(by_forecast, by_rule)
    hold = by_forecast.hold_s if worth else by_rule.hold_s
    headroom = headroom_of(workload, Chosen(0.0, headroom=rules[hold].knob))
    return Chosen(forecasts[hold].knob, hold, headroom, 1.0 if worth else 0.0, days)


def best_of(points: Sequence[Point], workload: Workload) -> tuple[Best, Best]:
    """The cheapest price and the cheapest reactive rule at what the margin leaves of the misses."""
    by_forecast = _cheapest(_crossings(points, workload, _price))
    return by_forecast, _cheapest(_crossings(points, workload, _headroom))


def worth_reading(by_forecast: Best, by_rule: Best) -> bool:
    if by_forecast.broken or by_rule.broken:  # who keeps the promise, or comes nearer to it
        return by_forecast.broken <= by_rule.broken
    return by_forecast.spent < WORTH * by_rule.spent


def come_to(points: Sequence[Point], chosen: Chosen) -> tuple[float, float]:
    """What a choice, which may lie between candidates, missed and spent in the past it was chosen from."""
    knob, wanted = (_price, chosen.late_price) if chosen.forecast > 0.0 else (_headroom, chosen.headroom)
    line = sorted(_line(points, chosen.hold_s, knob))
    knobs = np.log([point[0] for point in line])
    missed = np.interp(log(wanted), knobs, np.log([point[1] + LEAST for point in line]))
    spent = np.interp(log(wanted), knobs, [point[2] for point in line])
    return max(exp(float(missed)) - LEAST, 0.0), float(spent)


def may_miss(workload: Workload) -> float:
    return MARGIN * (1.0 - workload.objective.share)


def _crossings(
    points: Sequence[Point], workload: Workload, knob: Callable[[Candidate], float | None]
) -> dict[float, Best]:
    """By hold: the knob at which just so much is missed as may be, and what that costs."""
    holds = dict.fromkeys(p.candidate.hold_s for p in points)
    return {hold: _crossing(hold, _line(points, hold, knob), may_miss(workload)) for hold in holds}


def _cheapest(found: Mapping[float, Best]) -> Best:
    return min(found.values(), key=lambda best: (best.broken, best.spent, best.hold_s))


def _price(candidate: Candidate) -> float | None:
    return candidate.late_price


def _headroom(candidate: Candidate) -> float | None:
    return candidate.headroom if candidate.late_price is None else None


Line = list[tuple[float, float, float]]


def _line(points: Sequence[Point], hold: float, knob: Callable[[Candidate], float | None]) -> Line:
    ours = [p for p in points if p.candidate.hold_s == hold and knob(p.candidate) is not None]
    return [(knob(p.candidate) or 0.0, p.missed, p.spent) for p in ours]


def _crossing(hold_s: float, line: Line, may: float) -> Best:
    """The knob at which so much is missed, and what that costs: straight lines in logs between candidates.

    Where none keeps the promise, the one that comes nearest.
    """
    line = sorted(line)
    if line[0][1] <= may:
        return Best(hold_s, line[0][0], line[0][2], 0.0)
    for (knob, missed, spent), (more, less, dearer) in pairwise(line):
        if less <= may < missed:
            high, wanted, low = (log(share + LEAST) for share in (missed, may, less))
            part = (high - wanted) / (high - low)
            found = exp(log(knob) + part * (log(more) - log(knob)))
            return Best(hold_s, found, spent + part * (dearer - spent), 0.0)
    knob, missed, spent = min(line, key=lambda point: (point[1], point[2]))
    return Best(hold_s, knob, spent, missed - may)
