"""Theta and STL, found by statsmodels; imported when fitted, never on the tick.

Both are given five-minute blocks and settings under which a fit takes tens of milliseconds: the defaults of
STL would take twenty times as long for the same forecast.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from forecasting.learned import Studied
from forecasting.past import DAY, MINUTE, Past
from forecasting.profile import TAPS, Blocks, Profile, by_phase, following, phases, study
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Theta:
    """Season taken out, then simple smoothing with half the drift."""

    name: str = "theta"
    max_ahead: float = 30 * MINUTE
    needs: float = 4 * DAY

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        return study(past, _theta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stl:
    """The newest cycle of a loess season, and a level that follows what is left."""

    name: str = "stl"
    seasonal: int = 7
    follow: float = 0.5
    max_ahead: float = 30 * MINUTE
    needs: float = 4 * DAY

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        return study(past, self._find)

    def _find(self, blocks: Blocks, block: int) -> Profile:
        from statsmodels.tsa.seasonal import STL

        full, phase, bins = filled(blocks)
        curve = np.empty((len(full), bins))
        # Jumps: the loess is computed at every n-th point and interpolated, 13 ms instead of 310 for a week.
        small, large = max(1, bins // 20), max(1, bins // 10)
        for row, logs in enumerate(full):
            found = STL(
                logs, period=bins, seasonal=self.seasonal,
                seasonal_jump=small, trend_jump=large, low_pass_jump=large,
            ).fit()  # fmt: skip
            newest = np.asarray(found.seasonal)[-bins:], np.asarray(found.trend)[-bins:]
            curve[row, phase[-bins:]] = newest[0] + newest[1].mean()
        rows = len(full)
        return profile(blocks, block, curve, following(np.full(rows, self.follow)), np.zeros((rows, TAPS)))


def _theta(blocks: Blocks, block: int) -> Profile:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    full, phase, bins = filled(blocks)
    curve = by_phase(full, phase, bins)
    follow = np.empty(len(full))
    # How fast the level moves is seen in two days as well as in a month, for a tenth of the time.
    for row, logs in enumerate((full - curve[:, phase])[:, -2 * bins :]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ThetaModel(logs, period=1, deseasonalize=False).fit(use_mle=False, disp=False)
        follow[row] = float(np.clip(found.params["alpha"], 0.05, 1.0))
    # Half the drift of days, over minutes ahead, is nothing: level and season are what is left of Theta here.
    return profile(blocks, block, curve, following(follow), np.zeros((len(full), TAPS)))


def profile(
    blocks: Blocks, block: int, curve: FloatArray, level: FloatArray, slope: FloatArray, damp: float = 0.9
) -> Profile:
    rows = len(curve)
    return Profile(
        step=blocks.length / block, block=block, period=DAY, curve=curve, level=level, slope=slope,
        persist=np.full(rows, 0.995), damp=np.full(rows, damp),
    )  # fmt: skip


def filled(blocks: Blocks) -> tuple[FloatArray, np.ndarray[tuple[int], np.dtype[np.intp]], int]:
    """Whole days for methods that know no gaps: a gap becomes the mean of its time of day, for them alone."""
    phase, bins = phases(blocks, DAY)
    usual = by_phase(blocks.logs, phase, bins)[:, phase]
    return np.where(np.isfinite(blocks.logs), blocks.logs, usual), phase, bins
