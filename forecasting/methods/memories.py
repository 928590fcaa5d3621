"""Ridge of memories: what happened after moments like this one.

The expected change of the logarithm is a weighted sum of recent changes and of what the same stretch did half
an hour, an hour, some days and a week ago. A spike every half hour is then as plain as a morning ramp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting import rules
from forecasting.learned import Studied, far_points
from forecasting.past import DAY, HOUR, MINUTE, Past
from forecasting.ridge import solve
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Memories:
    """`penalty` is the ridge relative to a column's own size; `half_life` in days."""

    name: str = "memories"
    max_ahead: float = 30 * MINUTE
    penalty: float = 0.01
    half_life: float = 14.0
    needs: float = 3 * HOUR

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        solution = solve(past, penalty=self.penalty, half_life=self.half_life)
        season = season_share(past)
        points = far_points(past, solution.unseen + past.at(0)[:, None], season)
        rule = rules.recall(past.step, past.reach, past.knots, solution.weights, season)
        return Studied(rule=rule, points=points)


def season_share(past: Past) -> FloatArray:
    """Whether the far future is the season: only with a day to look back on."""
    return np.full(past.rows, 1.0 if past.reach * past.step >= DAY else 0.0)
