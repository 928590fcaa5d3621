"""How much capacity a band asks for, when each has its price: the count that costs least, misses included.

A quantile spends the same chance of a miss on every hour. A price spends misses where they buy the most: one
more node is worth having while it makes late requests rarer by more than it costs. It knows no clock and no
fleet.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, exp, inf, log
from typing import NamedTuple

LOOKS = 48  # counts compared at most; a large fleet is looked at in larger steps


class Price(NamedTuple):
    """What counts are weighed by, for one workload."""

    late: float  # of one server-second that is served late, in idle server-seconds
    usual: float  # mean work a second, by which a moment's weight is told
    size: int  # servers that come and go together: those of a node, where it is theirs alone
    level: float | None = None  # a stated quantile, in place of prices


class Answer(NamedTuple):
    servers: float
    level: float  # the chance that they are enough


def count_for(levels: Sequence[float], bounds: Sequence[float], price: Price) -> Answer:
    """The least of idle + late × chance that they do not do; `bounds` ascend with `levels`, the median first.

    A moment's weight is the geometric mean of its work and the usual: late requests are counted one by one,
    but a quiet hour's forecast is no better than its busiest minute. Nothing below the median is looked at:
    there the cost has a second dip, and counts would jump between the two.
    """
    if price.level is not None:
        return Answer(bound_at(levels, bounds, price.level), price.level)
    median, size = bounds[0], price.size
    weight = price.late * (median * (price.usual if price.usual > 0.0 else median)) ** 0.5
    first = ceil(median / size - 1e-6) * size
    last = ceil(max(1.5 * bounds[-1], median) / size) * size
    stride = max(1, ceil((last - first) / size / LOOKS)) * size
    best, least, enough = first, inf, 0.0
    for count in range(first, last + stride, stride):
        chance = chance_above(levels, bounds, count)
        cost = count + weight * chance
        if cost < least - 1e-9:
            best, least, enough = count, cost, 1.0 - chance
        if weight * chance <= stride:
            break  # one more step costs more than all that is left to gain
    return Answer(float(best), enough)


def chance_above(levels: Sequence[float], bounds: Sequence[float], value: float) -> float:
    """The chance of more than `value`: log odds between the bounds, and on as straight as at the ends."""
    k = 1
    while k < len(bounds) - 1 and value >= bounds[k]:
        k += 1
    odds_of = _odds(tuple(levels))
    low, high = odds_of[k - 1], odds_of[k]
    width = max(bounds[k] - bounds[k - 1], 1e-6)
    if value < bounds[k]:
        odds = low + (value - bounds[k - 1]) / width * (high - low)
    else:  # from the last bound on; where the band is flat, that bound keeps its level too
        odds = high + (value - bounds[k]) / width * (high - low)
    return 1.0 / (1.0 + exp(min(max(odds, -40.0), 40.0)))


def bound_at(levels: Sequence[float], bounds: Sequence[float], level: float) -> float:
    """The bound of a level that may lie between those asked for."""
    if level >= levels[-1]:
        return bounds[-1]
    for k in range(1, len(levels)):
        if level <= levels[k]:
            weight = (level - levels[k - 1]) / (levels[k] - levels[k - 1])
            return bounds[k - 1] + max(weight, 0.0) * (bounds[k] - bounds[k - 1])
    return bounds[-1]


@lru_cache(maxsize=64)
def _odds(levels: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(log(level / (1.0 - level)) for level in levels)
