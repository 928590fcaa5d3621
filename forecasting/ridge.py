"""Ridge regression for many rows at once, each horizon for itself, with errors it has not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from forecasting.lags import ahead_columns, common_columns, evaluate, smoothed
from forecasting.past import DAY, Array32, Past
from forecasting.series import FloatArray

_BLOCKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Weights for each row, knot and column, and what they would have said at every origin."""

    weights: FloatArray  # (rows, knots, columns)
    unseen: Array32  # (rows, knots, origins): z[t+h] - z[t], by weights that did not see that stretch


def solve(past: Past, *, penalty: float, half_life: float) -> Solution:
    """Fit z[t+h] - z[t] at every knot. Loud hours count more than quiet ones, new ones more than old."""
    smooth = smoothed(past.logs)
    common = common_columns(past.step, past.reach)
    count = len(common) + len(ahead_columns(past.step, past.reach, past.knots[0]))
    cells = np.empty((past.rows, count + 1, past.count), dtype=np.float32)
    evaluate(past, common, smooth, cells)
    now, size = past.at(0), _size(past, half_life)
    weights = np.zeros((past.rows, len(past.knots), count))
    unseen = np.empty((past.rows, len(past.knots), past.count), dtype=np.float32)
    for k, h in enumerate(past.knots):
        evaluate(past, ahead_columns(past.step, past.reach, h), smooth, cells[:, len(common) : count])
        cells[:, count] = past.at(h) - now
        weights[:, k], unseen[:, k] = _one_horizon(cells, size, penalty)
    return Solution(weights=weights, unseen=unseen)


def _size(past: Past, half_life: float) -> Array32:
    age = past.step * (past.steps - past.origin_steps) / (half_life * DAY)
    now = np.nan_to_num(past.at(0) - np.nanmax(past.logs, axis=1, keepdims=True, initial=-50.0), nan=-50.0)
    size: Array32 = (np.exp(np.maximum(now, -30.0)) * 0.5**age).astype(np.float32)
    return size


def _one_horizon(cells: Array32, size: Array32, penalty: float) -> tuple[FloatArray, Array32]:
    """Weights from all blocks; for each block, what the other blocks would have said."""
    target = cells[:, -1]
    used = np.where(np.isnan(target), np.float32(0.0), size)
    target[np.isnan(target)] = 0.0
    edges = np.linspace(0, cells.shape[2], min(_BLOCKS, cells.shape[2]) + 1).astype(int)
    grams = np.stack([_gram(cells[:, :, a:b], used[:, a:b]) for a, b in pairwise(edges)])
    total = grams.sum(axis=0)
    # All at once, the whole last: a solver that is called six times costs more than what it solves.
    systems = np.concatenate([total - grams, total[None]])
    weights = _weights(systems.reshape(-1, *total.shape[1:]), penalty).reshape(len(systems), len(total), -1)
    unseen = np.empty_like(target)
    for without, (a, b) in zip(weights[:-1].astype(np.float32), pairwise(edges), strict=True):
        unseen[:, a:b] = np.matmul(without[:, None], cells[:, :-1, a:b])[:, 0]
    return weights[-1], unseen


def _gram(cells: Array32, size: Array32) -> FloatArray:
    weighted = cells * size[:, None]
    product: npt.NDArray[np.float32] = np.matmul(weighted, cells.transpose(0, 2, 1))
    return product.astype(np.float64)


def _weights(gram: FloatArray, penalty: float) -> FloatArray:
    """Solve with columns brought to one size; a column that is nothing gets no weight."""
    columns = gram.shape[1] - 1
    # Clipped: a block taken away from the total leaves rounding where nothing should be.
    power = np.maximum(np.diagonal(gram, axis1=1, axis2=2)[:, :columns], 0.0)
    floor = 1e-9 * power.max(axis=1, keepdims=True) + 1e-30
    scale = 1.0 / np.sqrt(power + floor)
    matrix = gram[:, :columns, :columns] * scale[:, :, None] * scale[:, None, :]
    matrix[:, np.arange(columns), np.arange(columns)] += penalty
    right = gram[:, :columns, columns] * scale
    return np.asarray(np.linalg.solve(matrix, right[:, :, None])[:, :, 0] * scale)
