"""What every forecaster in the catalogue keeps, whatever its method and parameters."""

import json

import numpy as np
import pytest

from forecasting import catalogue
from tests.forecasting.panels import STEP, a_panel, daily, mixed

LEVELS = (0.5, 0.9, 0.97, 0.99)
CASES = {
    **{name: (name, {}) for name in catalogue.FORECASTERS},
    "memories, ten minutes": ("memories", {"max_ahead": 600.0, "penalty": 0.1}),
    "yesterday": ("seasonal-naive", {"season": "day"}),
    "same weekday": ("seasonal-naive", {"season": "week"}),
    "harmonic of few": ("harmonic", {"day": 3, "week": 1}),
    "ensemble of none": ("ensemble", {"members": ()}),
    "ensemble with theta": ("ensemble", {"members": ("theta", "harmonic")}),
}
_FITTED = {}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return request.param


def fresh(case):
    name, params = CASES[case]
    return catalogue.make(name, **params)


def fitted(case):
    """One fit on the mixed panel serves every test that does not change the past."""
    if case not in _FITTED:
        _FITTED[case] = fresh(case).fit(mixed())
    return _FITTED[case]


@pytest.mark.parametrize("horizon", [300.0, 3600.0, 2 * 86400.0])
def test_paths_are_whole_finite_and_in_order(case, horizon):
    panel = mixed()
    forecast = fitted(case).forecast(panel, horizon, LEVELS)
    assert forecast.paths.shape == (4, panel.rows, round(horizon / STEP))
    assert forecast.levels == LEVELS
    assert forecast.origin == panel.end
    assert forecast.step == panel.step
    assert np.isfinite(forecast.paths).all()
    assert (forecast.paths >= 0).all()
    assert (np.diff(forecast.paths, axis=0) >= 0).all()


def test_any_levels_may_be_asked_in_any_order_and_the_median_is_always_there(case):
    forecast = fitted(case).forecast(mixed(), 1800.0, [0.999, 0.6])
    assert forecast.levels == (0.5, 0.6, 0.999)


def test_a_constant_row_stays(case):
    forecast = fitted(case).forecast(mixed(), 3600.0, LEVELS)
    assert forecast.paths[:, 1] == pytest.approx(5.0, rel=0.01)


def test_a_row_of_zeros_stays_zero_and_a_row_never_seen_is_nothing(case):
    forecast = fitted(case).forecast(mixed(), 3600.0, LEVELS)
    assert forecast.paths[:, 2] == pytest.approx(0.0)
    assert forecast.paths[:, 3] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("steps", range(11))
def test_the_first_minutes_are_a_guess_that_says_so(case, steps):
    panel = a_panel(daily(noise=0.05)).last(steps)
    forecast = fresh(case).fit(panel).forecast(panel, 1800.0, LEVELS)
    assert np.isfinite(forecast.paths).all()
    assert forecast.method == "guess"
    if steps:
        assert forecast.paths[0, 0] == pytest.approx(panel.values[0, -1])
        assert forecast.paths[3, 0, -1] > 1.2 * forecast.paths[0, 0, -1]


@pytest.mark.parametrize("steps", [1, 7, 40, 300])
def test_fewer_recent_steps_than_its_memory_still_give_an_answer(case, steps):
    forecast = fitted(case).forecast(mixed().last(steps), 1800.0, LEVELS)
    assert np.isfinite(forecast.paths).all()
    assert (forecast.paths[0, 0] > 0).all()


def test_more_than_its_memory_changes_nothing(case):
    model, panel = fitted(case), mixed()
    short = model.forecast(panel.last(max(model.memory, 70)), 1800.0, LEVELS)
    assert short.paths == pytest.approx(model.forecast(panel, 1800.0, LEVELS).paths, rel=1e-9, abs=1e-12)


def test_a_row_is_forecast_as_it_would_be_alone(case):
    panel = mixed()
    together = fitted(case).forecast(panel, 1800.0, LEVELS)
    for row in (0, 4, 5, 6):
        alone = fresh(case).fit(panel.row(row)).forecast(panel.row(row), 1800.0, LEVELS)
        assert alone.paths[:, 0] == pytest.approx(together.paths[:, row], rel=1e-6), row


def test_the_order_of_rows_does_not_matter(case):
    panel = mixed()
    order = np.array([6, 3, 0, 5, 2, 4, 1])
    shuffled = a_panel(panel.values[order])
    straight = fitted(case).forecast(panel, 1800.0, LEVELS)
    turned = fresh(case).fit(shuffled).forecast(shuffled, 1800.0, LEVELS)
    assert turned.paths == pytest.approx(straight.paths[:, order], rel=1e-6, abs=1e-9)


def test_a_series_in_other_units_has_the_forecast_in_those_units(case):
    panel = a_panel(daily(noise=0.1))
    thousand = a_panel(1000.0 * panel.values)
    small = fresh(case).fit(panel).forecast(panel, 1800.0, LEVELS)
    large = fresh(case).fit(thousand).forecast(thousand, 1800.0, LEVELS)
    assert large.paths == pytest.approx(1000.0 * small.paths, rel=0.02)


def test_what_comes_later_changes_nothing(case):
    values = daily(days=6, noise=0.1)
    other = values.copy()
    cut = 5 * 288
    other[cut:] = 7777.0
    end = cut * STEP
    answers = []
    for series in (values, other):
        past = a_panel(series).until(end)
        answers.append(fresh(case).fit(past).forecast(past, 1800.0, LEVELS).paths)
    assert np.array_equal(*answers)


def test_written_and_read_back_it_says_the_same(case):
    model, panel = fitted(case), mixed()
    state = json.loads(json.dumps(model.state()))
    again = catalogue.restore(state)
    assert again.name == model.name
    assert again.memory == model.memory
    for horizon in (1800.0, 86400.0):
        there, here = (m.forecast(panel, horizon, LEVELS) for m in (again, model))
        assert np.array_equal(there.paths, here.paths)
        assert there.method == here.method


def test_gaps_in_the_recent_past_do_not_carry_over(case):
    panel = a_panel(daily(noise=0.02))
    model = fresh(case).fit(panel)
    whole = model.forecast(panel, 1800.0, LEVELS)
    holed = panel.values.copy()
    holed[0, -20:-15] = np.nan
    holed[0, -288:-285] = np.nan
    forecast = model.forecast(a_panel(holed), 1800.0, LEVELS)
    assert forecast.paths[1] == pytest.approx(whole.paths[1], rel=0.25)


def test_after_a_gap_at_the_end_it_looks_across(case):
    panel = a_panel(daily(noise=0.02))
    model = fresh(case).fit(panel)
    holed = panel.values.copy()
    holed[0, -3:] = np.nan
    forecast = model.forecast(a_panel(holed), 1800.0, LEVELS)
    before = model.forecast(panel.until(panel.end - 3 * STEP), 1800.0 + 3 * STEP, LEVELS)
    assert forecast.paths == pytest.approx(before.paths[:, :, 3:])
    assert forecast.origin == panel.end


def test_infinities_and_negatives_are_gaps(case):
    panel = a_panel(daily(noise=0.02))
    values = panel.values.copy()
    values[0, 50] = np.inf
    values[0, 60] = -3.0
    forecast = fresh(case).fit(a_panel(values)).forecast(a_panel(values), 1800.0, LEVELS)
    assert np.isfinite(forecast.paths).all()


def test_asked_about_other_rows_or_steps_it_refuses(case):
    model = fitted(case)
    with pytest.raises(ValueError, match="row"):
        model.forecast(mixed().row(0), 1800.0, LEVELS)
    with pytest.raises(ValueError, match="steps of"):
        model.forecast(a_panel(mixed().values, step=60.0), 1800.0, LEVELS)
    with pytest.raises(ValueError, match="levels"):
        model.forecast(mixed(), 1800.0, (0.9, 1.0))
    with pytest.raises(ValueError, match="horizon"):
        model.forecast(mixed(), 0.0, LEVELS)
