"""Last value: what is, stays. The method that every other one must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.lags import columns_at
from forecasting.learned import Learned, banded, far_points
from forecasting.past import MINUTE, Array32, Past, enough_origins, offsets, past_of
from forecasting import rules
from forecasting.rules import Recall
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class LastValue:
    name: str = "last-value"
    max_ahead: float = 30 * MINUTE
    needs: float = 30 * MINUTE

    def learn(self, history: Panel) -> Learned:
        offset = offsets(history.values)
        past = past_of(history, offset, self.max_ahead, enough_origins(history.rows))
        share = np.zeros(past.rows)
        return banded(self.name, past, offset, recall(past, share), far_points(past, points(past), share))


def weights(past: Past) -> FloatArray:
    columns = columns_at(past.step, past.reach, past.knots[0])
    return np.zeros((past.rows, len(past.knots), len(columns)))


def recall(past: Past, share: FloatArray) -> Recall:
    return rules.recall(past.step, past.reach, past.knots, weights(past), share)


def points(past: Past) -> Array32:
    """What it would have said at every origin and fitted horizon."""
    now = past.at(0)
    return np.repeat(now[:, None], len(past.knots), axis=1)
