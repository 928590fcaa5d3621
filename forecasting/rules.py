"""How logarithms of the past become a logarithm ahead: the point that bands are then put around.

A rule is fitted, knows its weights for each row, and is asked on every tick: whatever does not depend on the
values is computed once per question and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from forecasting.forecaster import State
from forecasting.lags import columns_at, season_lags
from forecasting.past import DAY, HOUR, WEEK, steps_in
from forecasting.series import FloatArray, Panel

Index = npt.NDArray[np.intp]
_FADE = 2 * HOUR  # how long what sets today apart from its season is believed beyond the fitted horizons
_FOLD_LIMIT = 400_000  # folded weights above this many numbers cost more memory than they save time


class Rule(Protocol):
    """Points ahead in logarithms, (rows, ahead). The newest step of `recent` is there for every row."""

    @property
    def memory(self) -> int: ...

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray: ...

    def state(self) -> State: ...


def between(knots: tuple[int, ...], ahead: int) -> tuple[Index, FloatArray]:
    """For steps 1..ahead, the knot below and the weight of the one above it; linear in log steps."""
    h = np.log(np.arange(1, ahead + 1, dtype=np.float64))
    k = np.log(np.asarray(knots, dtype=np.float64))
    low = np.clip(np.searchsorted(k, h, side="right") - 1, 0, max(len(knots) - 2, 0)).astype(np.intp)
    if len(knots) == 1:
        return low, np.zeros(ahead)
    return low, np.clip((h - k[low]) / (k[low + 1] - k[low]), 0.0, 1.0)


def at_steps(table: FloatArray, knots: tuple[int, ...], ahead: int) -> FloatArray:
    """A table by knot, (rows, knots, ...), at the steps 1..ahead."""
    low, weight = between(knots, ahead)
    high = np.minimum(low + 1, len(knots) - 1)
    w = weight.reshape((1, -1) + (1,) * (table.ndim - 2))
    return np.asarray((1.0 - w) * table[:, low] + w * table[:, high])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folded:
    """A question's answer as one product: lags to look up, their weights (rows, ahead, lags)."""

    lags: Index
    weights: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """z[t+h] = z[t] + weights x columns; beyond the fitted horizons over to the season."""

    step: float
    reach: int
    knots: tuple[int, ...]
    weights: FloatArray  # (rows, knots, columns)
    season: FloatArray  # (rows,), how much of the far future is season; the rest stays as it is
    memory: int
    _folded: dict[int, _Folded] = field(default_factory=dict, compare=False, repr=False)

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        near = min(ahead, self.knots[-1])
        points = self._near(recent, offset, near)
        if ahead == near:
            return points
        return np.concatenate([points, self._far(recent, offset, points[:, -1:], near, ahead)], axis=1)

    def _near(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        values = recent.values
        rows = values.shape[0]
        if rows * ahead * 200 <= _FOLD_LIMIT and values.shape[1] >= self.memory:
            folded = self._folded.get(ahead) or self._fold(ahead)
            logs = np.log(values.take(folded.lags, axis=1) + offset)
            points: FloatArray = np.matmul(folded.weights, logs[:, :, None])[:, :, 0]
            if np.isfinite(points).all():
                return points
        return self._by_term(recent, offset, ahead)

    def _fold(self, ahead: int) -> _Folded:
        table = at_steps(self.weights, self.knots, ahead)
        by_lag: dict[int, FloatArray] = {}

        def add(lag: int, h: int, weight: FloatArray) -> None:
            by_lag.setdefault(lag, np.zeros((len(weight), ahead)))[:, h] += weight

        for h in range(ahead):
            add(0, h, np.ones(len(table)))
            for c, column in enumerate(columns_at(self.step, self.reach, h + 1)):
                for term in column.terms:
                    shifts = (-1, 0, 1) if term.smooth else (0,)
                    for shift in shifts:
                        weight = table[:, h, c] * (term.share / len(shifts))
                        add(term.newer + shift, h, weight)
                        add(term.older + shift, h, -weight)
        lags = sorted(lag for lag, weight in by_lag.items() if weight.any())
        weights = np.ascontiguousarray(np.stack([by_lag[lag] for lag in lags], axis=2))
        # Counted from the end, so that any longer panel may be handed in.
        folded = _Folded(lags=np.array([-1 - lag for lag in lags], dtype=np.intp), weights=weights)
        self._folded[ahead] = folded
        return folded

    def _by_term(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        """The same, term by term: a gap takes only its own term away."""
        look = _Look(recent, offset, self.memory)
        table = at_steps(self.weights, self.knots, ahead)
        points = np.repeat(look.at(0)[:, None], ahead, axis=1)
        for h in range(ahead):
            for c, column in enumerate(columns_at(self.step, self.reach, h + 1)):
                weight = table[:, h, c]
                if not weight.any():
                    continue
                total = np.zeros(recent.rows)
                for term in column.terms:
                    newer, older = look.mean(term.newer, term.smooth), look.mean(term.older, term.smooth)
                    total += np.nan_to_num(newer - older)
                points[:, h] += weight * total / len(column.terms)
        return points

    def _far(self, recent: Panel, offset: FloatArray, last: FloatArray, near: int, ahead: int) -> FloatArray:
        """Level x season: what sets the present apart from its season fades within hours."""
        look = _Look(recent, offset, self.memory)
        season = look.season(self.step, self.reach, near, ahead)
        fade = np.exp(-self.step * np.arange(1, ahead - near + 1) / _FADE)
        known = np.where(np.isfinite(season), season, last)
        apart = np.nan_to_num(last - season[:, :1])
        share = self.season[:, None]
        return np.asarray((1.0 - share) * last + share * (known[:, 1:] + fade * apart))

    def state(self) -> State:
        return {
            "rule": "recall", "step": self.step, "reach": self.reach, "knots": list(self.knots),
            "weights": self.weights.tolist(), "season": self.season.tolist(), "memory": self.memory,
        }  # fmt: skip


class _Look:
    """Logarithms at a lag, computed when asked for; what is not there is NaN."""

    def __init__(self, recent: Panel, offset: FloatArray, memory: int) -> None:
        values = recent.last(memory).values
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(values + offset)
        self._logs = np.where((values >= 0) & np.isfinite(values), logs, np.nan)
        self._missing = np.full(values.shape[0], np.nan)

    def at(self, lag: int) -> FloatArray:
        index = self._logs.shape[1] - 1 - lag
        return np.asarray(self._logs[:, index]) if 0 <= index < self._logs.shape[1] else self._missing

    def mean(self, lag: int, smooth: bool) -> FloatArray:
        return (self.at(lag - 1) + self.at(lag) + self.at(lag + 1)) / 3.0 if smooth else self.at(lag)

    def season(self, step: float, reach: int, first: int, last: int) -> FloatArray:
        """Mean of the same time of the last days and weekdays, for steps first..last ahead."""
        total = np.zeros((len(self._missing), last - first + 1))
        count = np.zeros_like(total)
        for period, most, share in SEASON_SHARES:
            length = steps_in(period, step)
            for k in range(most if length <= reach else 0):
                lags = np.arange(first, last + 1)
                lags = length * (-(-lags // length) + k) - lags
                index = self._logs.shape[1] - 1 - lags
                index[lags > reach] = -1
                found = np.where(index >= 0, self._logs[:, np.maximum(index, 0)], np.nan)
                seen = np.isfinite(found)
                total += np.where(seen, share * found, 0.0)
                count += share * seen
        with np.errstate(invalid="ignore"):
            return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)


SEASON_SHARES = ((DAY, 3, 0.25), (WEEK, 3, 0.25 / 3))


def recall(
    step: float, reach: int, knots: tuple[int, ...], weights: FloatArray, season: FloatArray
) -> Recall:
    """A recall that asks for no more past than its weights need."""
    needed = reach + 2 if weights.any() or season.any() else 1
    return Recall(step=step, reach=reach, knots=knots, weights=weights, season=season, memory=needed)


def restored(state: dict[str, Any]) -> Recall:
    arrays = {name: np.array(state[name], dtype=np.float64) for name in ("weights", "season")}
    return recall(state["step"], state["reach"], tuple(state["knots"]), **arrays)


def season_mean_lags(step: float, reach: int, ahead: int) -> list[tuple[int, float]]:
    """The lags of the far season with their shares: same time of the last three days, same weekday."""
    return [
        (lag, share)
        for period, most, share in SEASON_SHARES
        for lag in season_lags(step, reach, ahead, period, most)
    ]
