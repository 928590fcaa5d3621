"""The past on its grid, the forecaster over it, and how right that has lately been.

Once a step: close the step, see what came of earlier bounds, forecast, and boil it down to one outlook a
workload. Between steps the outlooks stand; a refit comes when it is due and changes nothing until it is done.
"""

from collections.abc import Mapping
from math import nan

from autoscaler.control.choices import Choices, Layer, Tuner
from autoscaler.control.doubts import Doubts, least_of_day
from autoscaler.control.fits import Fits
from autoscaler.control.reckoning import Reckoning
from autoscaler.core.demand import Demand, Trail
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.ledger import Calibrated
from autoscaler.core.outlook import Outlook, read_bounds, read_outlook
from autoscaler.core.policy import Policy
from forecasting.forecast import Forecast
from forecasting.forecaster import Fitted
from forecasting.series import Panel

MOST_STEPS = 5  # that one look may account for
RETRY_S = 600.0  # after a fit that failed
ASKED_LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)  # between two of them a bound is interpolated


def levels_for(policy: Policy) -> tuple[float, ...]:
    """The levels that bounds are asked for at: the usual ones, and those that somebody stated."""
    stated = {w.level for w in policy.workloads.values() if w.level is not None}
    return tuple(sorted({*ASKED_LEVELS, *stated}))


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
        tuner: Tuner | None = None,
        without: frozenset[Layer] = frozenset(),
    ) -> None:
        self.history = history
        self.outlooks: Mapping[str, Outlook] = {}
        self.forecast: Forecast | None = None
        self.failures: list[str] = []
        self._fits = fits
        self._fitted: Fitted | None = None
        self._memory = 0  # of what is fitted, in steps
        self._refit_s = refit_s
        self._refit_at = at
        self._recalled = False  # a past became known late, and nothing was chosen from it yet
        levels = self._asked = levels_for(policy)
        self._without = without
        self.choices = Choices(policy, history, levels, kept, tuner, at, without)
        try:
            learned = self.choices.begin(history, leads)
        except Exception as error:  # choices are advice: defaults stand
            self.failures.append(f"tune: {type(error).__name__}: {error}")
            learned = {}
        same = {name: known for name, known in kept.items() if known.levels == levels}
        self.reckoning = Reckoning(history.names, levels, {**learned, **same})
        self.doubts = Doubts(history.names, {name: known.odds for name, known in kept.items()})

    def recall(self, past: Mapping[str, Panel], at: float) -> None:
        """What lies before the first step, known only now: fitted on when the step has ended."""
        self.history.recall(past)
        self.choices.recall(self.history)
        self._recalled = True
        self._refit_at = min(self._refit_at, at)

    def learned(self) -> Mapping[str, Calibrated]:
        """What a restart should not have to learn again."""
        return {
            name: self.reckoning.learned(row, self.choices.strictness(name))._replace(
                odds=round(self.doubts.trust[name].odds, 6)
            )
            for row, name in enumerate(self.history.names)
        }

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
        elapsed = min(max(self.history.end - before, 0.0), MOST_STEPS * step)  # a clock may jump
        if not elapsed and self.history.end == before:
            return
        self.choices.adjust(demands, elapsed)
        self._choose(at, leads)
        if self._fits is None:
            return
        self._refit_at = min(self._refit_at, at + self._refit_s)
        if at >= self._refit_at:
            self._submit(at)
            self._refit_at += self._refit_s * (1 + (at - self._refit_at) // self._refit_s)
        try:
            fitted = self._fits.poll(at)
        except Exception as error:  # a child that died is a fit that failed
            self.failures.append(f"fit: {type(error).__name__}: {error}")
            fitted = None
        if fitted is not None:
            self._fitted, self._memory = fitted, fitted.memory
        if self._fitted is not None and self.history.steps:
            self.reckoning.settle(self.history)
            self.doubts.judge(
                self.history, self.choices.usual, self.choices.holds(), self.choices.late_prices()
            )
            self.failures += self.doubts.told
            self.doubts.told.clear()
            try:
                self._look_ahead(at, leads, demands, self._fitted)
            except Exception as error:  # a forecast is advice: a method that fails must not stop the tick
                self.failures.append(f"forecast: {type(error).__name__}: {error}")

    def _choose(self, at: float, leads: Mapping[str, Lead]) -> None:
        try:
            if self._recalled:
                self._recalled = False
                self.choices.begin(self.history, leads)
            self.choices.night(at, self.history, leads)
        except Exception as error:  # choices are advice too: what was chosen before stands
            self.failures.append(f"tune: {type(error).__name__}: {error}")

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

    def _look_ahead(
        self,
        at: float,
        leads: Mapping[str, Lead],
        demands: Mapping[str, Demand | None],
        fitted: Fitted,
    ) -> None:
        step = self.history.step
        horizon = max(max(lead.slow, lead.break_even) for lead in leads.values()) + 2 * step
        forecast = fitted.forecast(self.history.recent(self._memory), horizon, self._asked)
        self.forecast = forecast
        need = self.history.need_at(self.history.end).tolist()
        least = least_of_day(self.history).tolist()
        read = {}
        for row, name in enumerate(self.history.names):
            bounds = read_bounds(forecast, row, leads[name], self._factors(row), at)
            if bounds is None:
                continue  # it cannot be; the outlook before it stands until it is stale
            self.choices.remember(name, forecast.origin, bounds)
            outlook = read_outlook(bounds, self.choices.price(name), forecast.origin, forecast.method)
            demand = demands.get(name)
            if demand is not None:
                arrives = min(int(leads[name].slow // step), forecast.ahead - 1)
                rule = self.choices.by_rule(name, demand.work)
                asked = outlook.ahead * self.choices.on_top(name)
                self.doubts.ask(name, self.history.end + (arrives + 1) * step, asked, rule)
            read[name] = outlook._replace(
                trust=round(self._trusted(name), 6),
                collapsed=self.doubts.collapsed(name, need[row], least[row], at),
            )
        self.outlooks = {**self.outlooks, **read}
        arrives = min(int(max(lead.slow for lead in leads.values()) // step), forecast.ahead - 1)
        self.reckoning.say(self.history.end + (arrives + 1) * step, forecast.paths[:, :, arrives])

    def _factors(self, row: int) -> list[float]:
        return [1.0] * len(self._asked) if "calibration" in self._without else self.reckoning.factors(row)

    def _trusted(self, name: str) -> float:
        """The forecast's part of the plan: by the past days, and by the last hours."""
        weight = 1.0 if "trust" in self._without else self.doubts.trust[name].weight
        return self.choices.worth(name) * weight
