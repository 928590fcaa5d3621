"""A season as a curve, and a level that follows the present around it.

Harmonic, Holt-Winters, Theta and STL differ in how they find the curve and how fast the level follows. Once
found, all four forecast alike: curve + what sets the present apart from it, fading or drifting on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from forecasting.forecaster import State
from forecasting.learned import Studied
from forecasting.past import MINUTE, Array32, Past
from forecasting.rules import Folded
from forecasting.series import FloatArray, Panel

BIN = 5 * MINUTE  # curves are kept at five minutes: finer ones are slower and no better
TAPS = 36
QUARTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Logarithms averaged over blocks of steps: what a curve is found in. Gaps stay NaN."""

    start: float
    length: float  # seconds in a block
    logs: FloatArray  # (rows, blocks)

    @property
    def centres(self) -> FloatArray:
        return np.asarray(self.start + self.length * (np.arange(self.logs.shape[1]) + 0.5), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the curve alone adds at an instant: the season ahead less the season that is carried on."""

    period: float
    scale: float  # bins a second
    spots: FloatArray  # where the curve is needed, in bins from the instant's own place
    curve: FloatArray  # (rows, bins and some): one period, and on at both ends as far as is looked
    rise: FloatArray  # from each bin to the next
    response: FloatArray  # (rows, spots, ahead): what each spot adds to each step ahead

    def at(self, end: float) -> FloatArray:
        place = self.spots + (end % self.period) * self.scale
        low = place.astype(np.intp)
        if len(self.curve) == 1:  # as vectors: a stack of one matrix costs twice as much
            alone = self.curve[0].take(low) + (place - low) * self.rise[0].take(low)
            only: FloatArray = alone.dot(self.response[0])[None]
            return only
        season = self.curve.take(low, axis=1) + (place - low) * self.rise.take(low, axis=1)
        added: FloatArray = np.matmul(season[:, None], self.response)[:, 0]
        return added

    def scaled(self, share: FloatArray) -> Standing:
        return replace(self, response=self.response * share[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """curve(t + h) + level * persist^h + slope * (damp + damp^2 + ...), h in blocks."""

    step: float
    block: int  # steps in a block
    period: float
    curve: FloatArray  # (rows, bins) over one period
    level: FloatArray  # (rows, TAPS): weights of the newest blocks' distance from the curve
    slope: FloatArray  # (rows, TAPS)
    persist: FloatArray  # (rows,)
    damp: FloatArray  # (rows,)
    _asked: dict[int, tuple[FloatArray, FloatArray]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def memory(self) -> int:
        return self.block * int(self.level.shape[1])

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        if recent.steps >= self.memory:
            points = self._points_at_once(recent, offset, ahead)
            if np.isfinite(points).all():
                return points
        return self._points_with_gaps(recent, offset, ahead)

    def _points_at_once(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        """One look at the curve, one product: what a tick pays when nothing is missing."""
        where, carry = self._question(ahead)
        season = self.at(recent.end + where)
        taps = self.level.shape[1]
        logs = np.log(recent.values[:, -self.memory :] + offset)
        apart = np.add.reduce(logs.reshape(-1, taps, self.block), axis=2) / self.block
        apart -= season[:, :taps]
        points: FloatArray = np.matmul(apart[:, None], carry)[:, 0]
        points += season[:, taps:]
        return points

    def fold(self, ahead: int) -> Folded:
        """The newest steps by their blocks' carry; beside them the curve alone."""
        where, carry = self._question(ahead)
        weights = np.repeat(carry.transpose(0, 2, 1) / self.block, self.block, axis=2)
        own = np.broadcast_to(np.eye(ahead), (len(carry), ahead, ahead))
        bins = self.curve.shape[1]
        spots = where * (bins / self.period) - 0.5
        early = ceil(-float(spots.min()))
        late = ceil(float(spots.max())) + 2
        curve = self.curve.take(np.arange(-early, bins + late), axis=1, mode="wrap")
        standing = Standing(
            period=self.period, scale=bins / self.period, spots=spots + early, curve=curve[:, :-1],
            rise=np.diff(curve, axis=1), response=np.concatenate([-carry, own], axis=1),
        )  # fmt: skip
        places = np.arange(-self.memory, 0, dtype=np.intp)
        return Folded(places=places, weights=weights, beside=(standing,))

    def _question(self, ahead: int) -> tuple[FloatArray, FloatArray]:
        """Where the curve is needed, counted from now: blocks from the oldest on, then the steps ahead.

        And what each block's distance from the curve adds to each step ahead, (rows, taps, ahead).
        """
        asked = self._asked.get(ahead)
        if asked is not None:
            return asked
        h = np.arange(1, ahead + 1)
        level, slope = self.level[:, ::-1, None], self.slope[:, ::-1, None]
        carry = self._carry(level, slope, (h / self.block)[None, None])
        back = -self.block * (np.arange(self.level.shape[1]) + 0.5)[::-1]
        asked = self.step * np.concatenate([back, h - 0.5]), np.ascontiguousarray(carry)
        if len(self._asked) >= 8:
            self._asked.clear()
        self._asked[ahead] = asked
        return asked

    def _points_with_gaps(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(recent.last(self.memory).values + offset)
        apart = self._apart(_blocks_back(logs, self.block, self.level.shape[1]), recent.end)
        level, slope = _weighted(self.level, apart), np.add.reduce(self.slope * np.nan_to_num(apart), axis=1)
        h = np.arange(1, ahead + 1, dtype=np.float64)
        season = self.at(np.asarray(recent.end + (h - 0.5) * self.step))
        return season + self._carry(level[:, None], slope[:, None], h / self.block)

    def _apart(self, blocks: FloatArray, end: float) -> FloatArray:
        centres = end - self.step * self.block * (np.arange(blocks.shape[1]) + 0.5)
        return np.asarray(blocks - self.at(np.asarray(centres, dtype=np.float64)))

    def _carry(self, level: FloatArray, slope: FloatArray, h: FloatArray) -> FloatArray:
        shape = (-1,) + (1,) * (level.ndim - 1)
        damp = self.damp.reshape(shape)
        run = damp * (1.0 - damp**h) / (1.0 - damp)
        return np.asarray(level * self.persist.reshape(shape) ** h + slope * run)

    def at(self, instants: FloatArray) -> FloatArray:
        """The curve at any instants, (rows, instants): linear between the centres of bins."""
        bins = self.curve.shape[1]
        # Half a bin early and one bin late: the first bin's lower neighbour is the last.
        place = (instants % self.period) * (bins / self.period) + (bins - 0.5)
        low = place.astype(np.intp)
        weight = place - low
        low %= bins
        below = self.curve.take(low, axis=1)
        low += 1
        low[low == bins] = 0
        above: FloatArray = self.curve.take(low, axis=1)
        above -= below
        above *= weight
        above += below
        return above

    def at_origins(self, past: Past) -> Array32:
        """What it would have said at every origin and horizon, (rows, horizons, origins)."""
        mean = _trailing_mean(past.logs, self.block)
        origins = past.start + past.step * (past.origin_steps + 1)
        total = np.zeros((past.rows, past.count))
        weights, slope = np.zeros_like(total), np.zeros_like(total)
        for k in range(self.level.shape[1]):
            if k * self.block > past.pad + past.first:
                break
            centres = origins - self.step * self.block * (k + 0.5)
            apart: FloatArray = past.at(-k * self.block, mean) - self.at(
                np.asarray(centres, dtype=np.float64)
            )
            seen = np.isfinite(apart)
            apart = np.where(seen, apart, 0.0)
            total += self.level[:, k, None] * apart
            weights += self.level[:, k, None] * seen
            slope += self.slope[:, k, None] * apart
        level = total / np.where(weights > 0, weights, 1.0)
        level[np.isnan(past.at(0))] = np.nan
        said = []
        for h in past.horizons:
            season = self.at(np.asarray(origins + (h - 0.5) * self.step, dtype=np.float64))
            said.append(season + self._carry(level, slope, np.array(h / self.block)))
        return np.stack(said, axis=1).astype(np.float32)

    def state(self) -> State:
        numbers = {"step": self.step, "block": self.block, "period": self.period}
        return {"rule": "profile"} | numbers | {name: getattr(self, name).tolist() for name in _ARRAYS}


_ARRAYS = ("curve", "level", "slope", "persist", "damp")


def restored(state: dict[str, Any]) -> Profile:
    arrays: dict[str, Any] = {name: np.array(state[name], dtype=np.float64) for name in _ARRAYS}
    return Profile(step=state["step"], block=state["block"], period=state["period"], **arrays)


def _weighted(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Weighted mean by row over what is there."""
    seen = np.isfinite(values)
    total = np.add.reduce(weights * seen, axis=1)
    mean = np.add.reduce(weights * np.where(seen, values, 0.0), axis=1) / np.where(total > 0, total, 1.0)
    return np.asarray(mean)


def _blocks_back(logs: FloatArray, block: int, taps: int) -> FloatArray:
    """Means of the newest blocks, newest first, (rows, taps); blocks not there are NaN."""
    rows, steps = logs.shape
    whole = min(steps // block, taps)
    cut = logs[:, steps - whole * block :].reshape(rows, whole, block)
    seen = np.isfinite(cut)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, cut, 0.0).sum(axis=2) / seen.sum(axis=2)
    out = np.full((rows, taps), np.nan)
    out[:, :whole] = mean[:, ::-1]
    if whole == 0:  # fewer steps than one block: the newest stand for it
        out[:, 0] = logs[:, -1]
    return out


def _trailing_mean(logs: Array32, block: int) -> Array32:
    """Mean of the last `block` steps up to each; gaps left out."""
    if block == 1:
        return logs
    seen = np.isfinite(logs)
    total = np.cumsum(np.where(seen, logs, 0.0), axis=1, dtype=np.float64)
    count = np.cumsum(seen, axis=1, dtype=np.float64)
    total[:, block:] = total[:, block:] - total[:, :-block]
    count[:, block:] = count[:, block:] - count[:, :-block]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / count).astype(np.float32)


def blocks_of(history: Panel, logs: FloatArray, block: int) -> Blocks:
    """The history in blocks; the oldest steps that do not fill one are left out."""
    rows, steps = logs.shape
    whole = steps // block
    cut = logs[:, steps - whole * block :].reshape(rows, whole, block)
    seen = np.isfinite(cut)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, cut, 0.0).sum(axis=2) / seen.sum(axis=2)
    start = history.start + history.step * (steps - whole * block)
    return Blocks(start=start, length=history.step * block, logs=mean)


def study(past: Past, find: Callable[[Blocks, int], Profile]) -> Studied:
    """Find the curve; for its errors, find it again without each quarter of the past and look there.

    A curve from the first half alone would err in ways that the curve from the whole does not.
    """
    block = max(1, round(BIN / past.step))
    logs = past.logs[:, past.pad : past.pad + past.steps].astype(np.float64)
    panel = Panel(start=past.start, step=past.step, values=logs)
    edges = np.linspace(0, past.count, QUARTERS + 1).astype(int)
    said = []
    for a, b in pairwise(edges):
        part = replace(past, first=past.first + past.stride * int(a), count=int(b - a))
        without = logs.copy()
        without[:, part.first : part.first + past.stride * part.count] = np.nan
        said.append(find(blocks_of(panel, without, block), block).at_origins(part) if b > a else None)
    points = np.concatenate([p for p in said if p is not None], axis=2)
    return Studied(rule=find(blocks_of(panel, logs, block), block), points=points)


def phases(blocks: Blocks, period: float) -> tuple[np.ndarray[Any, np.dtype[np.intp]], int]:
    """Which bin of the period each block's centre falls in, and how many bins there are."""
    bins = max(1, round(period / blocks.length))
    return ((blocks.centres % period) / period * bins).astype(np.intp) % bins, bins


def by_phase(values: FloatArray, phase: np.ndarray[Any, np.dtype[np.intp]], bins: int) -> FloatArray:
    """Mean by phase and row; a phase nobody measured gets the row's mean."""
    rows = values.shape[0]
    seen = np.isfinite(values)
    total, count = np.zeros((rows, bins)), np.zeros((rows, bins))
    for b in range(bins):
        there = np.flatnonzero(phase == b)
        total[:, b] = np.where(seen[:, there], values[:, there], 0.0).sum(axis=1)
        count[:, b] = seen[:, there].sum(axis=1)
    overall = total.sum(axis=1, keepdims=True) / np.maximum(count.sum(axis=1, keepdims=True), 1)
    return np.where(count > 0, total / np.maximum(count, 1), overall)


def following(alpha: FloatArray) -> FloatArray:
    """Weights of exponential smoothing over the newest blocks, (rows, TAPS), adding up to one."""
    weights = alpha[:, None] * (1.0 - alpha[:, None]) ** np.arange(TAPS)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
