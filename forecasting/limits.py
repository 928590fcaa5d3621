"""Forecasts that cannot be: not a number, below nothing, beyond all that was ever seen, out of order.

Put around every method, so that none can hand on nonsense. A refused row is answered by a guess from its last
value, and the forecast's `method` says how many were refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from operator import le
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.fallback import guess
from forecasting.forecast import Forecast
from forecasting.forecaster import Fitted, Forecaster, State
from forecasting.series import FloatArray, Panel

GENEROUS = 10.0  # a workload may double or triple within minutes; ten times its record is a broken method
_RECENT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Paths that can be, and which rows could not."""

    paths: FloatArray
    refused: npt.NDArray[np.bool_]


def judge(paths: FloatArray, shape: tuple[int, int, int], greatest: FloatArray) -> Judgement:
    """Check paths of shape (levels, rows, ahead) against the greatest value each row may have.

    Crossing quantiles are put in order; rows that are not a number, negative or too great are refused.
    """
    if paths.shape != shape:
        return Judgement(paths=np.zeros(shape), refused=np.ones(shape[1], dtype=bool))
    with np.errstate(invalid="ignore"):
        possible = np.asarray(((paths >= 0.0) & (paths <= greatest[None, :, None])).all(axis=(0, 2)))
    ordered = paths if (paths[1:] >= paths[:-1]).all() else np.sort(paths, axis=0)
    return Judgement(paths=ordered, refused=~possible)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A fitted method within what can be."""

    inner: Fitted
    greatest: FloatArray  # (rows,): the greatest value of the history

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def memory(self) -> int:
        return self.inner.memory

    def forecast(self, recent: Panel, horizon: float, levels: Sequence[float]) -> Forecast:
        said = self.inner.forecast(recent, horizon, levels)
        paths = said.paths
        if paths.shape[1] == 1 and recent.rows == 1 and self._one_can_be(paths, recent):
            return said
        greatest = GENEROUS * self._seen(recent) + 1e-9
        fine = paths.shape[1] == recent.rows and bool((paths[-1].max(axis=1, initial=0.0) <= greatest).all())
        if fine and paths.min(initial=0.0) >= 0.0 and (paths[1:] >= paths[:-1]).all():
            return said
        return _mended(said, recent, greatest)

    def _one_can_be(self, paths: FloatArray, recent: Panel) -> bool:
        """The same for one row, in plain floats; the newest values are looked at where the oldest forbid."""
        greatest = float(self.greatest[0])
        ahead, bounds = paths.shape[2], paths.ravel().tolist()
        if _within(bounds, ahead, GENEROUS * greatest + 1e-9):
            return True
        newest = recent.values[0, -_RECENT:].tolist()
        record = max([value for value in newest if value < inf], default=0.0)
        return _within(bounds, ahead, GENEROUS * max(record, greatest) + 1e-9)

    def _seen(self, recent: Panel) -> FloatArray:
        newest = recent.values[:, -_RECENT:]
        # fmax passes over gaps; an infinity is no record.
        record: FloatArray = np.fmax.reduce(newest, axis=1, initial=0.0)
        record = np.fmax(record, self.greatest)
        return np.where(np.isfinite(record), record, self.greatest)

    def state(self) -> State:
        return {"kind": "limited", "inner": self.inner.state(), "greatest": self.greatest.tolist()}


def _within(bounds: list[float], ahead: int, most: float) -> bool:
    """Every level's `ahead` bounds within [0, most] and none below the one under it; NaN is neither."""
    return all(map(le, [*[0.0] * ahead, *bounds], [*bounds, *[most] * ahead]))


def _mended(said: Forecast, recent: Panel, greatest: FloatArray) -> Forecast:
    ahead = said.paths.shape[-1]
    judged = judge(said.paths, (len(said.levels), recent.rows, ahead), greatest)
    rows = np.flatnonzero(judged.refused)
    if not rows.size:
        return Forecast(
            origin=said.origin, step=said.step, levels=said.levels, paths=judged.paths, method=said.method
        )
    paths = judged.paths.copy()
    paths[:, rows] = guess(_newest(recent.values[rows]), said.step, ahead, said.levels)
    method = f"{said.method} ({', '.join(map(str, rows[:5]))}{' …' if rows.size > 5 else ''} refused)"
    return Forecast(origin=said.origin, step=said.step, levels=said.levels, paths=paths, method=method)


def _newest(values: FloatArray) -> FloatArray:
    """The newest measured value of each row, 0 where there is none."""
    known = [row[np.isfinite(row)] for row in values]
    return np.array([row[-1] if row.size else 0.0 for row in known])


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedForecaster:
    inner: Forecaster

    @property
    def name(self) -> str:
        return self.inner.name

    def fit(self, history: Panel) -> Limited:
        finite = np.where(np.isfinite(history.values), history.values, 0.0)
        return Limited(inner=self.inner.fit(history), greatest=finite.max(axis=1, initial=0.0))


def restored(state: dict[str, Any], inner: Fitted) -> Limited:
    return Limited(inner=inner, greatest=np.array(state["greatest"], dtype=np.float64))
