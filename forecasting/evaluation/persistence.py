"""The forecast that needs no model: what is, times what that ratio has lately been. A floor for the others.

The bound of a level is the last value times the conformal quantile of past ratios of what came to what was;
only ratios that were known when the bound was made count. Values that may be 0 are offset by a share of the
usual size, so that a quiet minute does not multiply: with 0.05 of a mean of 20, 0 → 4 is a ratio of 5.
"""

from __future__ import annotations

import numpy as np

from forecasting.series import FloatArray

OFFSET = 0.05  # of the mean of what was known before the first bound
KEPT = 2_016  # marks: a week of five minutes


def persistence(
    last: FloatArray, came: FloatArray, *, level: float, lag: int, first: int, kept: int = KEPT
) -> FloatArray:
    """A bound for each mark from `first` on.

    `last[k]` is the newest value when mark k was spoken of, `came[k]` what came there; `lag` ≥ 1 is how many
    marks lie between an outcome and the first bound that may know of it. NaN: nobody measured.
    """
    if lag < 1 or not 0 <= first <= len(last) or len(last) != len(came):
        raise ValueError(f"lag {lag}, first {first} and rows of {len(last)} and {len(came)} do not fit")
    known = came[:first][np.isfinite(came[:first])]
    offset = OFFSET * float(known.mean()) if known.size and known.mean() > 0 else 1e-9
    ratios = (came + offset) / (last + offset)
    quantile = _conformal(ratios, level, lag, first, kept)
    return np.maximum((last[first:] + offset) * quantile - offset, 0.0)


def _conformal(ratios: FloatArray, level: float, lag: int, first: int, kept: int) -> FloatArray:
    """For each mark, the past ratio that a share `level` of them stay below, one more counted as worse."""
    until = len(ratios) - lag + 1  # the last mark knows of ratios[: until]
    padded = np.concatenate([np.full(kept + lag, np.nan), ratios[: max(until, 0)]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kept)[first + 1 : len(ratios) + 1]
    ordered = np.sort(windows, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(axis=1)
    place = np.minimum(np.ceil((count + 1) * level).astype(int), count) - 1
    chosen: FloatArray = ordered[np.arange(len(ordered)), np.maximum(place, 0)]
    return np.where(count > 0, chosen, 1.0)
