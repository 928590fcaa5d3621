"""Quantiles for a point method, from its own past errors.

Errors are taken in logarithms, so that bands scale with the load; divided by how large an error was to be
expected just then; and kept apart by regime: quiet, normal or busy, rising or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecasting.forecaster import State
from forecasting.one_row import OneRow, prepared
from forecasting.rules import Index, at_steps
from forecasting.series import FloatArray

GRID = (
    0.001, 0.005, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
    0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999,
)  # fmt: skip
REGIMES = 6  # three by level or expected size, times rising or not
_CACHE_LIMIT = 500_000

Asked = tuple[int, tuple[float, ...]]  # steps ahead, levels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What an answer needs besides the values: tables at the steps and levels that were asked for."""

    size: tuple[FloatArray, ...]  # constant, level, unrest, move, |move|, lowest, highest; each (rows, ahead)
    rising: FloatArray  # (rows, ahead)
    quantiles: FloatArray  # (rows * ahead * regimes, levels)
    base: Index  # (rows, ahead): where each row and step begins in `quantiles`
    alone: OneRow | None  # the same in plain floats, where there is one row


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Error tables for each row and horizon."""

    knots: tuple[int, ...]
    marks: FloatArray  # (rows, 2): where the middle and the upper regime begin
    by_size: FloatArray  # (rows, 1): 1 if regimes are told apart by expected size of error, 0 if by level
    power: FloatArray  # (rows, 1): how much the expected size is believed
    rising: FloatArray  # (rows, knots): a larger expected move is a rise
    size: FloatArray  # (rows, knots, 7): log size of an error, see `_Question.size`
    quantiles: FloatArray  # (rows, knots, regimes, GRID)
    _asked: dict[Asked, _Question] = field(default_factory=dict, compare=False, repr=False)

    def around(
        self, points: FloatArray, now: FloatArray, unrest: FloatArray, levels: tuple[float, ...]
    ) -> FloatArray:
        """Paths in logarithms, (rows, ahead, levels). `now` and `unrest` are (rows, 1)."""
        asked = self._question(points.shape[1], levels)
        move = points - now
        constant, level, restless, moving, moved, lowest, highest = asked.size
        size = constant + level * points + restless * unrest + moving * move + moved * np.abs(move)
        size = np.minimum(np.maximum(size, lowest), highest)
        mark = points + self.by_size * (size - points)
        regime = (mark > self.marks[:, :1]).astype(np.intp) + (mark > self.marks[:, 1:])
        regime += 3 * (move > asked.rising)
        regime += asked.base
        paths: FloatArray = asked.quantiles.take(regime, axis=0)
        paths *= np.exp(self.power * size)[:, :, None]
        paths += points[:, :, None]
        return paths

    def alone(self, ahead: int, levels: tuple[float, ...]) -> OneRow:
        """The tables of the only row, in plain floats."""
        alone = self._question(ahead, levels).alone
        assert alone is not None
        return alone

    def _question(self, ahead: int, levels: tuple[float, ...]) -> _Question:
        asked = self._asked.get((ahead, levels))
        if asked is not None:
            return asked
        table = _at_levels(self.quantiles, levels)
        table = at_steps(table, self.knots, ahead)
        size = at_steps(self.size, self.knots, ahead)
        rows = table.shape[0]
        base = (REGIMES * np.arange(rows * ahead, dtype=np.intp)).reshape(rows, ahead)
        sizes = tuple(np.ascontiguousarray(size[:, :, i]) for i in range(size.shape[2]))
        rising = at_steps(self.rising, self.knots, ahead)
        asked = _Question(
            size=sizes,
            rising=rising,
            quantiles=np.ascontiguousarray(table.reshape(rows * ahead * REGIMES, len(levels))),
            base=base,
            alone=prepared(sizes, rising, table[0], self.marks, self.by_size, self.power)
            if rows == 1
            else None,
        )
        if table.size <= _CACHE_LIMIT:
            if len(self._asked) >= 8:
                self._asked.clear()
            self._asked[(ahead, levels)] = asked
        return asked

    def state(self) -> State:
        return {"knots": list(self.knots)} | {name: getattr(self, name).tolist() for name in _ARRAYS}


_ARRAYS = ("marks", "by_size", "power", "rising", "size", "quantiles")


def restored(state: dict[str, Any]) -> Bands:
    arrays: dict[str, Any] = {name: np.array(state[name], dtype=np.float64) for name in _ARRAYS}
    return Bands(knots=tuple(state["knots"]), **arrays)


def _at_levels(quantiles: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """The tables at any levels: interpolated on the scale of log odds, where tails are nearly straight."""
    grid = np.log(np.array(GRID) / (1.0 - np.array(GRID)))
    wanted = np.clip(np.array(levels), GRID[0], GRID[-1])
    odds = np.log(wanted / (1.0 - wanted))
    low = np.clip(np.searchsorted(grid, odds, side="right") - 1, 0, len(GRID) - 2)
    weight = (odds - grid[low]) / (grid[low + 1] - grid[low])
    return np.asarray((1.0 - weight) * quantiles[..., low] + weight * quantiles[..., low + 1])
