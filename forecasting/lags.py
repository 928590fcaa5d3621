"""What a method may remember: differences of logarithms at named lags.

Every column is a mean of terms, every term a difference of two past values, so that a forecast is a weighted
sum of past values and its weights can be folded once. A term with a gap in it says nothing: it counts zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from forecasting.past import DAY, HOUR, MINUTE, WEEK, Array32, Past, steps_in

DIFFERENCES = tuple(m * MINUTE for m in (1, 2, 5, 10, 20, 30, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """share * (z[t - newer] - z[t - older]); a smooth one averages three neighbours on both sides."""

    newer: int
    older: int
    share: float
    smooth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One feature at one horizon."""

    name: str
    terms: tuple[Term, ...]


def _column(name: str, pairs: list[tuple[int, int]], *, smooth: bool = False) -> Column:
    share = 1.0 / len(pairs)
    smooth = smooth and min(newer for newer, _ in pairs) >= 1  # the neighbour of now is the future
    terms = tuple(Term(newer=a, older=b, share=share, smooth=smooth) for a, b in pairs)
    return Column(name=name, terms=terms)


@lru_cache(maxsize=512)
def common_columns(step: float, reach: int) -> tuple[Column, ...]:
    """Columns that are the same at every horizon: where we come from."""
    lags = sorted({steps_in(s, step) for s in DIFFERENCES})
    columns = [_column(f"change-{k}", [(0, k)]) for k in lags if k <= reach]
    for name, seconds, parts in (("level-2h", 2 * HOUR, 8), ("level-day", DAY, 12)):
        longest = steps_in(seconds, step)
        if longest <= reach:
            columns.append(_column(name, [(0, max(1, longest * j // parts)) for j in range(1, parts + 1)]))
    return tuple(columns)


@lru_cache(maxsize=4096)
def ahead_columns(step: float, reach: int, ahead: int) -> tuple[Column, ...]:
    """Columns that look at the same stretch one or several periods ago."""
    columns: list[Column] = []
    for name, seconds in (("half-hour", 30 * MINUTE), ("hour", HOUR)):
        # We ask for the longest at any horizon: every horizon must have the same columns.
        if steps_in(3 * seconds, step) + steps_in(HOUR, step) <= reach:
            pairs = [_growth(k * seconds, step, ahead) for k in (1, 2, 3)]
            columns += [_column(f"growth-{name}", pairs[:1]), _column(f"growth-{name}s", pairs)]
    days = [_growth(k * DAY, step, ahead) for k in range(1, 8) if steps_in(k * DAY, step) + 1 <= reach]
    if days:
        columns.append(_column("growth-day", days[:1], smooth=True))
    if len(days) > 1:
        columns.append(_column("growth-days", days[:3], smooth=True))
    if len(days) > 4:
        columns.append(_column("growth-week-of-days", days, smooth=True))
    if steps_in(WEEK, step) + 1 <= reach:
        columns.append(_column("growth-week", [_growth(WEEK, step, ahead)], smooth=True))
    return tuple(columns) + season_columns(step, reach, ahead)


@lru_cache(maxsize=4096)
def season_columns(step: float, reach: int, ahead: int) -> tuple[Column, ...]:
    """From now to the same time of the last days, and of the same weekday."""
    days = [(newer, 0) for newer in season_lags(step, reach, ahead, DAY, 3)]
    weeks = [(newer, 0) for newer in season_lags(step, reach, ahead, WEEK, 3)]
    columns = [_column("season-days", days)] if days else []
    return (*columns, *([_column("season-weeks", weeks)] if weeks else []))


def season_lags(step: float, reach: int, ahead: int, period: float, most: int) -> list[int]:
    """Lags that land on the same phase as `ahead`, newest first, none in the future."""
    length = steps_in(period, step)
    skipped = -(-ahead // length)  # two days ahead, yesterday's value is not there yet
    lags = [length * (skipped + k) - ahead for k in range(most)]
    return [lag for lag in lags if lag <= reach and length <= reach]


def columns_at(step: float, reach: int, ahead: int) -> tuple[Column, ...]:
    return common_columns(step, reach) + ahead_columns(step, reach, ahead)


def _growth(seconds: float, step: float, ahead: int) -> tuple[int, int]:
    period = steps_in(seconds, step)
    period *= -(-ahead // period)  # further ahead than the period: the last whole number of them
    return period - ahead, period


def smoothed(logs: Array32) -> Array32:
    """Mean of three neighbours; a gap among them is a gap."""
    out = np.full_like(logs, np.nan)
    if logs.shape[1] > 2:
        out[:, 1:-1] = (logs[:, :-2] + logs[:, 1:-1] + logs[:, 2:]) / np.float32(3.0)
    return out


def evaluate(past: Past, columns: tuple[Column, ...], smooth: Array32, out: Array32) -> None:
    """Each column at every origin, into `out` of shape (rows, columns, origins)."""
    for i, column in enumerate(columns):
        cell = out[:, i]
        cell[:] = 0.0
        for term in column.terms:
            source = smooth if term.smooth else past.logs
            difference = past.at(-term.newer, source) - past.at(-term.older, source)
            difference[np.isnan(difference)] = 0.0
            cell += difference if term.share == 1.0 else difference * np.float32(term.share)
