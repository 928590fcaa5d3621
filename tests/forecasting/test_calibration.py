import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import calibration
from forecasting.forecast import Forecast

LEVELS = (0.9, 0.97, 0.99)
values = st.floats(0.0, 1e6) | st.just(float("nan"))


@given(st.lists(st.tuples(values, values), max_size=60))
def test_shifts_stay_bounded_whatever_comes(history):
    learned = calibration.fresh(1, LEVELS, gain=0.5)
    for bound, came in history:
        learned = calibration.update(learned, np.full((1, 3), bound), np.array([came]))
        assert np.isfinite(learned.shifts).all()
        assert (np.abs(learned.shifts) <= calibration.LIMIT).all()
        assert (learned.missed <= learned.seen).all()


@given(values, values)
def test_a_miss_raises_and_a_hit_lowers(bound, came):
    before = calibration.fresh(1, LEVELS)
    after = calibration.update(before, np.full((1, 3), bound), np.array([came]))
    if np.isnan(bound) or np.isnan(came):
        assert np.array_equal(after.shifts, before.shifts)
    elif came > bound:
        assert (after.shifts > before.shifts).all()
    else:
        assert (after.shifts < before.shifts).all()


def test_what_was_not_measured_teaches_nothing():
    before = calibration.fresh(2, LEVELS)
    after = calibration.update(before, np.ones((2, 3)), np.array([np.nan, 2.0]))
    assert after.seen.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert not after.shifts[0].any()
    assert after.shifts[1].all()


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.3])
def test_bounds_that_are_wrong_come_to_hold_as_often_as_they_promise(factor):
    dice = np.random.default_rng(5)
    true = np.quantile(np.exp(0.2 * dice.normal(size=20000)), LEVELS)
    learned = calibration.fresh(1, LEVELS, gain=0.05)
    hits = []
    for came in np.exp(0.2 * dice.normal(size=6000)):
        bounds = factor * true * np.exp(learned.shifts)
        hits.append(came <= bounds[0])
        learned = calibration.update(learned, bounds, np.array([came]))
    assert np.mean(hits[1500:], axis=0) == pytest.approx(LEVELS, abs=0.012)


def test_the_median_stays_and_levels_stay_in_order():
    learned = calibration.fresh(1, LEVELS, gain=1.0)
    for _ in range(30):
        learned = calibration.update(learned, np.full((1, 3), 2.0), np.array([1.0]))
    paths = np.array([1.0, 1.01, 1.02, 1.03]).reshape(4, 1, 1)
    forecast = Forecast(origin=0.0, step=60.0, levels=(0.5, 0.9, 0.97, 0.99), paths=paths, method="by hand")
    shifted = calibration.adjusted(learned, forecast)
    assert (np.diff(shifted.paths[:, 0, 0]) >= 0).all()
    assert shifted.paths.max() < 1.03


def test_levels_between_are_shifted_between():
    learned = calibration.fresh(1, (0.9, 0.99))
    learned = calibration.update(learned, np.array([[1.0, 3.0]]), np.array([2.0]))
    low, middle, high = (learned.shift(level)[0] for level in (0.9, 0.945, 0.99))
    assert middle == pytest.approx((low + high) / 2)


def test_coverage_is_unknown_before_the_first():
    learned = calibration.fresh(1, LEVELS)
    assert np.isnan(learned.coverage()).all()
    learned = calibration.update(learned, np.array([[1.0, 2.0, 3.0]]), np.array([2.5]))
    assert learned.coverage().tolist() == [[0.0, 0.0, 1.0]]


def test_it_is_read_back_as_written():
    learned = calibration.update(calibration.fresh(2, LEVELS), np.ones((2, 3)), np.array([2.0, 0.5]))
    again = calibration.restored(json.loads(json.dumps(learned.state())))
    assert again.levels == learned.levels
    for name in ("shifts", "spread", "seen", "missed"):
        assert np.array_equal(getattr(again, name), getattr(learned, name))
