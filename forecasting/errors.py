"""What a method got wrong, made into bands: the tables are learned here and asked in `bands`.

Which regimes, and how much to believe the expected size of an error, is decided for each row by what would
have cost least at the levels that capacity is planned at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.bands import GRID, REGIMES, Bands
from forecasting.past import Array32
from forecasting.series import FloatArray

LOUD = (0.9, 0.97, 0.99)  # the levels that capacity is planned at
_ENOUGH = 100  # errors in a regime below which it borrows
_POWERS = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What a method said at past origins, and what came. All in logarithms, float32."""

    points: Array32  # (rows, knots, origins)
    targets: Array32  # the same shape; NaN where nobody measured
    now: Array32  # (rows, origins)
    unrest: Array32  # (rows, origins)


def learn(errors: Errors, knots: tuple[int, ...]) -> Bands:
    """Tables from past errors, with the regimes and sizes that would have cost least."""
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
    return Bands(
        knots=knots, marks=_wide(marks), by_size=_wide(by_size[:, None]), power=_wide(power[:, None]),
        rising=_wide(risen), size=_wide(coefficients), quantiles=_wide(quantiles),
    )  # fmt: skip


def _wide(array: Array32) -> FloatArray:
    return array.astype(np.float64)


def _thirds(mark: Array32) -> Array32:
    """Two marks for each row that part the middle horizon's origins in three."""
    middle = np.sort(mark[:, mark.shape[1] // 2], axis=1)
    count = np.isfinite(middle).sum(axis=1)
    at = np.stack([count // 3, 2 * count // 3], axis=1)
    marks: Array32 = np.nan_to_num(np.take_along_axis(middle, np.minimum(at, middle.shape[1] - 1), axis=1))
    return marks


def _above(mark: Array32, marks: Array32) -> Array32:
    return (mark > marks[:, :1, None]).astype(np.float32) + (mark > marks[:, 1:, None])


def _spread(residual: Array32) -> Array32:
    seen = np.isfinite(residual)
    square = np.where(seen, residual, np.float32(0.0)) ** 2
    root: Array32 = np.sqrt(square.sum(axis=2) / np.maximum(seen.sum(axis=2), 1)).astype(np.float32)
    return root


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
    explained = np.matmul(slope[:, :, None].astype(np.float32), design)[:, :, 0]
    reach = 2.0 * np.sqrt((explained**2).sum(axis=2) / count[..., 0])
    slope /= deviation
    constant = -(slope * centre).sum(axis=2)
    parts = [constant[..., None], slope, -reach[..., None], reach[..., None]]
    return np.concatenate(parts, axis=2).astype(np.float32)


def _design(errors: Errors, move: Array32) -> Array32:
    unrest = np.broadcast_to(errors.unrest[:, None], move.shape)
    design: Array32 = np.nan_to_num(np.stack([errors.points, unrest, move, np.abs(move)], axis=2))
    return design


def _size_of(size: Array32, errors: Errors, move: Array32) -> Array32:
    """Log of the expected size of each error, (rows, knots, origins)."""
    level = np.matmul(size[:, :, None, 1:5], _design(errors, move))[:, :, 0] + size[:, :, :1]
    return np.asarray(np.clip(level, size[:, :, 5:6], size[:, :, 6:7]))


def _best_choice(
    residual: Array32, size: Array32, points: Array32, rising: Array32
) -> tuple[Array32, Array32]:
    """Regimes by level or by expected size, how much to believe that size: what had cost least, by row."""
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
    """What bounds at the errors' own loud quantiles would have cost, (rows, knots).

    Rarer levels count more, or .9 would decide alone.
    """
    ordered = np.sort(residual, axis=2)
    seen = np.isfinite(residual).sum(axis=2, keepdims=True)
    total = np.zeros(residual.shape[:2], dtype=np.float32)
    for level in LOUD:
        rank = np.clip((seen * level).astype(np.intp), 0, max(residual.shape[2] - 1, 0))
        bound = np.nan_to_num(np.take_along_axis(ordered, rank, axis=2))
        total += _pinball(residual, bound, level, weight) / np.float32(1.0 - level) ** 0.5
    return total


def _pinball(residual: Array32, bound: Array32, level: float, weight: Array32) -> Array32:
    """Pinball in the series' own unit, (rows, knots); `weight` is what the errors are relative to."""
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
    last = np.maximum(counts[..., None] - 1.0, 0.0)
    rank = np.clip((counts[..., None] + 1) * np.array(GRID) - 1.0, 0.0, last)
    low = np.minimum((begin[..., None] + np.floor(rank)).astype(np.intp), key.shape[2] - 1)
    high = np.minimum((begin[..., None] + np.ceil(rank)).astype(np.intp), key.shape[2] - 1)
    flat = (*low.shape[:2], -1)
    below = np.take_along_axis(key, low.reshape(flat), axis=2).reshape(low.shape)
    above = np.take_along_axis(key, high.reshape(flat), axis=2).reshape(low.shape)
    found = below + (rank - np.floor(rank)) * (above - below) - bound * np.arange(groups)[:, None]
    return np.where(counts[..., None] > 0, found, 0.0).astype(np.float32), counts.astype(np.float32)
