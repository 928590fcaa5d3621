"""What a forecast says about the windows that matter: the handful of numbers that a plan reads.

The forecast's series is already the requirement's maximum over a lead window, so the bound for "what must be
there when an order of now arrives" is one number of its path, and its coverage can be checked exactly.
"""

from math import inf
from typing import NamedTuple

from autoscaler.core.lead_time import Lead
from autoscaler.core.policy import Objective
from forecasting.forecast import Forecast

STALE_S = 600.0


class Outlook(NamedTuple):
    """The need ahead of one workload, in servers, rounded to six digits so that machines agree."""

    origin: float
    level: float
    ahead: float  # bound of the requirement over the window in which an order of now arrives
    hold: float  # bound from now until a server let go now could be back
    expected: float  # median when an order of now arrives
    method: str


def read_outlook(
    forecast: Forecast, row: int, lead: Lead, level: float, at: float, window_s: float
) -> Outlook | None:
    """The numbers of one row, or None where they cannot be: not finite, or negative."""
    step, origin = forecast.step, forecast.origin
    bound = forecast.path(level, row).tolist()
    last = len(bound) - 1
    arrives = _index(at + lead.p90 - origin, step, last)
    back = _index(at + max(lead.p90, lead.break_even) - origin, step, last)
    # A step's value is the maximum of the window that ends with it: the first whose window lies ahead is that
    # far off. Reading earlier ones would keep for what is already past.
    first = min(_index(at + window_s - origin, step, last), arrives)
    ahead = bound[arrives]
    hold = max(bound[first : back + 1])
    expected = forecast.path(0.5, row)[arrives].item()
    if not (0.0 <= ahead < inf and 0.0 <= hold < inf and 0.0 <= expected < inf):
        return None
    return Outlook(
        origin=forecast.origin,
        level=level,
        ahead=round(ahead, 6),
        hold=round(max(hold, ahead), 6),
        expected=round(expected, 6),
        method=forecast.method,
    )


def _index(ahead_s: float, step: float, last: int) -> int:
    return min(max(int(ahead_s / step + 1e-6), 0), last)


def level_for(
    objective: Objective, stated: float | None, miss_price: float | None, idle_price: float, rate: float
) -> float:
    """The quantile to plan for.

    A miss is followed by backlog, so attainment stays below the level: measured, a share of 0.99 asks for
    about 0.97, one of 0.999 for about 0.997. Where a late request has a price, the newsvendor's level
    c_short ÷ (c_short + c_idle) may raise it: one missing server makes `rate` requests an hour late.
    """
    if stated is not None:
        return stated
    level = max(1.0 - 3.0 * (1.0 - objective.share), 0.5)
    if miss_price is not None and rate > 0.0:
        short = miss_price * rate
        level = max(level, short / (short + idle_price))
    return min(level, 0.999)
