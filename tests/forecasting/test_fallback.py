import numpy as np
import pytest

from forecasting import catalogue
from tests.forecasting.panels import a_panel, daily


@pytest.mark.parametrize(
    "minutes, method",
    [(0, "guess"), (10, "guess"), (29, "guess"), (60, "last-value"), (179, "last-value"), (181, "ensemble")],
)
def test_each_age_has_its_method(minutes, method):
    panel = a_panel(daily(days=1, noise=0.05, step=60.0)[:minutes], step=60.0)
    assert catalogue.make("ensemble").fit(panel).forecast(panel, 600.0, (0.97,)).method == method


def test_rows_of_different_age_are_answered_each_by_their_own():
    values = np.vstack([daily(noise=0.05, seed=s) for s in range(3)])
    values[1, :-35] = np.nan
    values[2, :-5] = np.nan
    panel = a_panel(values)
    forecast = catalogue.make("seasonal-naive").fit(panel).forecast(panel, 600.0, (0.97,))
    assert forecast.method == "seasonal-naive+last-value+guess"
    assert np.isfinite(forecast.paths).all()


def test_a_row_silent_for_hours_is_guessed_from_what_it_was():
    values = daily(days=5, noise=0.05)
    panel = a_panel(values)
    model = catalogue.make("ensemble").fit(panel)
    silent = values.copy()
    silent[-40:] = np.nan
    forecast = model.forecast(a_panel(silent), 600.0, (0.5, 0.97))
    assert forecast.method == "guess"
    assert forecast.paths[0, 0, 0] == pytest.approx(values[-41])


def test_many_rows_are_one_call():
    dice = np.random.default_rng(0)
    values = daily(days=3)[None] * np.exp(0.1 * dice.normal(size=(300, 864)))
    panel = a_panel(values)
    forecast = catalogue.make("memories").fit(panel).forecast(panel, 1800.0, (0.5, 0.9, 0.97))
    assert forecast.paths.shape == (3, 300, 6)
    assert forecast.method == "memories"
    assert forecast.paths[0, :, 0] == pytest.approx(np.full(300, 10.0), rel=0.4)


def test_no_rows_are_no_forecast():
    panel = a_panel(np.empty((0, 50)))
    assert catalogue.make("ensemble").fit(panel).forecast(panel, 600.0, (0.9,)).paths.shape == (2, 0, 2)
