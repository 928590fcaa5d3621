"""From what candidates came to in the past to a choice: the cheapest that keeps the promise with a margin.

A frontier is a handful of points; between two of them knobs are read off straight lines in logarithms. Knows
no world and no forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from autoscaler.core.chosen import Chosen, headroom_of
from autoscaler.core.policy import Workload

# Of the misses that may be, the wider margin first: a setting that just kept the promise last week breaks it
# in the next. But a margin is bought for no more than so much over the next narrower one: what one event of
# last week missed no price may have been able to mend.
MARGINS = (0.4, 0.6, 0.8)
BOUGHT = 1.03
LEAST = 1e-6  # of the work: what a share is drawn with in logs, so that none has one
FREE = 1.001  # times the cheapest: hardly dearer
CALM = 1.01  # times the cheapest: what a longer hold may cost
WORTH = 1.02  # times the reactive rule's bill: a forecast that costs more than this is not read


class Candidate(NamedTuple):
    """A price that the band is read at, or (no price) the reactive rule with a headroom."""

    late_price: float | None
    hold_s: float
    headroom: float


class Point(NamedTuple):
    """What a candidate came to over the past: one point of the frontier."""

    candidate: Candidate
    missed: float  # share of the work that came late
    spent: float  # server-seconds billed ÷ the work's own


class Best(NamedTuple):
    """Where a knob is to stand, and what that costs."""

    hold_s: float
    knob: float  # price of lateness, or headroom
    spent: float
    broken: float  # the share that is missed beyond what may be; 0: the promise is kept


def pick(points: Sequence[Point], workload: Workload, days: float) -> Chosen:
    """The cheapest that keeps the promise with the margin; where none does, what comes nearest."""
    may = may_miss(points, workload)
    forecasts, rules = _bests(points, may, _price), _bests(points, may, _headroom)
    by_forecast, by_rule = _cheapest(forecasts), _cheapest(rules)
    worth = worth_reading(by_forecast, by_rule)
    hold = by_forecast.hold_s if worth else by_rule.hold_s
    headroom = headroom_of(workload, Chosen(0.0, headroom=rules[hold].knob))
    return Chosen(forecasts[hold].knob, hold, headroom, 1.0 if worth else 0.0, days)


def best_of(points: Sequence[Point], workload: Workload) -> tuple[Best, Best]:
    """The best price and the best reactive rule."""
    may = may_miss(points, workload)
    return _cheapest(_bests(points, may, _price)), _cheapest(_bests(points, may, _headroom))


def worth_reading(by_forecast: Best, by_rule: Best) -> bool:
    """Whether the forecast plans: it comes nearest to the promise, at no more than it is worth."""
    if by_forecast.broken or by_rule.broken:
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


def may_miss(points: Sequence[Point], workload: Workload) -> float:
    """The share that may be late in the past: the widest margin that is not too dear."""
    may = 1.0 - workload.objective.share
    for wide, narrow in pairwise(MARGINS):
        spent, less = (
            min(_spent(points, margin * may, knob) for knob in (_price, _headroom))
            for margin in (wide, narrow)
        )
        if spent <= BOUGHT * less:
            return wide * may
    return MARGINS[-1] * may


Knob = Callable[[Candidate], float | None]
Line = list[tuple[float, float, float]]  # knob, missed, spent


def _bests(points: Sequence[Point], may: float, knob: Knob) -> dict[float, Best]:
    """By hold: the knob at which just so much is missed as may be."""
    holds = dict.fromkeys(p.candidate.hold_s for p in points)
    return {hold: _crossing(hold, _line(points, hold, knob), may) for hold in holds}


def _spent(points: Sequence[Point], may: float, knob: Knob) -> float:
    """What the cheapest costs that keeps the promise; infinite where none does."""
    return min((b.spent for b in _bests(points, may, knob).values() if not b.broken), default=inf)


def _cheapest(found: Mapping[float, Best]) -> Best:
    """The cheapest; or one that holds longer for hardly more: nodes that come and go wear on people too."""
    cheapest = min(found.values(), key=lambda best: (best.broken, best.spent, best.hold_s))
    near = [b for b in found.values() if b.broken <= cheapest.broken and b.spent <= CALM * cheapest.spent]
    return max(near, key=lambda best: best.hold_s)


def _price(candidate: Candidate) -> float | None:
    return candidate.late_price


def _headroom(candidate: Candidate) -> float | None:
    return candidate.headroom if candidate.late_price is None else None


def _line(points: Sequence[Point], hold: float, knob: Knob) -> Line:
    ours = [p for p in points if p.candidate.hold_s == hold and knob(p.candidate) is not None]
    return [(knob(p.candidate) or 0.0, p.missed, p.spent) for p in ours]


def _crossing(hold: float, line: Line, may: float) -> Best:
    line = sorted(line)
    if line[0][1] <= may:  # as strict as is free: what never had work, or never more than its floor, may grow
        free = [point for point in line if point[1] <= may and point[2] <= FREE * line[0][2]]
        return Best(hold, free[-1][0], free[-1][2], 0.0)
    for (knob, missed, spent), (more, less, dearer) in pairwise(line):
        if less <= may < missed:
            high, wanted, low = (log(share + LEAST) for share in (missed, may, less))
            part = (high - wanted) / (high - low)
            found = exp(log(knob) + part * (log(more) - log(knob)))
            return Best(hold, found, spent + part * (dearer - spent), 0.0)
    knob, missed, spent = min(line, key=lambda point: (point[1], point[2]))
    return Best(hold, knob, spent, missed - may)
