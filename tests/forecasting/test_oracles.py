"""Series whose future is known, and the methods that must know it."""

import numpy as np
import pytest

from forecasting import catalogue
from forecasting.evaluation import scores
from tests.forecasting.panels import DAY_STEPS, STEP, a_panel, daily, spikes

LEVELS = (0.5, 0.9, 0.97, 0.99)


def median(name, past, ahead, **params):
    model = catalogue.make(name, **params).fit(past)
    return model.forecast(past, ahead * STEP, LEVELS).paths[0, 0]


@pytest.mark.parametrize("ahead", [6, 288, 600])
def test_an_exactly_periodic_series_is_forecast_exactly_by_seasonal_naive(ahead):
    dice = np.random.default_rng(3)
    values = np.tile(10 * dice.random(DAY_STEPS) + 1, 12)
    cut = 8 * DAY_STEPS + 100
    said = median("seasonal-naive", a_panel(values[:cut]), ahead)
    assert said == pytest.approx(values[cut : cut + ahead], rel=1e-4)


@pytest.mark.parametrize("name", ["harmonic", "theta", "stl", "holt-winters", "memories", "ensemble"])
def test_a_daily_wave_is_found(name):
    values = daily(days=7, noise=0.01)
    cut = 5 * DAY_STEPS + 72
    said = median(name, a_panel(values[:cut]), 6)
    truth = daily(days=7)[cut : cut + 6]
    assert said == pytest.approx(truth, rel=0.04)


@pytest.mark.parametrize("name", ["harmonic", "ensemble"])
def test_a_wave_is_seen_a_day_ahead(name):
    values = daily(days=9, noise=0.01)
    said = median(name, a_panel(values[: 7 * DAY_STEPS]), DAY_STEPS)
    truth = daily(days=9)[7 * DAY_STEPS : 8 * DAY_STEPS]
    assert said == pytest.approx(truth, rel=0.12)


@pytest.mark.parametrize("name", ["memories", "ensemble"])
@pytest.mark.parametrize("phase", range(6))
def test_spikes_by_the_clock_are_known_before_they_come(name, phase):
    values = spikes()
    cut = 3 * DAY_STEPS + phase
    said = median(name, a_panel(values[:cut]), 6)
    assert said == pytest.approx(values[cut : cut + 6], rel=0.15)


def test_bands_hold_as_often_as_they_promise_on_plain_noise():
    dice = np.random.default_rng(8)
    values = 10 * np.exp(0.2 * dice.normal(size=12 * DAY_STEPS))
    cut = 8 * DAY_STEPS
    model = catalogue.make("ensemble").fit(a_panel(values[:cut]))
    panel = a_panel(values)
    bounds = [
        model.forecast(panel.until(t * STEP), 2 * STEP, LEVELS).paths[:, 0, 1]
        for t in range(cut, panel.steps - 2)
    ]
    realised = values[cut + 1 : panel.steps - 1]
    for i, slack in ((1, 0.03), (2, 0.02), (3, 0.012)):
        assert scores.coverage(realised, np.array(bounds)[:, i]) == pytest.approx(LEVELS[i], abs=slack)


def test_bands_are_wider_where_the_load_is_restless():
    dice = np.random.default_rng(2)
    n = 10 * DAY_STEPS
    hour = (np.arange(n) // 12) % 24
    values = 10 * np.exp(np.where(hour < 12, 0.02, 0.4) * dice.normal(size=n))
    model = catalogue.make("memories").fit(a_panel(values))
    panel = a_panel(values)

    def width(steps):
        paths = model.forecast(panel.until(steps * STEP), 600.0, LEVELS).paths[:, 0, 1]
        return paths[3] / paths[0]

    calm, restless = (
        np.median([width(8 * DAY_STEPS + h * 12) for h in hours]) for hours in ((6, 9), (18, 21))
    )
    assert restless > 1.5 * calm


def test_with_no_day_to_look_back_on_the_far_future_is_the_present():
    values = daily(days=0.5, noise=0.01)
    model = catalogue.make("memories").fit(a_panel(values))
    said = model.forecast(a_panel(values), 86400.0, LEVELS).paths[:, 0, -1]
    assert said[0] / 2 < values[-1] < said[3]


def test_a_fallen_level_is_followed():
    values = daily(days=8, noise=0.02) * np.repeat(1.3 ** np.array([0, 1, -1, 0, 1, 0, -1, 1]), DAY_STEPS)
    values[-60:] *= 0.5
    said = median("ensemble", a_panel(values), 3)
    assert said == pytest.approx(np.full(3, values[-1]), rel=0.1)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no forecaster 'prophet'; there are ensemble, harmonic"):
        catalogue.make("prophet")


@pytest.mark.parametrize(
    "name, params",
    [
        ("memories", {"penaltyy": 1}),
        ("seasonal-naive", {"season": "year"}),
        ("memories", {"max_ahead": 90_000.0}),
        ("ensemble", {"members": ("prophet",)}),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(name, params):
    with pytest.raises(ValueError, match=r"penaltyy|season is one of|max_ahead|prophet"):
        catalogue.make(name, **params)


def test_what_is_no_state_is_refused():
    with pytest.raises(ValueError, match="not the state"):
        catalogue.restore({"kind": "soup"})
