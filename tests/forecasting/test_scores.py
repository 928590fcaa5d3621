import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.evaluation import scores

levels = st.floats(0.01, 0.99)
series = arrays(np.float64, 12, elements=st.floats(0, 1e4))


@pytest.mark.parametrize(
    "realised, predicted, level, loss", [(10, 8, 0.9, 1.8), (8, 10, 0.9, 0.2), (5, 5, 0.9, 0.0)]
)
def test_a_miss_costs_the_level_and_an_idle_unit_the_rest(realised, predicted, level, loss):
    assert scores.pinball(np.array([realised]), np.array([predicted]), level) == pytest.approx(loss)


@given(series, series, levels)
def test_pinball_is_never_negative_and_zero_when_right(realised, predicted, level):
    assert scores.pinball(realised, predicted, level) >= 0
    assert scores.pinball(realised, realised, level) == 0


@given(series, series, levels, st.floats(0.1, 100))
def test_pinball_scales_with_the_series(realised, predicted, level, factor):
    once = scores.pinball(realised, predicted, level)
    assert scores.pinball(factor * realised, factor * predicted, level) == pytest.approx(factor * once)


@given(series)
def test_the_median_is_what_pinball_at_a_half_likes_best(realised):
    best = scores.pinball(realised, np.full(12, np.median(realised)), 0.5)
    for other in np.quantile(realised, [0.1, 0.3, 0.8]):
        assert best <= scores.pinball(realised, np.full(12, other), 0.5) + 1e-9


@given(series, series)
def test_coverage_is_a_share_and_grows_with_the_bound(realised, predicted):
    share = scores.coverage(realised, predicted)
    assert 0 <= share <= scores.coverage(realised, predicted + 1.0) <= 1


def test_gaps_are_not_scored():
    gap = np.array([np.nan, 2.0])
    assert scores.pinball(gap, np.array([9.0, 2.0]), 0.9) == 0
    assert scores.coverage(gap, np.array([0.0, 2.0])) == 1
    assert np.isnan(scores.coverage(np.array([np.nan]), np.array([1.0])))
    assert scores.mase(gap, np.array([1.0, 3.0]), np.array([1.0, 4.0])) == pytest.approx(0.5)


def test_error_against_naive():
    realised = np.array([1.0, 2.0, 3.0])
    assert scores.mase(realised, realised + 1, realised + 2) == pytest.approx(0.5)
    assert scores.mase(realised, realised, realised) == 1.0
    assert scores.mase(realised, realised + 1, realised) == float("inf")


def test_the_peak_of_a_window_ahead():
    values = np.array([1.0, 5.0, 2.0, 3.0, 9.0])
    assert scores.window_peak(values, 1, 2).tolist() == [5.0, 3.0, 9.0]
    assert scores.window_peak(values, 0, 9).size == 0
    assert np.isnan(scores.window_peak(np.array([1.0, np.nan, 2.0]), 0, 2)).all()
    with pytest.raises(ValueError, match="window"):
        scores.window_peak(values, -1, 2)


def test_lesser_steps_of_a_window_cost_nothing():
    realised, paths = np.array([[1.0, 9.0]]), np.array([[8.0, 9.0]])
    assert scores.peak_pinball(realised, paths, 0.9) == 0.0
