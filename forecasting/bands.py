"""Quantiles for a point method, from its own past errors.

Errors are taken in logarithms, so that bands scale with the load; divided by how large an error was to be
expected just then; and kept apart by regime: quiet, normal or busy, rising or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from forecasting.forecaster import State
from forecasting.past import Array32
from forecasting.rules import Index, at_steps
from forecasting.series import FloatArray

GRID = (
    0.001, 0.005, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
    0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999,
)  # fmt: skip
LOUD = (0.9, 0.97, 0.99)  # the levels that capacity is planned at, by which choices are made
REGIMES = 6
_ENOUGH = 100
_POWERS = (0.0, 0.5, 1.0)
_CACHE_LIMIT = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What an answer needs besides the values: tables at the steps and levels that were asked for."""

    size: tuple[FloatArray, ...]  # constant, level, unrest, move, |move|, lowest, highest; each (rows, ahead)
    rising: FloatArray  # (rows, ahead)
    quantiles: FloatArray  # (rows * ahead * regimes, levels)
    base: Index  # (rows, ahead): where each row and step begins in `quantiles`


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
    _asked: dict[tuple[int, tuple[float, ...]], _Question] = field(default_factory=dict, compare=False, repr=False)

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

    def _question(self, ahead: int, levels: tuple[float, ...]) -> _Question:
        asked = self._asked.get((ahead, levels))
        if asked is not None:
            return asked
        table = _at_levels(self.quantiles, levels)
        table = at_steps(table, self.knots, ahead)
        size = at_steps(self.size, self.knots, ahead)
        rows = table.shape[0]
        base = (REGIMES * np.arange(rows * ahead, dtype=np.intp)).reshape(rows, ahead)
        asked = _Question(
            size=tuple(np.ascontiguousarray(size[:, :, i]) for i in range(size.shape[2])),
            rising=at_steps(self.rising, self.knots, ahead),
            quantiles=np.ascontiguousarray(table.reshape(rows * ahead * REGIMES, len(levels))),
            base=base,
        )
        if table.size <= _CACHE_LIMIT:
            if len(self._asked) >= 8:
                self._asked.clear()
            self._asked[(ahead, levels)] = asked
        return asked

    def state(self) -> State:
        arrays = ("marks", "by_size", "power", "rising", "size", "quantiles")
        return {"knots": list(self.knots)} | {name: getattr(self, name).tolist() for name in arrays}


def restored(state: dict[str, Any]) -> Bands:
    names = [f.name for f in fields(Bands) if f.name not in ("knots", "_asked")]
    arrays = {name: np.array(state[name], dtype=np.float64) for name in names}
    return Bands(knots=tuple(state["knots"]), **arrays)


def _at_levels(quantiles: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """The tables at any levels: interpolated on the scale of log odds, where tails are nearly straight."""
    grid = np.log(np.array(GRID) / (1.0 - np.array(GRID)))
    wanted = np.clip(np.array(levels), GRID[0], GRID[-1])
    odds = np.log(wanted / (1.0 - wanted))
    low = np.clip(np.searchsorted(grid, odds, side="right") - 1, 0, len(GRID) - 2)
    weight = (odds - grid[low]) / (grid[low + 1] - grid[low])
    return np.asarray((1.0 - weight) * quantiles[..., low] + weight * quantiles[..., low + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What a method said at past origins, and what came. All in logarithms, float32."""

    points: Array32  # (rows, knots, origins)
    targets: Array32  # the same shape; NaN where nobody measured
    now: Array32  # (rows, origins)
    unrest: Array32  # (rows, origins)


def learn(errors: Errors, knots: tuple[int, ...]) -> Bands:
    """Tables from past errors, with the regimes and the belief in expected size that would have cost least."""
    residual = errors.targets - errors.points
    move = errors.points - errors.now[:, None]
    residual[np.isnan(move)] = np.nan
    coefficients = _expected_size(residual, errors, move)
    size = _size_of(coefficients, errors, move)
    risen = 0.5 * _spread(residual)
    rising = np.float32(3.0) * (move > risen[:, :, None])
    by_size, power = _best_choice(residual, size, errors.points, rising)
    mark = np.where(by_size[:, None, None] > 0, size, errors.points)
    marks = _thirds(mark)
    residual /= np.exp(power[:, None, None] * size)
    quantiles = _tables(residual, _above(mark, marks) + rising)
    wide = [a.astype(np.float64) for a in (marks, by_size[:, None], power[:, None], risen, coefficients, quantiles)]
    return Bands(
        knots=knots, marks=wide[0], by_size=wide[1], power=wide[2], rising=wide[3], size=wide[4], quantiles=wide[5]
    )


def _thirds(mark: Array32) -> Array32:
    """Two marks for each row that part the middle horizon's origins in three."""
    middle = np.sort(mark[:, mark.shape[1] // 2], axis=1)
    count = np.isfinite(middle).sum(axis=1)
    at = np.stack([count // 3, 2 * count // 3], axis=1)
    return np.nan_to_num(np.take_along_axis(middle, np.minimum(at, middle.shape[1] - 1), axis=1))


def _above(mark: Array32, marks: Array32) -> Array32:
    return (mark > marks[:, :1, None]).astype(np.float32) + (mark > marks[:, 1:, None])


def _spread(residual: Array32) -> Array32:
    seen = np.isfinite(residual)
    square = np.where(seen, residual, np.float32(0.0)) ** 2
    return np.sqrt(square.sum(axis=2) / np.maximum(seen.sum(axis=2), 1)).astype(np.float32)


def _expected_size(residual: Array32, errors: Errors, move: Array32) -> Array32:
    """Log size of an error as a linear function of level, unrest and expected move; (rows, knots, 7)."""
    seen = np.isfinite(residual)
    count = np.maximum(seen.sum(axis=2, keepdims=True), 1)
    size = np.abs(np.where(seen, residual, np.float32(0.0)))
    mean = size.sum(axis=2, keepdims=True) / count
    # A tenth of the mean error is added: a lucky hit is not a sign of certainty. Centred on zero.
    log_size = np.log(size / np.where(mean > 0, mean, 1.0) + 0.1)
    design = _design(errors, move)
    design[~np.broadcast_to(seen[:, :, None], design.shape)] = 0.0
    centre = design.sum(axis=3) / count
    design -= centre[..., None]
    deviation = np.sqrt((design**2).sum(axis=3) / count) + 1e-6
    design /= deviation[..., None]
    design[~np.broadcast_to(seen[:, :, None], design.shape)] = 0.0
    log_size[~seen] = 0.0
    middle = log_size.sum(axis=2, keepdims=True) / count
    log_size = np.where(seen, log_size - middle, 0.0).astype(np.float32)
    gram = np.matmul(design, design.swapaxes(2, 3)).astype(np.float64)
    gram[..., range(4), range(4)] += 0.02 * count + 1.0
    slope = np.linalg.solve(gram, np.matmul(design, log_size[..., None]).astype(np.float64))[..., 0]
    reach = 2.0 * np.sqrt((np.einsum("rkf,rkfn->rkn", slope.astype(np.float32), design) ** 2).sum(axis=2) / count[..., 0])
    slope /= deviation
    constant = -(slope * centre).sum(axis=2)
    return np.concatenate([constant[..., None], slope, -reach[..., None], reach[..., None]], axis=2).astype(np.float32)


def _design(errors: Errors, move: Array32) -> Array32:
    unrest = np.broadcast_to(errors.unrest[:, None], move.shape)
    return np.nan_to_num(np.stack([errors.points, unrest, move, np.abs(move)], axis=2))


def _size_of(size: Array32, errors: Errors, move: Array32) -> Array32:
    """Log of the expected size of each error, (rows, knots, origins)."""
    level = np.matmul(size[:, :, None, 1:5], _design(errors, move))[:, :, 0] + size[:, :, :1]
    return np.clip(level, size[:, :, 5:6], size[:, :, 6:7])


def _best_choice(residual: Array32, size: Array32, points: Array32, rising: Array32) -> tuple[Array32, Array32]:
    """Regimes by level or by expected size, and how much to believe that size; what had cost least, by row."""
    knot = slice(residual.shape[1] // 2, residual.shape[1] // 2 + 1)
    residual, size, points, rising = residual[:, knot], size[:, knot], points[:, knot], rising[:, knot]
    weight = np.exp(np.clip(np.nan_to_num(points), -30, 30))
    choices = [(by, power) for by in (0.0, 1.0) for power in _POWERS]
    costs = []
    for by, power in choices:
        mark = size if by else points
        regime = _above(mark, _thirds(mark)) + rising
        expected = np.exp(np.float32(power) * size)
        table = _tables(residual / expected, regime)
        costs.append(_cost(residual, expected, regime, table, weight))
    best = np.array(choices, dtype=np.float32)[np.argmin(np.stack(costs), axis=0)]
    return best[:, 0], best[:, 1]


def _cost(residual: Array32, size: Array32, regime: Array32, table: Array32, weight: Array32) -> Array32:
    """Pinball at the loud levels, by row, in multiples of the load."""
    total = np.zeros(residual.shape[0], dtype=np.float32)
    for level in LOUD:
        bound = np.take_along_axis(table[..., GRID.index(level)], regime.astype(np.intp), axis=2) * size
        total += _pinball(residual, bound, level, weight).sum(axis=1) / np.float32(1.0 - level) ** 0.5
    return total


def loss(residual: Array32, weight: Array32) -> Array32:
    """What bounds at the errors' own loud quantiles would have cost, (rows, knots); rarer levels count more."""
    ordered = np.sort(residual, axis=2)
    seen = np.isfinite(residual).sum(axis=2, keepdims=True)
    total = np.zeros(residual.shape[:2], dtype=np.float32)
    for level in LOUD:
        rank = np.clip((seen * level).astype(np.intp), 0, max(residual.shape[2] - 1, 0))
        bound = np.nan_to_num(np.take_along_axis(ordered, rank, axis=2))
        total += _pinball(residual, bound, level, weight) / np.float32(1.0 - level) ** 0.5
    return total


def _pinball(residual: Array32, bound: Array32, level: float, weight: Array32) -> Array32:
    """Pinball in the series' own unit: `weight` is the size that the errors are relative to; (rows, knots)."""
    short = np.exp(np.clip(residual, -5, 5))
    short -= np.exp(np.clip(bound, -5, 5))
    short = np.maximum(np.float32(level) * short, np.float32(level - 1.0) * short)
    short *= weight
    short[np.isnan(short)] = 0.0
    return np.asarray(short.sum(axis=2))


def _tables(residual: Array32, regime: Array32) -> Array32:
    """Quantiles by regime, (rows, knots, regimes, GRID); a regime seen too seldom borrows from its level."""
    fine, counts = _quantiles_by_group(residual, regime, REGIMES)
    if counts.min() >= _ENOUGH:
        return fine
    level, level_counts = _quantiles_by_group(residual, regime % 3, 3)
    pooled, _ = _quantiles_by_group(residual, np.zeros_like(regime), 1)
    level = np.where((level_counts >= _ENOUGH)[..., None], level, pooled)
    return np.where((counts >= _ENOUGH)[..., None], fine, np.concatenate([level, level], axis=2))


def _quantiles_by_group(residual: Array32, group: Array32, groups: int) -> tuple[Array32, Array32]:
    """One sort for all groups: each is moved to its own stretch of numbers, gaps behind them all."""
    bound = np.float32(64.0)
    key = np.where(np.isfinite(residual), np.clip(residual, -31, 31) + bound * group, bound * (groups + 1))
    key = np.sort(key.astype(np.float32), axis=2)
    counts = np.stack([((group == g) & np.isfinite(residual)).sum(axis=2) for g in range(groups)], axis=2)
    begin = np.cumsum(counts, axis=2) - counts
    # The rank that a new error falls below with that probability, (n + 1) * level.
    rank = np.clip((counts[..., None] + 1) * np.array(GRID) - 1.0, 0.0, np.maximum(counts[..., None] - 1.0, 0.0))
    low = np.minimum((begin[..., None] + np.floor(rank)).astype(np.intp), key.shape[2] - 1)
    high = np.minimum((begin[..., None] + np.ceil(rank)).astype(np.intp), key.shape[2] - 1)
    flat = low.shape[:2] + (-1,)
    below = np.take_along_axis(key, low.reshape(flat), axis=2).reshape(low.shape)
    above = np.take_along_axis(key, high.reshape(flat), axis=2).reshape(low.shape)
    found = below + (rank - np.floor(rank)) * (above - below) - bound * np.arange(groups)[:, None]
    return np.where(counts[..., None] > 0, found, 0.0).astype(np.float32), counts.astype(np.float32)
