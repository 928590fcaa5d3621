"""A forecaster that knows the true future: what the same controller could do if it were never surprised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from autoscaler.core.history import requirement
from autoscaler.replay.offered import Offered
from forecasting.forecast import Forecast
from forecasting.series import FloatArray, Panel


class Oracle:
    """Forecaster and fitted in one; every level is what will come."""

    name = "oracle"
    memory = 1

    def __init__(self, offered: Mapping[str, Offered], waits: Mapping[str, float], step: float):
        works, starts = [], []
        for name, one in offered.items():
            start, work = _whole_steps(one, step)
            need = requirement(work[np.newaxis], step, np.array([waits[name]]))
            works.append(need[0])
            starts.append(start)
        self._start = max(starts)
        cut = [w[round((self._start - s) / step) :] for w, s in zip(works, starts, strict=True)]
        self._values = np.array([w[: min(map(len, cut))] for w in cut])
        self._step = step

    def fit(self, history: Panel) -> Oracle:
        return self

    def forecast(self, recent: Panel, horizon: float, levels: Sequence[float]) -> Forecast:
        ahead = ceil(horizon / self._step)
        first = round((recent.end - self._start) / self._step)
        last = self._values.shape[1] - 1
        path = self._values[:, np.minimum(np.arange(first, first + ahead), last)]
        path = np.where(np.isnan(path), 0.0, path)
        asked = tuple(sorted({0.5, *levels}))
        return Forecast(
            origin=recent.end,
            step=self._step,
            levels=asked,
            paths=np.broadcast_to(path, (len(asked), *path.shape)),
            method=self.name,
        )

    def state(self) -> dict[str, object]:
        return {"name": self.name}


def _whole_steps(offered: Offered, step: float) -> tuple[float, FloatArray]:
    """History and what comes on one grid, work a second."""
    per = round(step / offered.step)
    count = offered.steps // per
    future = offered.work[: count * per].reshape(count, per).sum(axis=1) / step
    past = offered.history
    if abs(past.step - step) > 1e-9:
        return offered.start, future
    return past.start, np.concatenate([past.values[0], future])
