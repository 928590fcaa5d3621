"""What would have been said in the past days: by nobody who knew what was to come."""

import numpy as np
import pytest

from autoscaler.core.history import History
from autoscaler.replay.backcast import backcast
from forecasting.catalogue import make
from forecasting.series import Panel
from tests.builders import AT, a_lead

LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
HOUR, DAY = 3_600.0, 86_400.0
MINUTES = 2_160  # a day and a half
BEGIN = AT - 60.0 * MINUTES


def some_work(seed=3):
    rng = np.random.default_rng(seed)
    minutes = np.arange(MINUTES)
    return 10.0 + 4.0 * np.sin(minutes / 229.2) + rng.normal(0.0, 0.7, MINUTES)


def a_history(*works):
    history = History({f"w{k}": 10.0 for k in range(len(works))})
    history.seed({f"w{k}": Panel(start=BEGIN, step=60.0, values=w[None]) for k, w in enumerate(works)}, AT)
    return history


def said_of(*works, forecaster="last-value", days=1):
    leads = {f"w{k}": a_lead() for k in range(len(works))}
    return backcast(a_history(*works), make(forecaster), leads, LEVELS, days)


@pytest.mark.parametrize("forecaster", ["last-value", "memories", "ensemble"])
@pytest.mark.parametrize("hours", [6.0, 18.0], ids=["late in the day", "early in the day"])
def test_what_came_later_changes_nothing_that_was_said_before(forecaster, hours):
    until = AT - hours * HOUR
    work = some_work()
    other = work.copy()
    other[round((until - BEGIN) / 60.0) :] *= 5.0
    ours, theirs = (said_of(w, forecaster=forecaster).said["w0"] for w in (work, other))
    before = [said for said in ours if said.end <= until]
    assert before == [said for said in theirs if said.end <= until]
    assert len(before) == round((DAY - hours * HOUR) / 60.0) + 1
    assert ours[len(before) + 20 :] != theirs[len(before) + 20 :]


def test_it_speaks_at_the_end_of_every_step_of_the_last_days():
    said = said_of(some_work()).said["w0"]
    assert [said[0].end, said[-1].end] == [AT - DAY, AT - 60.0]
    assert len(said) == 1_440
    assert all(len(one.ahead) == len(LEVELS) and sorted(one.ahead) == list(one.ahead) for one in said)


def test_half_a_day_is_learned_from_before_anything_is_said():
    said = said_of(some_work(), days=5).said["w0"]
    assert said[0].end == BEGIN + 0.5 * DAY


def test_less_than_half_a_day_says_nothing():
    history = History({"w0": 10.0})
    history.seed({"w0": Panel(start=AT - 36_000.0, step=60.0, values=np.ones((1, 600)))}, AT)
    assert backcast(history, make("last-value"), {"w0": a_lead()}, LEVELS, 5).said == {"w0": ()}


def test_what_one_lacks_the_other_does_not_lose():
    gap = some_work(4)
    gap[1_000:1_400] = np.nan
    both = said_of(some_work(), gap).said
    for ours, alone in zip(both["w0"], said_of(some_work()).said["w0"], strict=True):
        assert ours.ahead == pytest.approx(alone.ahead)
        assert ours.hold == pytest.approx(alone.hold)
    assert all(np.isfinite(one.ahead).all() and np.isfinite(one.hold).all() for one in both["w1"])


def test_the_bounds_learn_on_the_way():
    learned = said_of(some_work()).learned["w0"]
    assert learned.levels == LEVELS
    assert any(learned.shifts)
