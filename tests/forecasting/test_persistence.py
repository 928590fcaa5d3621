"""Persistence as a forecast: last value times a quantile of past ratios, and nothing of what comes later."""

import numpy as np
import pytest

from forecasting.evaluation.persistence import persistence


def noisy(marks: int = 3_000, seed: int = 7) -> np.ndarray:
    return 20.0 * np.exp(0.2 * np.random.default_rng(seed).standard_normal(marks))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.97])
def test_a_bound_holds_as_often_as_it_says(level):
    came, last = noisy(seed=1), noisy(seed=2)
    bounds = persistence(last, came, level=level, lag=2, first=1_000)
    assert np.mean(came[1_000:] <= bounds) == pytest.approx(level, abs=0.02)


def test_what_comes_later_changes_nothing():
    came, last = noisy(seed=1), noisy(seed=2)
    before = persistence(last, came, level=0.9, lag=2, first=100)
    came[501:] *= 5.0
    after = persistence(last, came, level=0.9, lag=2, first=100)
    known = 501 + 2 - 100  # mark 502 may know of mark 500, mark 503 is the first that knows of 501
    assert np.array_equal(before[:known], after[:known])
    assert not np.array_equal(before, after)


def test_a_steady_series_is_bounded_by_itself():
    steady = np.full(200, 5.0)
    assert persistence(steady, steady, level=0.97, lag=1, first=50) == pytest.approx(steady[50:])


def test_a_quiet_minute_and_a_gap_are_no_catastrophe():
    last = np.where(np.arange(400) % 2 == 0, 0.0, 10.0)
    came = np.roll(last, -1)
    came[100] = np.nan
    bounds = persistence(last, came, level=0.9, lag=1, first=200)
    assert np.isfinite(bounds).all()
    assert bounds.max() <= 20.0 * 10.0 / 0.25
    assert (bounds >= 0.0).all()


def test_without_a_past_the_bound_is_what_is():
    assert persistence(np.array([3.0]), np.array([9.0]), level=0.9, lag=1, first=0) == pytest.approx([3.0])


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        persistence(np.ones(3), np.ones(4), level=0.9, lag=1, first=0)
