"""How logarithms of the past become a logarithm ahead: the point that bands are then put around.

A rule is fitted, knows its weights for each row, and is asked on every tick: whatever does not depend on the
values is computed once per question and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from forecasting.forecaster import State
from forecasting.lags import columns_at, season_lags
from forecasting.past import DAY, HOUR, WEEK, steps_in
from forecasting.series import FloatArray, Panel

Index = npt.NDArray[np.intp]
_FADE = 2 * HOUR  # how long what sets today apart from its season is believed beyond the fitted horizons
_FEW_POINTS = 64
_FOLD_LIMIT = 400_000  # folded weights above this many numbers cost more memory than they save time


class Rule(Protocol):
    """Points ahead in logarithms, (rows, ahead). The newest step of `recent` is there for every row."""

    @property
    def memory(self) -> int: ...

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray: ...

    def fold(self, ahead: int) -> Folded | None:
        """The same as one product, for a past without gaps; None where it is none."""
        ...

    def state(self) -> State: ...


def between(knots: tuple[int, ...], ahead: int) -> tuple[Index, FloatArray]:
    """For steps 1..ahead, the knot below and the weight of the one above it; linear in log steps."""
    h = np.log(np.arange(1, ahead + 1, dtype=np.float64))
    k = np.log(np.asarray(knots, dtype=np.float64))
    low = np.clip(np.searchsorted(k, h, side="right") - 1, 0, max(len(knots) - 2, 0)).astype(np.intp)
    if len(knots) == 1:
        return low, np.zeros(ahead)
    return low, np.clip((h - k[low]) / (k[low + 1] - k[low]), 0.0, 1.0)


def all_finite(points: FloatArray) -> bool:
    """Whether every point is a number: a few of them are looked at faster as Python's own floats."""
    if points.size <= _FEW_POINTS:
        return isfinite(sum(points.ravel().tolist()))
    return bool(np.isfinite(points).all())


def at_steps(table: FloatArray, knots: tuple[int, ...], ahead: int) -> FloatArray:
    """A table by knot, (rows, knots, ...), at the steps 1..ahead."""
    low, weight = between(knots, ahead)
    high = np.minimum(low + 1, len(knots) - 1)
    w = weight.reshape((1, -1) + (1,) * (table.ndim - 2))
    return np.asarray((1.0 - w) * table[:, low] + w * table[:, high])


class Beside(Protocol):
    """What the instant alone adds to a folded answer."""

    def at(self, end: float) -> FloatArray: ...  # (rows, ahead)

    def scaled(self, share: FloatArray) -> Beside: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A question's answer as one product: places to look up, their weights (rows, ahead, places).

    Places are counted from the end (-1 is the newest step), so that any longer panel may be handed in.
    """

    places: Index
    weights: FloatArray
    beside: tuple[Beside, ...] = ()

    def points(self, recent: Panel, offset: FloatArray) -> FloatArray:
        if len(self.weights) == 1:
            return self._of_one(recent, float(offset[0, 0]))
        logs = np.log(recent.values.take(self.places, axis=1) + offset)
        points: FloatArray = np.matmul(self.weights, logs[:, :, None])[:, :, 0]
        for beside in self.beside:
            points += beside.at(recent.end)
        return points

    def _of_one(self, recent: Panel, offset: float) -> FloatArray:
        """The same for one row as vectors: a stack of one matrix costs twice as much."""
        logs = np.log(recent.values[0].take(self.places) + offset)
        points: FloatArray = self.weights[0].dot(logs)[None]
        for beside in self.beside:
            points += beside.at(recent.end)
        return points


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """The same answer with every term by itself, for when some of the past is missing."""

    lags: Index
    newer: Index  # (3, terms), places in `lags`
    older: Index
    weights: FloatArray  # (rows, terms)
    begins: Index  # where each step ahead begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """z[t+h] = z[t] + weights x columns; beyond the fitted horizons over to the season."""

    step: float
    reach: int
    knots: tuple[int, ...]
    weights: FloatArray  # (rows, knots, columns)
    season: FloatArray  # (rows,), how much of the far future is season; the rest stays as it is
    memory: int
    _folded: dict[int, Folded] = field(default_factory=dict, compare=False, repr=False)
    _terms: dict[int, _Terms] = field(default_factory=dict, compare=False, repr=False)

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        near = min(ahead, self.knots[-1])
        points = self._near(recent, offset, near)
        if ahead == near:
            return points
        return np.concatenate([points, self._far(recent, offset, points[:, -1:], near, ahead)], axis=1)

    def _near(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        rows, steps = recent.values.shape
        if rows * ahead * 200 <= _FOLD_LIMIT and steps >= self.memory:
            folded = self._folded.get(ahead)
            if folded is None:
                folded = self._folded[ahead] = self._fold(ahead)
            points = folded.points(recent, offset)
            if all_finite(points):
                return points
        return self._by_term(recent, offset, ahead)

    def fold(self, ahead: int) -> Folded | None:
        return self._fold(ahead) if ahead <= self.knots[-1] else None

    def _fold(self, ahead: int) -> Folded:
        table = at_steps(self.weights, self.knots, ahead)
        lags: list[int] = [0]
        steps: list[int] = []
        columns: list[int] = []
        shares: list[float] = []
        for h in range(ahead):
            for c, column in enumerate(columns_at(self.step, self.reach, h + 1)):
                for term in column.terms:
                    shifts = (-1, 0, 1) if term.smooth else (0,)
                    for shift in shifts:
                        lags += (term.newer + shift, term.older + shift)
                        steps += (h, h)
                        columns += (c, c)
                        shares += (term.share / len(shifts), -term.share / len(shifts))
        found, place = np.unique(np.array(lags), return_inverse=True)
        parts = np.zeros((ahead, table.shape[2], len(found)))  # of each column at each place
        np.add.at(parts, (np.array(steps), np.array(columns), place[1:]), np.array(shares))
        weights = np.matmul(table.transpose(1, 0, 2), parts).transpose(1, 0, 2)
        weights[:, :, 0] += 1.0  # the newest value, from which the change starts; 0 is the least lag
        used = weights.any(axis=(0, 1))
        return Folded(
            places=(-1 - found[used]).astype(np.intp), weights=np.ascontiguousarray(weights[:, :, used])
        )

    def _by_term(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        """The same, term by term: a gap takes only its own term away."""
        terms = self._terms.get(ahead) or self._spell_out(ahead)
        logs = _logs_at(recent, offset, terms.lags)
        change = logs[:, terms.newer].sum(axis=1) - logs[:, terms.older].sum(axis=1)
        change[np.isnan(change)] = 0.0
        points: FloatArray = np.add.reduceat(change * terms.weights, terms.begins, axis=1)
        points += logs[:, :1]
        return points

    def _spell_out(self, ahead: int) -> _Terms:
        table = at_steps(self.weights, self.knots, ahead)
        newer: list[tuple[int, int, int]] = []
        older: list[tuple[int, int, int]] = []
        weights: list[FloatArray] = []
        begins: list[int] = []
        for h in range(ahead):
            begins.append(len(newer))
            for c, column in enumerate(columns_at(self.step, self.reach, h + 1)):
                for term in column.terms:
                    n, o, s = term.newer, term.older, int(term.smooth)
                    newer.append((n - s, n, n + s))
                    older.append((o - s, o, o + s))
                    weights.append(table[:, h, c] * (term.share / 3.0))
        # Lag 0 comes first: it is where the change starts from.
        lags, index = np.unique(np.array([(0, 0, 0), *newer, *older]), return_inverse=True)
        index = index.reshape(-1, 3).T.astype(np.intp)
        count = len(newer)
        terms = _Terms(
            lags=lags.astype(np.intp), newer=index[:, 1 : count + 1], older=index[:, count + 1 :],
            weights=np.stack(weights, axis=1), begins=np.array(begins, dtype=np.intp),
        )  # fmt: skip
        if terms.weights.size <= _FOLD_LIMIT:
            self._terms[ahead] = terms
        return terms

    def _far(self, recent: Panel, offset: FloatArray, last: FloatArray, near: int, ahead: int) -> FloatArray:
        """Level x season: what sets the present apart from its season fades within hours."""
        season = _season(recent, offset, self, near, ahead)
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


def _logs_at(recent: Panel, offset: FloatArray, lags: npt.NDArray[Any]) -> FloatArray:
    """Logarithms at any lags, the shape of `lags` with rows in front; what is not there is NaN."""
    index = recent.steps - 1 - lags
    values = recent.values[:, np.maximum(index, 0)]
    fine = (index >= 0) & (values >= 0) & np.isfinite(values)
    shape = (-1,) + (1,) * lags.ndim
    return np.where(fine, np.log(np.where(fine, values, 0.0) + offset.reshape(shape)), np.nan)


def _season(recent: Panel, offset: FloatArray, rule: Recall, first: int, last: int) -> FloatArray:
    """Mean of the same time of the last days and weekdays, for steps first..last ahead; NaN if none."""
    total = np.zeros((recent.rows, last - first + 1))
    count = np.zeros_like(total)
    ahead = np.arange(first, last + 1)
    for period, most, share in SEASON_SHARES:
        length = steps_in(period, rule.step)
        for k in range(most if length <= rule.reach else 0):
            lags = length * (-(-ahead // length) + k) - ahead
            lags[lags > rule.reach] = recent.steps  # older than the rule looks
            found = _logs_at(recent, offset, lags)
            seen = np.isfinite(found)
            total += np.where(seen, share * found, 0.0)
            count += share * seen
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
