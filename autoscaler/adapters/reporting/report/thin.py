"""Long rows → short rows that look the same: the least and the most of each stretch, in their order."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from forecasting.series import FloatArray

MOST = 3_000


class Grid(NamedTuple):
    start: float
    step: float
    points: int


def thinned(
    start: float, step: float, rows: Mapping[str, FloatArray], most: int = MOST
) -> tuple[Grid, dict[str, FloatArray]]:
    """Rows on one grid of at most `most` points; every peak and every dip of every row survives."""
    points = max((len(row) for row in rows.values()), default=0)
    if points <= most:
        return Grid(start, step, points), dict(rows)
    stretch = -(-points // (most // 2))
    stretches = -(-points // stretch)
    short = {name: _extremes(row, stretch, stretches) for name, row in rows.items()}
    return Grid(start, step * stretch / 2, 2 * stretches), short


def _extremes(row: FloatArray, stretch: int, stretches: int) -> FloatArray:
    """Two values for each stretch of the row; NaN where all of it is unknown."""
    padded = np.full(stretch * stretches, np.nan)
    padded[: len(row)] = row
    blocks = padded.reshape(stretches, stretch)
    low = np.where(np.isnan(blocks), np.inf, blocks)
    high = np.where(np.isnan(blocks), -np.inf, blocks)
    falling = high.argmax(axis=1) < low.argmin(axis=1)
    least, most = low.min(axis=1), high.max(axis=1)
    pairs = np.stack([np.where(falling, most, least), np.where(falling, least, most)], axis=1)
    pairs[~np.isfinite(pairs)] = np.nan
    flat: FloatArray = pairs.reshape(-1)
    return flat
