"""The past on its grid, the forecaster over it, and how right that has lately been.

Once a step: close the step, see what came of earlier bounds, forecast, and boil it down to one outlook a
workload. Between steps the outlooks stand; a refit comes when it is due and changes nothing until it is done.
"""

from collections.abc import Mapping
from math import ceil, nan

import numpy as np

from autoscaler.control.fits import Fits
from autoscaler.control.reckoning import Reckoning
from autoscaler.core.demand import Demand, Trail
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.ledger import Calibrated
from autoscaler.core.outlook import Outlook, level_for, read_outlook
from autoscaler.core.policy import Policy
from autoscaler.core.strictness import adjusted, level_of, strictness_of
from forecasting.forecast import Forecast
from forecasting.forecaster import Fitted
from forecasting.series import Panel

DAY = 86_400.0
RETRY_S = 600.0  # after a fit that failed
ASKED_LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)  # between two of them a bound is interpolated


class Foresight:
    def __init__(
        self,
        history: History,
        policy: Policy,
        fits: Fits | None,
        leads: Mapping[str, Lead],
        at: float,
        refit_s: float,
        kept: Mapping[str, Calibrated],
    ) -> None:
        self.history = history
        self.outlooks: Mapping[str, Outlook] = {}
        self.forecast: Forecast | None = None
        self.failures: list[str] = []
        self._policy = policy
        self._fits = fits
        self._fitted: Fitted | None = None
        self._memory = 0  # of what is fitted, in steps
        self._refit_s = refit_s
        self._refit_at = at
        self._strictness = {
            name: strictness_of(level_for(w, policy.pools[w.pool])) for name, w in policy.workloads.items()
        }
        self._begun = dict(self._strictness)
        self._stated = {name: w.level for name, w in policy.workloads.items() if w.level is not None}
        self._asked = tuple(sorted({*ASKED_LEVELS, *self._stated.values()}))
        self._strictness |= {n: known.strictness for n, known in kept.items() if n in self._strictness}
        history.set_window(self._lead_window(leads))
        self._usual = _means(history)
        self.reckoning = Reckoning(history.names, self._asked, kept)

    def recall(self, past: Mapping[str, Panel], at: float) -> None:
        """What lies before the first step, known only now: fitted on when the step has ended."""
        self.history.recall(past)
        self._usual |= _means(self.history)
        self._refit_at = min(self._refit_at, at)

    def learned(self) -> Mapping[str, Calibrated]:
        """What a restart should not have to learn again."""
        names = enumerate(self.history.names)
        return {name: self.reckoning.learned(row, self._strictness[name]) for row, name in names}

    def advance(
        self,
        at: float,
        trails: Mapping[str, Trail],
        demands: Mapping[str, Demand | None],
        leads: Mapping[str, Lead],
    ) -> None:
        """Close every step that has ended by `at`, then look ahead."""
        step = self.history.step
        before = self.history.end
        if before <= at < before + step:  # three ticks of four
            return
        self.history.skip_to(at)  # a clock that jumped: what lies between is a gap, and is not walked through
        while at >= self.history.end + step:
            end = self.history.end + step
            self.history.close([self._measured(name, end, trails, demands) for name in self.history.names])
        elapsed = self.history.end - before
        if not elapsed:
            return
        self._adjust(demands, elapsed)
        if self._fits is None:
            return
        if at >= self._refit_at:
            self.history.set_window(self._lead_window(leads))
            self._submit(at)
            self._refit_at += self._refit_s * (1 + (at - self._refit_at) // self._refit_s)
        try:
            fitted = self._fits.poll(at)
        except Exception as error:  # a child that died is a fit that failed
            self.failures.append(f"fit: {type(error).__name__}: {error}")
            fitted = None
        if fitted is not None:
            self._fitted, self._memory = fitted, fitted.memory
        if self._fitted is not None:
            self.reckoning.settle(self.history)
            try:
                self._look_ahead(at, leads, self._fitted)
            except Exception as error:  # a forecast is advice: a method that fails must not stop the tick
                self.failures.append(f"forecast: {type(error).__name__}: {error}")

    def _usual_work(self, name: str, demand: Demand) -> float:
        """The mean of about the last day, by which a moment's weight is told."""
        usual = self._usual.get(name, demand.work)
        self._usual[name] = usual + self.history.step / DAY * (demand.work - usual)
        return usual

    def _adjust(self, demands: Mapping[str, Demand | None], elapsed_s: float) -> None:
        """Levels nobody stated follow what came of them."""
        for name, workload in self._policy.workloads.items():
            demand = demands.get(name)
            if demand is not None and name not in self._stated:
                self._strictness[name] = adjusted(
                    self._strictness[name],
                    demand,
                    self._usual_work(name, demand),
                    workload.objective,
                    self._begun[name],
                    elapsed_s,
                )

    def _submit(self, at: float) -> None:
        assert self._fits is not None
        try:
            self._fits.submit(self.history.panel(), at)
        except Exception as error:
            self.failures.append(f"fit: {type(error).__name__}: {error}")
            self._refit_at = at + RETRY_S - self._refit_s * (1 + (at - self._refit_at) // self._refit_s)

    def _measured(
        self, name: str, end: float, trails: Mapping[str, Trail], demands: Mapping[str, Demand | None]
    ) -> float:
        """Work a second over the step that ended at `end`; a doubted reading is a gap, not a zero."""
        trail, demand = trails.get(name), demands.get(name)
        if trail is None or demand is None or demand.doubts:
            return nan
        return trail.steady if end - self.history.step < trail.rate_at <= end + self.history.step else nan

    def _lead_window(self, leads: Mapping[str, Lead]) -> int:
        widest = max((lead.slow - lead.early for lead in leads.values()), default=0.0)
        return ceil(widest / self.history.step) + 1

    def _look_ahead(self, at: float, leads: Mapping[str, Lead], fitted: Fitted) -> None:
        step = self.history.step
        horizon = max(max(lead.slow, lead.break_even) for lead in leads.values()) + 2 * step
        try:
            forecast = fitted.forecast(self.history.recent(self._memory), horizon, self._asked)
        except Exception as error:  # a forecast is advice: a method that fails must not stop the tick
            self.failures.append(f"forecast: {type(error).__name__}: {error}")
            return
        self.forecast = forecast
        names = self.history.names
        window_s = (self.history.window - 1) * step
        read = {}
        for row, name in enumerate(names):
            level = level_of(self._strictness[name])
            factor = self.reckoning.factor(row, level)
            read[name] = read_outlook(forecast, row, leads[name], level, factor, at, window_s)
        # One that cannot be is left out; the outlook before it stands until it is stale.
        self.outlooks = {**self.outlooks, **{name: o for name, o in read.items() if o is not None}}
        arrives = min(int(max(lead.slow for lead in leads.values()) // step), forecast.ahead - 1)
        self.reckoning.say(self.history.end + (arrives + 1) * step, forecast.paths[:, :, arrives])


def _means(history: History) -> dict[str, float]:
    """Mean work a second over the last week, for those that were measured."""
    recent = history.work().last(int(7 * DAY / history.step)).values
    means = {}
    for row, name in enumerate(history.names):
        known = recent[row][np.isfinite(recent[row])]
        if known.size:
            means[name] = float(known.mean())
    return means
