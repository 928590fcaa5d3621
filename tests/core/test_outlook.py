"""What is read of a forecast: the bands where an order of now arrives, and until one could be back."""

import numpy as np
import pytest

from autoscaler.core.outlook import LARGEST, read_bounds, read_outlook
from autoscaler.core.price import Price, count_for
from forecasting.forecast import Forecast
from tests.builders import AT, a_lead

LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
LEAD = a_lead()
ARRIVES, BACK = int(LEAD.slow // 60.0), int(max(LEAD.slow, LEAD.break_even) // 60.0)
EVEN = (1.0,) * 5


def a_forecast(paths):
    return Forecast(origin=AT, step=60.0, levels=LEVELS, paths=np.asarray(paths, dtype=float), method="m")


def some_paths(band=(10.0, 11.0, 12.0, 13.0, 15.0)):
    return np.repeat(np.array(band)[:, None, None], BACK + 3, axis=2)


def read(paths, factors=EVEN, at=AT):
    return read_bounds(a_forecast(paths), 0, LEAD, factors, at)


def test_ahead_is_the_step_in_which_an_order_of_now_arrives():
    paths = some_paths()
    paths[:, :, ARRIVES] += 5.0
    assert read(paths).ahead == (15.0, 16.0, 17.0, 18.0, 20.0)
    assert read(paths).expected == 15.0
    assert read(paths, at=AT + 60.0).ahead == (10.0, 11.0, 12.0, 13.0, 15.0)


@pytest.mark.parametrize(
    "step, expected",
    [(0, 22.0), (BACK, 22.0), (BACK + 1, 15.0)],
    ids=["the present step counts", "the last in which one let go now could be back", "nothing beyond it"],
)
def test_hold_is_the_largest_until_one_let_go_now_could_be_back(step, expected):
    paths = some_paths()
    paths[:, :, step] += 7.0
    assert read(paths).hold[-1] == expected


def test_bounds_are_corrected_level_by_level_and_the_median_that_is_expected_is_not():
    bounds = read(some_paths(), (2.0, 1.0, 1.0, 1.0, 1.5))
    assert bounds.ahead == (11.0, 12.0, 13.0, 20.0, 22.5)
    assert bounds.expected == 10.0


def test_quantiles_that_cross_are_put_in_order():
    bounds = read(some_paths((15.0, 13.0, 12.0, 11.0, 10.0)))
    assert bounds.ahead == bounds.hold == (10.0, 11.0, 12.0, 13.0, 15.0)


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_what_cannot_be_is_not_read_whichever_level_says_it(level, value):
    paths = some_paths()
    paths[level, :, ARRIVES] = value
    assert read(paths) is None


def test_what_no_fleet_could_be_is_cut():
    bounds = read(some_paths((1e13, 1e20, 1e200, 1e300, 1.7e308)))
    assert bounds.ahead == bounds.hold == (LARGEST,) * 5
    outlook = read_outlook(bounds, Price(16.0, 10.0, 2), AT, "m")
    assert 0.7 * LARGEST <= outlook.ahead <= 1.5 * LARGEST
    assert outlook.expected == LARGEST


def test_an_outlook_is_the_bands_at_their_price_and_holds_no_less_than_it_orders():
    paths = some_paths()
    paths[:, :, 0] += 6.0
    bounds, price = read(paths), Price(16.0, 10.0, 1)
    outlook = read_outlook(bounds, price, AT, "m")
    now, later = (count_for(LEVELS, band, price) for band in (bounds.ahead, bounds.hold))
    assert (outlook.ahead, outlook.hold) == (now.servers, later.servers)
    assert outlook.hold > outlook.ahead
    assert outlook.level == round(now.level, 6)
    assert (outlook.trust, outlook.collapsed) == (1.0, False)
