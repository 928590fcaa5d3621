"""Harmonic ridge: the day and the week as a few sines, the rest as one error that fades."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from forecasting.learned import Studied
from forecasting.past import DAY, MINUTE, WEEK, Past
from forecasting.profile import Blocks, Profile, study
from forecasting.series import FloatArray, Panel

_EPOCH_WEEKDAY = 4  # 1 January 1970 was a Thursday; 0 is Sunday


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmonic:
    """`day` and `week` count the sines of each period; `penalty` grows with their frequency."""

    name: str = "harmonic"
    day: int = 8
    week: int = 3
    penalty: float = 0.001
    max_ahead: float = 30 * MINUTE
    needs: float = 2 * DAY

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        # Decided once: a curve with weeks must be tried with weeks, or its bands are another curve's.
        weekly = past.steps * past.step >= 2 * WEEK
        return study(past, lambda blocks, block: self._find(blocks, block, weekly))

    def _find(self, blocks: Blocks, block: int, weekly: bool) -> Profile:
        basis = _basis(blocks.start, blocks.length, blocks.logs.shape[1], (self.day, self.week * weekly))
        weights = _ridge(blocks.logs, basis, self.penalty)
        period = WEEK if weekly else DAY
        bins = max(1, round(period / blocks.length))
        curve = weights @ _basis(0.0, period / bins, bins, (self.day, self.week * weekly)).T
        persist = _persistence(blocks.logs - weights @ basis.T)
        rows = len(persist)
        level = np.tile((0.6, 0.25, 0.15), (rows, 1))
        return Profile(
            step=blocks.length / block, block=block, period=period, curve=curve, level=level,
            slope=np.zeros((rows, 3)), persist=persist, damp=np.full(rows, 0.5),
        )  # fmt: skip


@lru_cache(maxsize=8)  # the same for every row and for every quarter left out
def _basis(start: float, length: float, count: int, sines: tuple[int, int]) -> FloatArray:
    """Constant, sines of the day; with enough past also those of the week and weekends of their own."""
    day, week = sines
    instants: FloatArray = np.asarray(start + length * (np.arange(count) + 0.5), dtype=np.float64)
    columns = [np.ones_like(instants), *_sines(instants, DAY, day)]
    if week:
        weekday = (np.floor(instants / DAY) + _EPOCH_WEEKDAY) % 7
        weekend = ((weekday == 0) | (weekday == 6)).astype(np.float64)
        columns += _sines(instants, WEEK, week)
        columns += [weekend] + [weekend * s for s in _sines(instants, DAY, 2)]
    return np.stack(columns, axis=1)


def _sines(instants: FloatArray, period: float, count: int) -> list[FloatArray]:
    angle = 2.0 * np.pi * (instants % period) / period
    return [wave(k * angle) for k in range(1, count + 1) for wave in (np.sin, np.cos)]


def _ridge(logs: FloatArray, basis: FloatArray, penalty: float) -> FloatArray:
    """Weights (rows, columns) from the steps each row has."""
    seen = np.isfinite(logs)
    anywhere = seen.any(axis=0)
    logs, basis, seen = logs[:, anywhere], basis[anywhere], seen[:, anywhere]
    columns = basis.shape[1]
    gram = np.repeat((basis.T @ basis)[None], len(logs), axis=0)
    for row in np.flatnonzero(~seen.all(axis=1)):  # what a row lacks is less than what it has
        lacking = basis[~seen[row]]
        gram[row] -= lacking.T @ lacking
    grown = penalty * np.concatenate([[1e-6], np.arange(1, columns)])
    gram[:, range(columns), range(columns)] += grown * np.maximum(seen.sum(axis=1), 1)[:, None]
    right = np.nan_to_num(logs) @ basis
    return np.asarray(np.linalg.solve(gram, right[:, :, None])[:, :, 0])


def _persistence(residual: FloatArray) -> FloatArray:
    """How much of the distance from the curve is left one block later."""
    now, then = residual[:, 1:], residual[:, :-1]
    both = np.isfinite(now) & np.isfinite(then)
    product = np.where(both, now * then, 0.0).sum(axis=1)
    square = np.where(both, then * then, 0.0).sum(axis=1)
    return np.asarray(np.clip(product / np.where(square > 0, square, 1.0), 0.0, 0.999))
