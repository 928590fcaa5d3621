import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import catalogue
from forecasting.evaluation.backtest import Walk, backtest, forecasts
from tests.forecasting.panels import DAY_STEPS, STEP, a_panel, daily

DAY = 86400.0
WALK = Walk(begin=4 * DAY, end=5 * DAY, forecast_every=1800.0, window=(300.0, 900.0))


def test_each_method_is_scored_on_the_same_origins():
    panel = a_panel(daily(days=6, noise=0.05))
    methods = {name: catalogue.make(name) for name in ("last-value", "seasonal-naive", "ensemble")}
    scores = {score.method: score for score in backtest(panel, methods, WALK)}
    assert {score.forecasts for score in scores.values()} == {48}
    assert scores["ensemble"].pinball[0.97] < scores["last-value"].pinball[0.97]
    assert scores["last-value"].mase_last_value == pytest.approx(1.0, abs=0.05)
    assert scores["ensemble"].coverage[0.5] == pytest.approx(0.5, abs=0.25)


def test_all_rows_are_scored():
    panel = a_panel(np.vstack([daily(days=5, noise=0.05), daily(days=5, noise=0.05, seed=1)]))
    (score,) = backtest(panel, {"last": catalogue.make("last-value")}, WALK)
    assert score.forecasts == 2 * 48


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 47), st.floats(0.0, 500.0))
def test_the_future_never_leaks_into_a_forecast(which, later):
    walk = Walk(
        begin=4 * DAY, end=5 * DAY, forecast_every=1800.0, window=(300.0, 900.0), refit_every=6 * 3600.0
    )
    values = daily(days=6, noise=0.05)
    changed = values.copy()
    changed[4 * DAY_STEPS + 6 * which :] = later
    made, other = (
        forecasts(a_panel(series), catalogue.make("memories"), walk, (0.5, 0.97))
        for series in (values, changed)
    )
    assert made[which].origin == 4 * DAY + 6 * which * STEP
    for before, after in zip(made[: which + 1], other[: which + 1], strict=True):
        assert np.array_equal(before.paths, after.paths)


def test_gaps_in_what_came_are_not_scored():
    values = daily(days=6, noise=0.05)
    values[4 * DAY_STEPS + 50 : 4 * DAY_STEPS + 80] = np.nan
    (score,) = backtest(a_panel(values), {"last": catalogue.make("last-value")}, WALK)
    assert np.isfinite(score.pinball[0.97])


def test_a_walk_beyond_the_history_scores_nothing():
    (score,) = backtest(
        a_panel(daily(days=2)), {"last": catalogue.make("last-value")}, Walk(begin=9 * DAY, end=10 * DAY)
    )
    assert score.forecasts == 0
    assert np.isnan(score.pinball[0.97])
