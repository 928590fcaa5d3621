import numpy as np
import pytest

from forecasting.seasons import describe, detect
from tests.forecasting.panels import DAY_STEPS, a_panel, daily, spikes


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_season(seed):
    dice = np.random.default_rng(seed)
    assert detect(a_panel(np.exp(0.3 * dice.normal(size=7 * DAY_STEPS)))) == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_load_that_wanders_slowly_has_none_either(seed):
    dice = np.random.default_rng(seed)
    slow = np.zeros(7 * DAY_STEPS)
    for t in range(1, len(slow)):
        slow[t] = 0.95 * slow[t - 1] + 0.1 * dice.normal()
    assert describe(detect(a_panel(np.exp(slow)))) == "none"


def test_a_daily_wave_has_a_day():
    found = detect(a_panel(daily(days=6, noise=0.2)))
    assert found[0].name == "day"
    assert found[0].strength > 0.5


def test_a_cron_job_has_a_half_hour():
    assert "half-hour" in {season.name for season in detect(a_panel(spikes(), step=300.0))}


def test_a_working_week_has_a_week():
    values = daily(days=28, noise=0.05)
    weekend = (np.arange(len(values)) // DAY_STEPS) % 7 >= 5
    values[weekend] *= 0.4
    assert {"day", "week"} <= {season.name for season in detect(a_panel(values))}


@pytest.mark.parametrize("values", [[], [1.0], np.full(2000, np.nan), np.full(2000, 3.0), np.zeros(2000)])
def test_what_says_nothing_has_none(values):
    assert detect(a_panel(values)) == ()


def test_gaps_are_left_out():
    values = daily(days=8, noise=0.1)
    values[300:500] = np.nan
    assert detect(a_panel(values))[0].name == "day"
