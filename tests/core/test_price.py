"""The count that costs least, when idle servers and late requests each have their price."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.price import LOOKS, Price, bound_at, chance_above, count_for

LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
BAND = (10.0, 13.0, 15.0, 17.0, 20.0)
gaps = st.lists(st.floats(0.01, 5.0), min_size=4, max_size=4)
medians = st.floats(0.0, 60.0)


def a_price(late=16.0, usual=10.0, size=1, level=None):
    return Price(late, usual, size, level)


def a_band(median, steps):
    bounds = [median]
    for step in steps:
        bounds.append(bounds[-1] + step)
    return tuple(bounds)


def cost(count, band, price):
    weight = price.late * (band[0] * (price.usual or band[0])) ** 0.5
    return count + weight * chance_above(LEVELS, band, count)


@given(medians, gaps, st.floats(0.5, 500.0), st.floats(0.1, 50.0), st.sampled_from([1, 2, 4]))
def test_no_count_costs_less(median, steps, late, usual, size):
    """Of those that do for the median; where there are more than 48, by less than one step."""
    band, price = a_band(median, steps), a_price(late, usual, size)
    found = count_for(LEVELS, band, price).servers
    assert found % size == 0
    assert found >= median - 1e-5
    looks = (1.5 * band[-1] - median) / size + 1.0
    step = 0.0 if looks <= LOOKS else size * (looks // LOOKS + 1.0)
    for other in range(0, 200, size):
        if other >= median:
            assert cost(found, band, price) <= cost(other, band, price) + step + 1e-6


@given(medians, gaps, st.floats(0.1, 50.0), st.sampled_from([1, 2]))
def test_the_dearer_lateness_is_the_more_servers_are_asked_for(median, steps, usual, size):
    band = a_band(median, steps)
    counts = [count_for(LEVELS, band, a_price(late, usual, size)).servers for late in (0.5, 4.0, 32.0, 256.0)]
    assert counts == sorted(counts)


@given(st.floats(1.0, 60.0), gaps, st.floats(0.5, 500.0), st.integers(2, 9))
def test_everything_so_many_times_as_large_asks_for_so_many_times_as_much(median, steps, late, times):
    band = a_band(median, steps)
    small = count_for(LEVELS, band, a_price(late, 10.0, 1))
    large = count_for(LEVELS, tuple(times * b for b in band), a_price(late, 10.0 * times, times))
    assert large.servers == pytest.approx(times * small.servers)
    assert large.level == pytest.approx(small.level)


@pytest.mark.parametrize(
    "level, expected",
    [(0.5, 10.0), (0.7, 11.5), (0.9, 13.0), (0.98, 16.0), (0.998, 20.0), (0.9999, 20.0), (0.1, 10.0)],
    ids=[
        "the median",
        "half way between two levels",
        "a level that was asked for",
        "between two others",
        "the highest",
        "beyond the highest there is no bound",
        "below the median there is none either",
    ],
)
def test_a_stated_level_is_that_quantile_whatever_the_prices(level, expected):
    answer = count_for(LEVELS, BAND, a_price(late=500.0, size=2, level=level))
    assert answer.servers == pytest.approx(expected)
    assert answer.level == level
    assert bound_at(LEVELS, BAND, level) == pytest.approx(expected)


@pytest.mark.parametrize("level, bound", list(zip(LEVELS, BAND, strict=True)))
def test_at_a_bound_the_chance_of_more_is_what_its_level_leaves(level, bound):
    assert chance_above(LEVELS, BAND, bound) == pytest.approx(1.0 - level)


def test_the_chance_of_more_falls_all_the_way():
    chances = [chance_above(LEVELS, BAND, 0.1 * k) for k in range(400)]
    assert all(0.0 <= later < earlier <= 1.0 for earlier, later in pairwise(chances[50:300]))
    assert chances[0] > 0.99
    assert chances[-1] < 1e-4


FLAT = [
    ("nothing is asked for where nothing will come", 0.0, 1, 0.0),
    ("a whole number is met by that number", 30.0, 1, 30.0),
    ("a broken one by the next", 29.3, 1, 30.0),
    ("and in nodes by whole nodes", 29.3, 4, 32.0),
    ("a thousandth of a server is one", 0.001, 1, 1.0),
]


@pytest.mark.parametrize("value, size, expected", [f[1:] for f in FLAT], ids=[f[0] for f in FLAT])
def test_a_band_that_is_sure(value, size, expected):
    assert count_for(LEVELS, (value,) * 5, a_price(16.0, 10.0, size)).servers == expected


def test_a_median_of_nothing_asks_for_nothing_however_wide_the_band():
    assert count_for(LEVELS, (0.0, 1.0, 2.0, 3.0, 4.0), a_price(500.0)).servers == 0.0


def test_a_moment_nobody_knows_the_usual_of_is_its_own_measure():
    assert count_for(LEVELS, BAND, a_price(16.0, 0.0)) == count_for(LEVELS, BAND, a_price(16.0, 10.0))


@pytest.mark.parametrize("times", [100.0, 10_000.0, 1e9])
def test_a_large_fleet_is_looked_at_in_larger_steps_and_asks_for_as_much(times):
    """48 looks: within a step of the best, which is a fiftieth of what is looked at."""
    small = count_for(LEVELS, tuple(1_000.0 * b for b in BAND), a_price(16.0, 10_000.0)).servers / 1_000.0
    band = tuple(times * b for b in BAND)
    large = count_for(LEVELS, band, a_price(16.0, 10.0 * times)).servers / times
    assert large == pytest.approx(small, abs=23.0 / 48.0)


@given(medians, gaps, st.floats(0.5, 500.0), st.floats(1.0, 1.5))
def test_more_demand_never_asks_for_fewer(median, steps, late, more):
    """A band that widens outwards, as bands do, and the same for so much more demand."""
    band = a_band(median, sorted(steps))
    fewer = count_for(LEVELS, band, a_price(late, 10.0, 1)).servers
    grown = tuple(more * bound for bound in band)
    step = 1.0 if 1.5 * grown[-1] - median <= LOOKS else (1.5 * grown[-1] - median) / LOOKS + 1.0
    assert count_for(LEVELS, grown, a_price(late, 10.0, 1)).servers >= fewer - step
