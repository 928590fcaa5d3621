"""Forecasters that lie, each in its own way, and a day lived with one of them."""

from functools import cache
from typing import NamedTuple

import numpy as np

from autoscaler.control.clock import VirtualClock
from autoscaler.control.controller import Config, Controller
from autoscaler.control.memory import MemoryLedger, NoJournal
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.run import run
from autoscaler.replay.scorecard import score
from autoscaler.replay.setting import Setting, measured_setting
from autoscaler.replay.synthetic import formula
from forecasting.forecast import Forecast
from forecasting.series import FloatArray, Panel

DAY = 86_400.0
HISTORY_DAYS, SCORED_DAYS = 2.0, 1.0
DAY_STEPS = 1_440
BAND = np.array([1.0, 1.1, 1.2, 1.3, 1.5])[:, None, None]  # of the five levels that a controller asks for


@cache
def until_friday_evening(name: str) -> Setting:
    """Two days of history and one that is scored, all of them working days: 18:00 to 18:00."""
    trace = formula(name, 1)
    end = trace.end - 3 * DAY + 18 * 3_600.0
    return measured_setting(
        {name: trace.between(end - (HISTORY_DAYS + SCORED_DAYS) * DAY, end)}, score=SCORED_DAYS
    )


class Lived(NamedTuple):
    attainment: float  # percent
    gpu_hours: float
    controller: Controller


def live(setting: Setting, fits=None, tuner=None) -> Lived:
    """As `assembly.replay` wires it, whatever stands behind the fits."""
    cluster = SimulatedCluster(setting.policy, setting.offered, setting.world, 1)
    controller = Controller(
        Config(policy=setting.policy, fits=fits, tuner=tuner),
        signals=cluster,
        cluster=cluster,
        actuator=cluster,
        clock=VirtualClock(setting.start),
        ledger=MemoryLedger(),
        journal=NoJournal(),
    )
    outcome = run(cluster, controller, start=setting.start, end=setting.end)
    total = score(outcome).total
    return Lived(total.attainment, total.gpu_hours, controller)


class Lie:
    """Forecaster and fitted in one: says of every step ahead what `says` makes of the recent past."""

    name = "lie"

    def __init__(self, says, memory: int = 1) -> None:
        self._says = says
        self.memory = memory

    def fit(self, history: Panel):
        return self

    def state(self):
        return {"name": self.name}

    def forecast(self, recent: Panel, horizon: float, levels) -> Forecast:
        ahead = max(int(horizon // recent.step) + 1, 1)
        paths = np.zeros((len(levels), recent.rows, ahead)) + self._says(recent, ahead)
        return Forecast(
            origin=recent.end, step=recent.step, levels=tuple(levels), paths=paths, method=self.name
        )


def _newest(recent: Panel) -> FloatArray:
    return np.nan_to_num(recent.values[:, -1])[None, :, None]


def _a_day_off(recent: Panel, ahead: int) -> FloatArray:
    if recent.steps < DAY_STEPS + ahead:
        return _newest(recent)
    first = recent.steps - DAY_STEPS
    return np.nan_to_num(recent.values[:, first : first + ahead])[None]


def _raises(recent: Panel, ahead: int) -> FloatArray:
    raise RuntimeError("broken")


LIES = {
    "0": Lie(lambda recent, ahead: 0.0),
    "NaN": Lie(lambda recent, ahead: np.nan),
    "1e308": Lie(lambda recent, ahead: 1e308),
    "a constant": Lie(lambda recent, ahead: 10.0),
    "a hundred times what is": Lie(lambda recent, ahead: 100.0 * BAND * _newest(recent)),
    "of today what came yesterday": Lie(_a_day_off, DAY_STEPS + 60),
    "nothing, it raises": Lie(_raises),
    "quantiles that cross": Lie(lambda recent, ahead: BAND[::-1] * _newest(recent)),
}
