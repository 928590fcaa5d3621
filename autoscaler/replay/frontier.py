"""Attainment against cost: what a policy costs at a share that it was not asked for. Knows points alone.

A policy with a knob is a curve. Between two of its points the cost is taken as linear in the logarithm of the
share that misses: 98 % for 100 and 99.5 % for 120 GPU-hours is 110 for 99 %, as 1 % lies between 2 and 0.5 %.
Nothing is extrapolated: a policy whose cheapest point does better than asked costs what that point costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

LEAST_MISS = 1e-5  # a share of 100 % has no logarithm; one request in 100,000 is as good
LEAST_GAP = 0.005  # of what foresight costs; below it there is nothing to close


class Point(NamedTuple):
    """One setting of one policy."""

    attainment: float  # percent
    gpu_hours: float
    knob: float = 0.0


def efficient(points: Sequence[Point]) -> list[Point]:
    """Those that no other point beats in both, cheapest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.gpu_hours, -p.attainment)):
        if not kept or point.attainment > kept[-1].attainment:
            kept.append(point)
    return kept


def cheapest_at(points: Sequence[Point], goal: float) -> Point | None:
    """The cheapest setting that was tried and serves at least `goal` percent."""
    return min((p for p in points if p.attainment >= goal), key=lambda p: p.gpu_hours, default=None)


def cost_at(points: Sequence[Point], goal: float) -> float | None:
    """GPU-hours at exactly `goal` percent, between the points of the frontier; None where none reaches it."""
    before: Point | None = None
    for point in efficient(points):
        if point.attainment >= goal:
            return point.gpu_hours if before is None else _between(before, point, goal)
        before = point
    return None


def gap_closed(rule: float | None, ours: float | None, foresight: float | None) -> float | None:
    """The share of the way from the reactive rule's cost to that of perfect foresight; 1 is all of it."""
    if rule is None or ours is None or foresight is None or rule - foresight < LEAST_GAP * foresight:
        return None
    return (rule - ours) / (rule - foresight)


def _between(low: Point, high: Point, goal: float) -> float:
    worst, best = _log_miss(low.attainment), _log_miss(high.attainment)
    if worst <= best:
        return high.gpu_hours
    way = (worst - _log_miss(goal)) / (worst - best)
    return low.gpu_hours + min(max(way, 0.0), 1.0) * (high.gpu_hours - low.gpu_hours)


def _log_miss(attainment: float) -> float:
    return log(max(1.0 - attainment / 100.0, LEAST_MISS))
