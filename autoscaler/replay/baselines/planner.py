"""A planner in the manner of NVIDIA Dynamo: the load one interval ahead, divided by what a replica carries.

Source: Dynamo documentation "SLA-based planner" (throughput-based scaling, adjustment interval 180 s, ARIMA
load predictor). It plans for the next interval and knows of no start-up time and no headroom.
"""

from math import ceil, isfinite
from typing import ClassVar

import numpy as np

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Readings, Setup
from autoscaler.replay.baselines.work import RequestWork
from forecasting.series import FloatArray

INTERVAL_S = 180.0  # throughput_adjustment_interval
LAGS = 3
LEAST_POINTS = 5  # below that the predictor says the last value
LOOK_BACK_S = 21 * 86_400.0


class Arima310:
    """ARIMA(3,1,0) by least squares on the differences, its normal equations kept up point by point.

    The likelihood that statsmodels maximises differs only in how it treats the first three points.
    """

    def __init__(self) -> None:
        self._last: list[float] = []
        self._points = 0
        self._xx: FloatArray = np.zeros((LAGS, LAGS))
        self._xy: FloatArray = np.zeros(LAGS)

    def add(self, load: float) -> None:
        last = self._last
        last.append(load)
        self._points += 1
        if len(last) <= LAGS + 1:
            return
        before = np.array([last[k] - last[k - 1] for k in range(LAGS, 0, -1)])
        self._xx += np.outer(before, before)
        self._xy += before * (last[-1] - last[-2])
        del last[0]

    def ahead(self) -> float:
        """The load expected of the next interval."""
        last = self._last
        if self._points < LEAST_POINTS or not self._xx.any():
            return last[-1] if last else 0.0
        # A flat past has no differences to learn from; the ridge only keeps the equations solvable.
        ridge = 1e-9 * self._xx.trace() * np.eye(LAGS)
        weights = np.linalg.solve(self._xx + ridge, self._xy)
        steps = [last[k] - last[k - 1] for k in range(-1, -LAGS - 1, -1)]
        return max(0.0, last[-1] + sum(float(w) * d for w, d in zip(weights, steps, strict=True)))


class Planner:
    """Every three minutes: the forecast of the next three, rounded up to replicas."""

    name: ClassVar[str] = "planner"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._request = RequestWork(setup.workload.profile)
        self._past = setup.past
        self._model = Arima310()
        self._planned: float | None = None
        self._wanted = 1
        self._loads: list[float] = []

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        if self._planned is None:
            for load in self._intervals_before(at):
                self._model.add(load if isfinite(load) else 0.0)
            self._plan(at)
        self._measure(readings)
        if self._planned is not None and at - self._planned >= INTERVAL_S:
            # The predictor stores a reading that is missing or not finite as load 0.
            self._model.add(sum(self._loads) / len(self._loads) if self._loads else 0.0)
            self._plan(at)
        return self._wanted

    def _plan(self, at: float) -> None:
        self._planned = at
        self._loads = []
        self._wanted = max(1, ceil(self._model.ahead() - 1e-9))  # min_endpoint 1

    def _measure(self, readings: Readings) -> None:
        """Take each complete step of the rates once: requests, by the work that one of them brings."""
        arrivals = self._request.learn(readings)
        if arrivals is not None:
            self._loads.append(arrivals * self._request.seconds)

    def _intervals_before(self, at: float) -> list[float]:
        work = self._past(at - LOOK_BACK_S, at, 60.0)
        steps = int(INTERVAL_S // 60.0)
        whole = work[len(work) % steps :].reshape(-1, steps)
        loads = whole.mean(axis=1)
        return [float(load) for load in loads[np.isfinite(loads).argmax() :]]
