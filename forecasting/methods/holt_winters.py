"""Holt-Winters with fixed parameters: level, damped trend and a daily season, all learned as they pass.

Optimised parameters would cost seconds a fit and gain nothing minutes ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.learned import Studied
from forecasting.methods.statsmodels import filled, profile
from forecasting.past import DAY, MINUTE, Past
from forecasting.profile import TAPS, Blocks, Profile, study
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class HoltWinters:
    name: str = "holt-winters"
    level: float = 0.6
    trend: float = 0.1
    season: float = 0.2
    damp: float = 0.9
    max_ahead: float = 30 * MINUTE
    needs: float = 4 * DAY

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        return study(past, self._find)

    def _find(self, blocks: Blocks, block: int) -> Profile:
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        full, phase, bins = filled(blocks)
        curve = np.empty((len(full), bins))
        for row, logs in enumerate(full):
            model = ExponentialSmoothing(
                logs, trend="add", damped_trend=True, seasonal="add", seasonal_periods=bins,
                initialization_method="heuristic",
            )  # fmt: skip
            found = model.fit(
                smoothing_level=self.level, smoothing_trend=self.trend, smoothing_seasonal=self.season,
                damping_trend=self.damp, optimized=False,
            )  # fmt: skip
            season = np.asarray(found.season)[-bins:]
            curve[row, phase[-bins:]] = season + np.nanmean(logs - np.resize(season, len(logs)))
        level, slope = _responses(self.level, self.trend, self.damp)
        rows = (len(full), 1)
        return profile(blocks, block, curve, np.tile(level, rows), np.tile(slope, rows), self.damp)


def _responses(alpha: float, beta: float, damp: float) -> tuple[FloatArray, FloatArray]:
    """What a blow k blocks ago still weighs in level and trend: the recursion, unrolled.

    With alpha .6 and beta .1 the level's weights fall below a thousandth within an hour.
    """
    level, slope = np.zeros(TAPS), np.zeros(TAPS)
    now, rate = alpha, alpha * beta
    for k in range(TAPS):
        level[k], slope[k] = now, rate
        before = now
        now = (1 - alpha) * (now + damp * rate)
        rate = beta * (now - before) + (1 - beta) * damp * rate
    return level / level.sum(), slope
