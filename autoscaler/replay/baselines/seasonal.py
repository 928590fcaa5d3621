"""A forecast without feedback: what the same time of day and week has asked for. It looks at no gauge."""

from math import ceil
from typing import ClassVar

import numpy as np

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Past, Readings, Setup
from forecasting.series import FloatArray

QUANTILE = 0.95
DAY_S = 86_400.0
DAYS_BACK = (1, 2, 3, 7, 14, 21)  # the last three days and the same weekday before
AROUND_S = 900.0  # so far on both sides of the same time
AHEAD_S = 480.0  # the lead time of a node and a load at their slow end: what is ordered now serves then
EVERY_S = 300.0


class Seasonal:
    """The .95 quantile of the same time of day and week, at the moment at which new servers would serve."""

    name: ClassVar[str] = "seasonal"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._past: Past = setup.past
        self._looked = float("-inf")
        self._wanted: int | None = None

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        if at - self._looked >= EVERY_S:
            self._looked = at
            work = self._same_time(at)
            self._wanted = ceil(float(np.quantile(work, QUANTILE)) - 1e-9) if work.size else None
        return servers.desired if self._wanted is None else self._wanted

    def _same_time(self, at: float) -> FloatArray:
        centre = at + AHEAD_S
        then = [centre - day * DAY_S for day in DAYS_BACK]
        work = np.concatenate([self._past(t - AROUND_S, t + AROUND_S, 60.0) for t in then])
        measured: FloatArray = work[~np.isnan(work)]
        return measured
