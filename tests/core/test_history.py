"""Demand on its grid, and what it requires."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.history import WINDOWS, History, requirement, windows_for
from forecasting.series import Panel

T = 10.0


def slow_requirement(work, step, wait):
    out = []
    for k, now in enumerate(work):
        best = 0.0 if now == now else np.nan
        for length in WINDOWS:
            window = work[k + 1 - length : k + 1] if length <= k + 1 else []
            if now == now and len(window) == length and not np.isnan(window).any():
                best = max(best, sum(window) * step / (length * step + wait))
        out.append(best)
    return out


series = st.lists(st.floats(0.0, 50.0) | st.just(float("nan")), min_size=1, max_size=60)


@given(series)
def test_the_requirement_is_the_largest_of_its_windows(work):
    fast = requirement(np.array([work]), 60.0, np.array([T]))[0]
    assert np.allclose(fast, slow_requirement(work, 60.0, T), equal_nan=True)


@given(series)
def test_one_step_at_a_time_gives_what_all_at_once_gives(work):
    stepwise, at_once = History({"a": T, "b": T}), History({"a": T, "b": T})
    alone = History({"a": T})
    for value in work:
        stepwise.close([value, value])
        alone.close([value])
    panel = Panel(start=0.0, step=60.0, values=np.array([work]))
    at_once.seed({"a": panel, "b": panel}, 60.0 * len(work))
    assert np.allclose(stepwise.panel().values, at_once.panel().values, equal_nan=True)
    assert np.allclose(alone.panel().values, at_once.panel().values[:1], equal_nan=True)


def test_a_steady_rate_requires_nearly_itself():
    work = np.full((1, 120), 10.0)
    assert requirement(work, 60.0, np.array([T]))[0, -1] == pytest.approx(10.0 * 900 / 910)


def test_a_gap_stays_a_gap_and_no_window_reaches_over_it():
    work = np.array([[5.0, 5.0, np.nan, 5.0]])
    need = requirement(work, 60.0, np.array([T]))[0]
    assert np.isnan(need[2])
    assert need[3] == pytest.approx(300.0 / 70.0)


def test_a_spike_is_forgotten_a_quarter_of_an_hour_later():
    work = np.array([[1.0] * 20 + [50.0] + [1.0] * 20])
    need = requirement(work, 60.0, np.array([T]))[0]
    assert need[20 + 14] > 3.0
    assert need[20 + 15] < 1.0


@pytest.mark.parametrize(
    "step, expected",
    [(60.0, WINDOWS), (300.0, (1, 2, 3)), (3_600.0, (1,))],
    ids=["minutes", "five minutes", "a step that is longer is its own window"],
)
def test_no_window_is_longer_than_a_quarter_of_an_hour(step, expected):
    assert windows_for(step) == expected


def test_what_a_step_required_is_found_by_its_end():
    history = History({"a": T, "b": T})
    history.seed({"a": Panel(start=6_000.0, step=60.0, values=np.arange(1.0, 11.0)[None])}, 6_600.0)
    assert history.need_at(6_600.0)[0] == history.panel().values[0, -1]
    assert history.need_at(6_060.0)[0] == history.panel().values[0, 0]
    assert np.isnan(history.need_at(6_060.0)[1])


def test_old_steps_are_forgotten_and_the_grid_stays_true():
    history = History({"a": T}, days=1.0)
    for k in range(4_000):
        history.close([float(k)])
    assert history.end == 4_000 * 60.0
    assert 1_440 <= history.steps <= 1_440 + 720
    assert history.work().values[0, -1] == 3_999.0
    assert history.work().start + history.steps * 60.0 == history.end


def test_a_history_of_other_steps_is_refused():
    with pytest.raises(ValueError, match="steps of 300 s, want 60 s"):
        History({"a": T}).seed({"a": Panel(start=0.0, step=300.0, values=np.ones((1, 4)))}, 1_200.0)


def test_a_past_that_is_learnt_late_stands_before_what_came_since():
    early, late = History({"a": T, "b": T}), History({"a": T, "b": T})
    work = np.arange(1.0, 41.0)
    past = {"a": Panel(start=6_000.0, step=60.0, values=work[None])}
    early.seed(past, 8_400.0)
    late.seed({}, 8_400.0)
    for history in (early, late):
        for value in (50.0, np.nan, 60.0):
            history.close([value, 7.0])
    late.recall(past)
    assert (late.start, late.end) == (early.start, early.end) == (6_000.0, 8_580.0)
    assert np.allclose(late.panel().values, early.panel().values, equal_nan=True)


def test_a_past_that_is_learnt_late_is_cut_to_what_is_kept():
    history = History({"a": T}, days=0.5 / 24.0)
    history.seed({}, 6_000.0)
    history.close([9.0])
    history.recall({"a": Panel(start=0.0, step=60.0, values=np.ones((1, 100)))})
    assert history.steps == 30
    assert history.end == 6_060.0
    assert history.work().values[0].tolist() == [1.0] * 29 + [9.0]
