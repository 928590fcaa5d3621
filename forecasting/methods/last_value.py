"""Last value: what is, stays. The method that every other one must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting import rules
from forecasting.lags import columns_at
from forecasting.learned import Studied, far_points
from forecasting.past import MINUTE, Past
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class LastValue:
    name: str = "last-value"
    max_ahead: float = 30 * MINUTE
    needs: float = 30 * MINUTE

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        columns = columns_at(past.step, past.reach, past.knots[0])
        weights = np.zeros((past.rows, len(past.knots), len(columns)))
        never = np.zeros(past.rows)
        points = np.repeat(past.at(0)[:, None], len(past.knots), axis=1)
        rule = rules.recall(past.step, past.reach, past.knots, weights, never)
        return Studied(rule=rule, points=far_points(past, points, never))
