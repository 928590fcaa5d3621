"""The two small forecasters of the baselines against statsmodels, whose models the products fit."""

import numpy as np
import pytest
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from autoscaler.replay.baselines.phpa import HoltWinters
from autoscaler.replay.baselines.planner import Arima310
from forecasting.series import FloatArray


def a_noisy_day(points: int, per_day: int, seed: int = 1) -> FloatArray:
    rng = np.random.default_rng(seed)
    t = np.arange(points)
    return 20.0 + 8.0 * np.sin(2 * np.pi * t / per_day) + np.cumsum(rng.normal(0.0, 0.2, points))


def test_arima_agrees_with_the_one_of_statsmodels() -> None:
    loads = a_noisy_day(600, 480)
    model = Arima310()
    for load in loads:
        model.add(float(load))
    expected = float(ARIMA(loads, order=(3, 1, 0)).fit().forecast(1)[0])
    assert model.ahead() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "loads, expected",
    [
        pytest.param([], 0.0, id="nothing seen is no load"),
        pytest.param([4.0, 5.0], 5.0, id="the first points are repeated"),
        pytest.param([7.0] * 30, 7.0, id="a constant load stays"),
        pytest.param([9.0, 6.0, 3.0, 0.0, 0.0, 0.0, 0.0], 0.0, id="no load is below none"),
    ],
)
def test_arima_says_something_sensible_of_little(loads: list[float], expected: float) -> None:
    model = Arima310()
    for load in loads:
        model.add(load)
    assert model.ahead() == pytest.approx(expected, abs=1e-6)


def test_holt_winters_agrees_with_the_one_of_statsmodels() -> None:
    season = 24
    counts = np.ceil(a_noisy_day(10 * season, season))
    model = HoltWinters(season)
    for count in counts:
        model.add(float(count))
    first, second = counts[:season].mean(), counts[season : 2 * season].mean()
    fitted = ExponentialSmoothing(
        counts,
        trend="add",
        seasonal="add",
        seasonal_periods=season,
        initialization_method="known",
        initial_level=first,
        initial_trend=(second - first) / season,
        initial_seasonal=counts[:season] - first,
        # statsmodels smooths against the level before: γ times (1 − α) there is γ against the new level.
    ).fit(smoothing_level=0.9, smoothing_trend=0.9, smoothing_seasonal=0.9 * (1 - 0.9), optimized=False)
    assert model.ahead() == pytest.approx(float(fitted.forecast(1)[0]), rel=1e-6)


def test_holt_winters_says_nothing_before_two_seasons() -> None:
    model = HoltWinters(4)
    for count in (1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0):
        model.add(count)
    assert model.ahead() is None
