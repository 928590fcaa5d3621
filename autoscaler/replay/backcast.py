"""What would have been said in the past days, had a controller been there: for the first choice of settings.

Each day is forecast by a fit that saw only what lay before it, and bounds are corrected only by what had
come.
"""

from __future__ import annotations

from collections.abc import Mapping

from autoscaler.control.choices import Begun, Said
from autoscaler.control.reckoning import Reckoning
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.outlook import read_bounds
from forecasting.forecaster import Forecaster
from forecasting.series import Panel

DAY = 86_400.0
LEAST_S = 0.5 * DAY  # of past before the first day that is lived again
EVERY = 2  # steps between two forecasts: half the time, and one looks a step further the second time


def backcast(
    history: History,
    forecaster: Forecaster,
    leads: Mapping[str, Lead],
    levels: tuple[float, ...],
    days: int,
) -> Begun:
    """Said by workload over at most the last `days`, and what was learned about the bounds on the way."""
    panel, step = history.panel(), history.step
    said: dict[str, list[Said]] = {name: [] for name in history.names}
    reckoning = Reckoning(history.names, levels, {})
    begin = max(panel.end - days * DAY, panel.start + LEAST_S)
    horizon = max(max(lead.slow, lead.break_even) for lead in leads.values()) + 2 * step
    arrives = int(max(lead.slow for lead in leads.values()) // step)
    while begin < panel.end - step:
        until = min(begin + DAY, panel.end)
        fitted = forecaster.fit(panel.until(begin))
        first, last = (round((at - panel.start) / step) for at in (begin, until))
        for k in range(first, last, EVERY):
            recent = _ending(panel, k, fitted.memory)
            reckoning.settle(history, recent.end)
            forecast = fitted.forecast(recent, horizon, levels)
            for end in (recent.end + j * step for j in range(min(EVERY, last - k))):
                for row, name in enumerate(history.names):
                    bounds = read_bounds(forecast, row, leads[name], reckoning.factors(row), end)
                    if bounds is not None:
                        said[name].append(Said(end, bounds.ahead, bounds.hold))
            at = min(arrives, forecast.ahead - 1)
            reckoning.say(recent.end + (at + 1) * step, forecast.paths[:, :, at])
        begin = until
    learned = {name: reckoning.learned(row, 0.0) for row, name in enumerate(history.names)}
    return Begun({name: tuple(one) for name, one in said.items()}, learned)


def _ending(panel: Panel, steps: int, memory: int) -> Panel:
    first = max(steps - memory, 0)
    return Panel(start=panel.start + first * panel.step, step=panel.step, values=panel.values[:, first:steps])
