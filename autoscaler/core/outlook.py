"""What a forecast says about the windows that matter: the handful of numbers that a plan reads.

The forecast's series is already the requirement's maximum over a lead window, so the bound for "what must be
there when an order of now arrives" is one number of its path, and its coverage can be checked exactly.
"""

from bisect import bisect_left
from math import inf
from typing import NamedTuple

from autoscaler.core.lead_time import Lead
from autoscaler.core.policy import Pool, Workload
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
    forecast: Forecast, row: int, lead: Lead, level: float, factor: float, at: float, window_s: float
) -> Outlook | None:
    """The numbers of one row, or None where they cannot be: not finite, or negative.

    `factor` corrects the bound by what came of earlier ones.
    """
    step, origin = forecast.step, forecast.origin
    last = forecast.ahead - 1
    arrives = _index(at + lead.slow - origin, step, last)
    expected = forecast.path(0.5, row).item(arrives)
    bound = _path(forecast, level, row)
    # A step's value is the maximum of the window that ends with it: the first whose window lies ahead is that
    # far off. Reading earlier ones would keep for what is already past.
    first = min(_index(at + window_s - origin, step, last), arrives)
    back = _index(at + max(lead.slow, lead.break_even) - origin, step, last)
    ahead, hold = factor * bound[arrives], factor * max(bound[first : back + 1])
    if not (0.0 <= ahead < inf and 0.0 <= hold < inf and 0.0 <= expected < inf):
        return None
    return Outlook(
        origin=origin,
        level=round(level, 6),
        ahead=round(ahead, 6),
        hold=round(max(hold, ahead), 6),
        expected=round(expected, 6),
        method=forecast.method,
    )


def _path(forecast: Forecast, level: float, row: int) -> list[float]:
    """`Forecast.path` in plain floats, which is what a handful of steps wants."""
    levels, paths = forecast.levels, forecast.paths
    above = bisect_left(levels, level - 1e-9)
    if above in (0, len(levels)) or levels[above] <= level + 1e-9:
        return forecast.path(level, row).tolist()  # type: ignore[no-any-return]
    weight = (level - levels[above - 1]) / (levels[above] - levels[above - 1])
    pairs = zip(paths[above - 1, row].tolist(), paths[above, row].tolist(), strict=True)
    return [(1.0 - weight) * low + weight * high for low, high in pairs]


def _index(ahead_s: float, step: float, last: int) -> int:
    return min(max(int(ahead_s / step + 1e-6), 0), last)


def level_for(workload: Workload, pool: Pool) -> float:
    """The quantile to begin with: the stated one, or what the objective and the prices ask for.

    A miss is followed by backlog, so attainment stays below the level: measured, a share of 0.99 asks for
    about 0.97, one of 0.999 for about 0.997. Where a late request has a price, the newsvendor's level
    c_short ÷ (c_short + c_idle) may raise it: a server missing for an hour makes its requests late.
    """
    if workload.level is not None:
        return workload.level
    level = max(1.0 - 3.0 * (1.0 - workload.objective.share), 0.5)
    if workload.miss_price is not None:
        profile = workload.profile
        short = workload.miss_price * 3_600.0 / profile.usual_work
        servers = profile.servers_per_node(pool.gpus_per_node) / profile.nodes_per_server
        level = max(level, short / (short + pool.price_per_hour / servers))
    return min(level, 0.999)
