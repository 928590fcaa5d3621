"""What a forecast says about the windows that matter: the handful of numbers that a plan reads.

An order of now arrives one slow start from now; the bound of the requirement at that step is what it has to
meet. Earlier steps were met by earlier orders, so they only keep what is there.
"""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from autoscaler.core.lead_time import Lead
from autoscaler.core.policy import Pool, Workload
from autoscaler.core.price import Price, count_for
from forecasting.forecast import Forecast

STALE_S = 600.0
BEGUN = 16.0  # the price of lateness at a share of 0.99, before a past has told a better one
MOST = 1e6
LARGEST = 1e12  # no fleet is larger; beyond it lies arithmetic that overflows


class Outlook(NamedTuple):
    """The need ahead of one workload, in servers, rounded to six digits so that machines agree."""

    origin: float
    level: float  # the chance that `ahead` is enough
    ahead: float  # what prices ask for when an order of now arrives
    hold: float  # the same, at any time from now until a server let go now could be back
    expected: float  # median when an order of now arrives
    method: str
    trust: float = 1.0  # the forecast's part of the plan; the rest is the reactive rule's
    collapsed: bool = False  # demand fell so far below all of the last day that it is doubted for a while


class Bounds(NamedTuple):
    """One workload's bands, lowest level first, corrected by what came of earlier ones."""

    levels: tuple[float, ...]
    ahead: tuple[float, ...]  # of the step in which an order of now arrives
    hold: tuple[float, ...]  # the largest of each level from now until a server let go now could be back
    expected: float


def read_bounds(
    forecast: Forecast, row: int, lead: Lead, factors: Sequence[float], at: float
) -> Bounds | None:
    """The numbers of one row, or None where they cannot be: not finite, or negative."""
    step, origin = forecast.step, forecast.origin
    last = forecast.ahead - 1
    arrives = _index(at + lead.slow - origin, step, last)
    back = _index(at + max(lead.slow, lead.break_even) - origin, step, last)
    paths = forecast.paths[:, row, : back + 1].tolist()
    expected = paths[forecast.levels.index(0.5)][arrives]
    ahead = sorted(factor * path[arrives] for factor, path in zip(factors, paths, strict=True))
    hold = sorted(factor * max(path) for factor, path in zip(factors, paths, strict=True))
    if not all(0.0 <= bound < inf for bound in (expected, *ahead, *hold)):
        return None
    if hold[-1] > LARGEST:
        ahead, hold = [min(bound, LARGEST) for bound in ahead], [min(bound, LARGEST) for bound in hold]
        expected = min(expected, LARGEST)
    return Bounds(forecast.levels, tuple(ahead), tuple(hold), expected)


def read_outlook(bounds: Bounds, price: Price, origin: float, method: str) -> Outlook:
    """What the bands ask for at this price."""
    now = count_for(bounds.levels, bounds.ahead, price)
    later = now if bounds.hold == bounds.ahead else count_for(bounds.levels, bounds.hold, price)
    return Outlook(
        origin=origin,
        level=round(now.level, 6),
        ahead=round(now.servers, 6),
        hold=round(max(later.servers, now.servers), 6),
        expected=round(bounds.expected, 6),
        method=method,
    )


def _index(ahead_s: float, step: float, last: int) -> int:
    return min(max(int(ahead_s / step + 1e-6), 0), last)


def late_price_for(workload: Workload, pool: Pool) -> float:
    """What one server-second served late weighs, in idle ones, before anything was learned.

    A share of 0.99 begins at 16, one of 0.998 at 80: the rarer a miss may be, the dearer it is.
    """
    price = BEGUN * 0.01 / max(1.0 - workload.objective.share, 1e-5)
    return min(max(price, price_of_misses(workload, pool)), MOST)


def price_of_misses(workload: Workload, pool: Pool) -> float:
    """What a late request's stated price in money makes of it, in idle server-seconds: the least it weighs.

    A server missing for an hour makes its requests late. 0: no price is stated.
    """
    if workload.miss_price is None or not pool.price_per_hour > 0.0:
        return 0.0
    profile = workload.profile
    servers = profile.servers_per_node(pool.gpus_per_node) / profile.nodes_per_server
    idle = pool.price_per_hour / servers / 3_600.0
    return min(workload.miss_price / profile.usual_work / idle, MOST)
