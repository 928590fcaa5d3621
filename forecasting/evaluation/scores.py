"""How right a forecast was: pinball, coverage, error against naive methods. Gaps are not scored."""

from __future__ import annotations

import numpy as np

from forecasting.series import FloatArray


def pinball(realised: FloatArray, predicted: FloatArray, level: float) -> float:
    """Mean pinball loss: a miss costs `level` a unit, an idle unit 1 - `level`; NaN if there was none."""
    short = realised - predicted
    return _mean(np.maximum(level * short, (level - 1.0) * short))


def coverage(realised: FloatArray, predicted: FloatArray) -> float:
    """The share of outcomes at or below what was predicted."""
    known = np.isfinite(realised) & np.isfinite(predicted)
    return _mean(np.where(known, realised <= predicted, np.nan))


def mase(realised: FloatArray, predicted: FloatArray, naive: FloatArray) -> float:
    """Mean absolute error over that of a naive forecast of the same steps; below 1 is better than naive.

    0 over 0 is 1: both were right.
    """
    known = np.isfinite(realised) & np.isfinite(predicted) & np.isfinite(naive)
    own = _mean(np.where(known, np.abs(realised - predicted), np.nan))
    other = _mean(np.where(known, np.abs(realised - naive), np.nan))
    if other == 0.0:
        return 1.0 if own == 0.0 else float("inf")
    return own / other


def window_peak(values: FloatArray, first: int, steps: int) -> FloatArray:
    """For each step t, the greatest of values[t + first .. t + first + steps - 1]; NaN if any is missing.

    The last axis is time; the result is as long as the windows that fit.
    """
    if first < 0 or steps < 1:
        raise ValueError(f"a window begins at 0 or later and has a step, got {first} and {steps}")
    if values.shape[-1] < first + steps:
        return np.empty((*values.shape[:-1], 0))
    windows = np.lib.stride_tricks.sliding_window_view(values[..., first:], steps, axis=-1)
    return np.asarray(windows.max(axis=-1))


def peak_pinball(realised: FloatArray, predicted_paths: FloatArray, level: float) -> float:
    """Pinball of the lead window's maximum: outcomes and paths over the window, (..., steps).

    What is provisioned for a window is its peak, so errors in the lesser steps cost nothing.
    """
    return pinball(realised.max(axis=-1), predicted_paths.max(axis=-1), level)


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
