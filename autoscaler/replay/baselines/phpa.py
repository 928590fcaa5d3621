"""The Predictive Horizontal Pod Autoscaler: an HPA beside Holt-Winters on its own counts.

Source: PHPA documentation "Holt-Winters Time Series prediction" (its example: additive, α = β = γ = 0.9),
decision type `maximum`, downscale stabilisation 300 s. Like PHPA it forecasts what the HPA asked for, a count
that already carries the HPA's lag and headroom.
"""

from math import ceil
from typing import ClassVar

import numpy as np

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Readings, Setup
from autoscaler.replay.baselines.hpa import UTILISATION, Hpa
from autoscaler.replay.baselines.window import Highest

STEP_S = 600.0
SEASON = 144  # steps: a day
DOWN_WINDOW_S = 300.0  # downscaleStabilization
LOOK_BACK_S = 21 * 86_400.0


class HoltWinters:
    """Additive trend and additive season; says one step ahead. Nothing before two seasons are seen.

    The season is smoothed against the new level, as in textbooks. statsmodels, which PHPA calls, smooths it
    against the level before; with three times 0.9 that lies outside the stable region (γ < 1 − α) and swings
    wider with every season, so that it would make PHPA look worse than a user would leave it.
    """

    def __init__(self, season: int, level: float = 0.9, trend: float = 0.9, seasonal: float = 0.9) -> None:
        self._period = season
        self._alpha, self._beta, self._gamma = level, trend, seasonal
        self._seen: list[float] = []
        self._season: list[float] = []
        self._level = self._trend = 0.0
        self._next = 0

    def add(self, count: float) -> None:
        if self._season:
            self._smooth(count)
            return
        self._seen.append(count)
        if len(self._seen) == 2 * self._period:
            self._begin()

    def ahead(self) -> float | None:
        """What is expected of the next step."""
        return self._level + self._trend + self._season[self._next] if self._season else None

    def _begin(self) -> None:
        """Level, trend and season of the first two seasons, then all of them smoothed."""
        seen, self._seen = self._seen, []
        first, second = sum(seen[: self._period]) / self._period, sum(seen[self._period :]) / self._period
        self._level = first
        self._trend = (second - first) / self._period
        self._season = [count - first for count in seen[: self._period]]
        for count in seen:
            self._smooth(count)

    def _smooth(self, count: float) -> None:
        season = self._season[self._next]
        expected = self._level + self._trend
        level = self._alpha * (count - season) + (1.0 - self._alpha) * expected
        self._trend = self._beta * (level - self._level) + (1.0 - self._beta) * self._trend
        self._season[self._next] = self._gamma * (count - level) + (1.0 - self._gamma) * season
        self._level = level
        self._next = (self._next + 1) % self._period


class Phpa:
    """The larger of what the HPA asks for and what Holt-Winters says of the next ten minutes."""

    name: ClassVar[str] = "phpa"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._hpa = Hpa(setup)
        self._past = setup.past
        self._ceiling = setup.workload.servers.ceiling  # maxReplicas
        self._model = HoltWinters(SEASON)
        self._highest = Highest(DOWN_WINDOW_S)
        self._stepped: float | None = None
        self._predicted = 0

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        if self._stepped is None:
            self._recall(at)
            self._highest.add(at, servers.desired)
        calculated = self._hpa.propose(readings, servers)
        if calculated is None:
            return servers.desired  # the reconciliation ends with the HPA's error
        # PHPA stores the count before its maximum; a long queue would then come back tomorrow as a forecast
        # of hundreds. Kept within the maximum it is a count that the fleet can have had.
        calculated = min(calculated, self._ceiling)
        if self._stepped is None or at - self._stepped >= STEP_S:
            self._stepped = at
            self._model.add(calculated)
            self._predicted = ceil((self._model.ahead() or 0.0) - 1e-9)
        return int(self._highest.add(at, max(calculated, self._predicted)))

    def _recall(self, at: float) -> None:
        """What the HPA would have asked for in the past, from the demand of each step's last minute."""
        work = self._past(at - LOOK_BACK_S, at, 60.0)[::-1][:: int(STEP_S // 60.0)][::-1]
        last = 0
        for busy in work[np.isfinite(work).argmax() :] if np.isfinite(work).any() else ():
            # A gap repeats the step before: the counts are a list, which has no place for gaps.
            last = last if np.isnan(busy) else min(max(1, ceil(busy / UTILISATION - 1e-9)), self._ceiling)
            self._model.add(last)
