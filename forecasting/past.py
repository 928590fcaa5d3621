"""The past as a forecaster learns from it: logarithms, seen from many origins at once.

It knows which instants to learn from and how to read any lag at all of them; it knows no method.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from forecasting.series import FloatArray, Panel

Array32 = npt.NDArray[np.float32]

MINUTE, HOUR, DAY, WEEK = 60.0, 3600.0, 86400.0, 604800.0
_KNOTS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60)
_FAR_HOURS = (1, 4, 24)


def steps_in(seconds: float, step: float) -> int:
    """A duration in whole steps, at least one."""
    return max(1, round(seconds / step))


def offsets(values: FloatArray) -> FloatArray:
    """What is added before the logarithm, (rows, 1): a twentieth of the row's mean.

    Larger would hide a doubling at night, smaller would make noise near zero look like news.
    """
    seen = np.isfinite(values)
    total = np.where(seen, values, 0.0).sum(axis=1)
    mean = total / np.maximum(seen.sum(axis=1), 1)
    return np.asarray(np.where(mean > 0, 0.05 * mean, 0.05)[:, None], dtype=np.float64)


def log_of(values: FloatArray, offset: FloatArray) -> FloatArray:
    """Logarithms; what is negative or not a number is a gap."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(values + offset)
    return np.where(np.isfinite(logs) & (values >= 0), logs, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Logarithms padded with gaps on both sides, and the steps from which we look ahead."""

    logs: Array32
    pad: int
    first: int
    stride: int
    count: int
    start: float
    step: float
    steps: int
    knots: tuple[int, ...]
    far: tuple[int, ...]

    @property
    def rows(self) -> int:
        return int(self.logs.shape[0])

    @property
    def reach(self) -> int:
        """The longest lag worth learning: seen from at least a third of the past."""
        return int(0.7 * self.steps)

    @property
    def horizons(self) -> tuple[int, ...]:
        return self.knots + self.far

    @property
    def origin_steps(self) -> npt.NDArray[np.int64]:
        return self.first + self.stride * np.arange(self.count)

    def at(self, shift: int, logs: Array32 | None = None) -> Array32:
        """The step `shift` after each origin (before it when negative), (rows, origins). A view."""
        source = self.logs if logs is None else logs
        begin = self.pad + self.first + shift
        return source[:, begin : begin + self.stride * (self.count - 1) + 1 : self.stride]

    def targets(self) -> Array32:
        """What came, (rows, horizons, origins)."""
        return np.stack([self.at(h) for h in self.horizons], axis=1)

    def unrest(self, window: int) -> Array32:
        """How much the logarithm moved a step of late, as a logarithm, (rows, origins)."""
        moved = np.abs(np.diff(self.logs, axis=1, prepend=np.float32(np.nan)))
        moved[np.isnan(moved)] = 0.0
        total = np.cumsum(moved, axis=1, dtype=np.float64)
        now, then = self.pad + self.first, self.pad + self.first - window
        span = self.stride * (self.count - 1) + 1
        moves = total[:, now : now + span : self.stride] - total[:, then : then + span : self.stride]
        return np.log(np.maximum(moves / window, 0.0) + UNREST_FLOOR).astype(np.float32)


UNREST_FLOOR = 0.003


def knots_for(step: float, max_ahead: float) -> tuple[int, ...]:
    """The horizons that are fitted, in steps; those between are interpolated."""
    last = steps_in(max_ahead, step)
    return (*(k for k in _KNOTS if k < last), last)


def past_of(history: Panel, offset: FloatArray, max_ahead: float, origins: int) -> Past:
    """Look back over `history` from at most some `origins` instants."""
    step, steps = history.step, history.steps
    knots = knots_for(step, max_ahead)
    far = tuple(k for k in (steps_in(h * HOUR, step) for h in _FAR_HOURS) if knots[-1] < k <= steps // 3)
    pad = max(int(0.7 * steps), steps_in(HOUR, step)) + steps_in(HOUR, step)
    ahead = max(knots + far)
    logs = np.full((history.rows, pad + steps + ahead), np.nan, dtype=np.float32)
    logs[:, pad : pad + steps] = log_of(history.values, offset)
    first = next((p for p in (steps_in(s, step) for s in (WEEK, DAY, 3 * HOUR)) if p <= 0.4 * steps), 0)
    stride = _stride(steps - first, origins, steps_in(DAY, step))
    count = max(1, (steps - first - 1 - knots[0]) // stride + 1)
    return Past(
        logs=logs, pad=pad, first=first, stride=stride, count=count,
        start=history.start, step=step, steps=steps, knots=knots, far=far,
    )  # fmt: skip


def _stride(steps: int, origins: int, day: int) -> int:
    """The least stride that shares no factor with the day.

    Every fifth minute would see only six phases of a half-hourly event, every seventh sees all thirty.
    """
    stride = max(1, -(-steps // max(origins, 1)))
    while stride > 1 and gcd(stride, day) > 1:
        stride += 1
    return stride


def enough_origins(rows: int) -> int:
    """How many origins to learn from: thousands for one row, hundreds when there are many rows."""
    return int(min(3000, max(450, 200_000 // max(rows, 1))))
