"""Bands around one row, in plain floats.

A tick of one workload asks for nine steps at five levels. As arrays that is a hundred calls on a handful of
numbers; in plain floats it takes a third of the time. `Bands.around` is the rule, this is its echo: the
contract suite holds one row equal to the same row inside a panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, log
from operator import sub
from typing import NamedTuple

from forecasting.series import FloatArray


class Step(NamedTuple):
    """What one step ahead needs besides the values."""

    size: tuple[float, ...]  # constant, level, unrest, move, |move|, lowest, highest
    rising: float
    quantiles: tuple[tuple[float, ...], ...]  # by regime, by level


class OneRow(NamedTuple):
    middle: float  # where the middle and the upper regime begin
    upper: float
    by_size: float
    power: float
    steps: tuple[Step, ...]


def prepared(
    size: Sequence[FloatArray],
    rising: FloatArray,
    quantiles: FloatArray,
    marks: FloatArray,
    by_size: FloatArray,
    power: FloatArray,
) -> OneRow:
    """The tables of a question about one row; `quantiles` is (steps, regimes, levels)."""
    sizes = list(zip(*(part[0].tolist() for part in size), strict=True))
    steps = tuple(
        Step(sizes[h], rise, tuple(map(tuple, quantiles[h].tolist())))
        for h, rise in enumerate(rising[0].tolist())
    )
    return OneRow(float(marks[0, 0]), float(marks[0, 1]), float(by_size[0, 0]), float(power[0, 0]), steps)


def around(row: OneRow, points: Sequence[float], now: float, unrest: float, offset: float) -> list[float]:
    """Bands of one step after another, each the lowest level first; no longer in logarithms."""
    found = []
    middle, upper, by_size = row.middle, row.upper, row.by_size
    for (terms, rising, quantiles), point in zip(row.steps, points, strict=True):
        constant, level, restless, moving, moved, lowest, highest = terms
        move = point - now
        size = constant + level * point + restless * unrest + moving * move + moved * abs(move)
        size = lowest if size < lowest else highest if size > highest else size
        mark = point + by_size * (size - point)
        regime = (mark > middle) + (mark > upper) + 3 * (move > rising)
        found.append((point, exp(row.power * size), quantiles[regime]))
    bands = [exp(point + spread * q) - offset for point, spread, band in found for q in band]
    return bands if min(bands) >= 0.0 else [max(bound, 0.0) for bound in bands]


def unrest_of(
    values: Sequence[float], offset: float, window: int, floor: float
) -> tuple[float, float] | None:
    """Log of the newest value, and of how much logarithms moved from step to step; None with gaps in it."""
    try:
        logs = [log(value + offset) for value in values]
    except ValueError:  # nothing, or less: it has no logarithm
        return None
    total = sum(map(abs, map(sub, logs[1:], logs)))
    if not isfinite(total) or not isfinite(logs[-1]):
        return None
    return logs[-1], log(total / window + floor)
