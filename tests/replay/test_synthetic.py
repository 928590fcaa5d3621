import numpy as np
import pytest

from autoscaler.replay.synthetic import FORMULAS, MONDAY, formula


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_three_weeks_of_minutes_from_a_monday(name):
    trace = formula(name)
    assert (trace.name, trace.start, trace.step, trace.days) == (name, MONDAY, 60.0, 21.0)
    assert trace.requests.min() >= 0
    assert (trace.requests == np.round(trace.requests)).all()


@pytest.mark.parametrize("name", FORMULAS)
def test_the_seed_decides_and_nothing_else(name):
    assert np.array_equal(formula(name, 3).requests, formula(name, 3).requests)
    assert not np.array_equal(formula(name, 3).requests, formula(name, 4).requests)


# Sums of the first seed. A last bit that differs between machines may move one count in a million.
GOLDEN = {
    "smooth": 24570427,
    "ramps": 13631242,
    "flash": 16755874,
    "shift": 21453853,
    "noise": 19146695,
    "cron": 18462131,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_first_seed_is_the_same_everywhere(name):
    assert formula(name).requests.sum() == pytest.approx(GOLDEN[name], rel=1e-6)


def test_an_unknown_formula_names_the_known_ones():
    with pytest.raises(ValueError, match="unknown formula 'waves'; there are smooth, ramps"):
        formula("waves")


def test_tokens_follow_the_requests():
    trace = formula("smooth")
    busy = trace.requests > 0
    assert trace.prompt_tokens is not None
    assert trace.output_tokens is not None
    per_request = trace.prompt_tokens[busy] / trace.requests[busy]
    assert per_request.mean() == pytest.approx(1_200, rel=0.05)
    assert (trace.prompt_tokens.sum() / trace.output_tokens.sum()) == pytest.approx(1_200 / 220, rel=0.001)


def test_cron_spikes_at_the_half_hour():
    minutes = formula("cron").requests.reshape(-1, 30).mean(axis=0)
    assert minutes[0] / minutes[29] == pytest.approx(2.2, rel=0.05)


def test_a_weekend_is_quieter_where_the_formula_says_so():
    days = formula("ramps").requests.reshape(21, -1).sum(axis=1)
    assert days[[5, 6]].max() < 0.5 * days[:5].min()


def test_the_shift_comes_on_day_sixteen_and_dips_on_day_eighteen():
    days = formula("shift").requests.reshape(21, -1).sum(axis=1)
    usual = days[:16].mean()
    assert days[16:18].mean() / usual == pytest.approx(1.6, rel=0.05)
    assert days[18] / usual == pytest.approx(0.64, rel=0.05)
