"""What is believed of a forecast: judged when the moment has come, and collapses doubted for a while."""

import numpy as np
import pytest

from autoscaler.control.doubts import HOUR, Doubts, least_of_day
from autoscaler.core.history import History
from autoscaler.core.trust import SURE, Trust
from forecasting.series import Panel
from tests.builders import AT

USUAL = {"chat": 10.0}
LEAD_S = 480.0
MINUTE = 60.0


def a_history(values=(), names=("chat",)):
    history = History(dict.fromkeys(names, 0.0))
    values = np.asarray(values, dtype=float)
    history.seed({"chat": Panel(start=AT - MINUTE * values.size, step=MINUTE, values=values[None])}, AT)
    return history


def lived(doubts, history, minutes, *, forecast=0.0, rule=11.5, came=10.0, hold_s=0.0):
    """So many minutes; in each both are asked for the moment a lead time ahead. The trust after each."""
    weights = []
    for _ in range(minutes):
        history.close([came])
        doubts.judge(history, USUAL, {"chat": hold_s}, {"chat": 16.0})
        weights.append(doubts.trust["chat"].weight)
        doubts.ask("chat", history.end + LEAD_S, forecast, rule)
    return weights


def test_nothing_is_judged_before_its_moment_has_come():
    doubts, history = Doubts(["chat"], {}), a_history()
    lived(doubts, history, 8)
    assert doubts.trust["chat"] == Trust()
    lived(doubts, history, 1)
    assert doubts.trust["chat"].odds < SURE


def test_a_lie_of_nothing_is_left_within_twenty_busy_minutes_after_it_began():
    doubts, history = Doubts(["chat"], {}), a_history()
    weights = lived(doubts, history, 8 + 20)
    assert weights[-1] == 0.0


def test_what_was_asked_for_a_little_earlier_is_still_there():
    """Servers asked for stay for the hold: what falls short at every other minute does not fall short."""
    held, bare = (Doubts(["chat"], {}) for _ in range(2))
    for doubts, hold_s in ((held, 300.0), (bare, 0.0)):
        history = a_history()
        for minute in range(60):
            lived(doubts, history, 1, forecast=12.0 if minute % 3 == 0 else 0.0, rule=12.0, hold_s=hold_s)
    assert held.trust["chat"].weight == 1.0
    assert bare.trust["chat"].weight < 0.5


def test_a_moment_that_nobody_measured_is_not_judged():
    doubts, history = Doubts(["chat"], {}), a_history()
    lived(doubts, history, 60, came=float("nan"))
    assert doubts.trust["chat"] == Trust()


def test_a_jump_of_the_clock_judges_nothing_that_was_forgotten():
    doubts, history = Doubts(["chat"], {}), a_history([10.0] * 100)
    lived(doubts, history, 8)
    history.skip_to(history.end + 100 * 86_400.0)
    lived(doubts, history, 5)
    assert doubts.trust["chat"] == Trust()


def test_the_operator_hears_once_that_trust_is_lost_and_once_that_it_is_back():
    doubts, history = Doubts(["chat"], {}), a_history()
    lived(doubts, history, 60)
    assert doubts.told == [
        "forecast: that of chat is not trusted: the reactive rule would have cost less",
    ]
    lived(doubts, history, 120, forecast=10.0, rule=0.0)
    assert doubts.told[1:] == ["forecast: that of chat is trusted again"]


def test_what_was_believed_before_a_restart_is_believed_after_it():
    assert Doubts(["chat", "code"], {"chat": -3.0}).trust == {"chat": Trust(-3.0), "code": Trust()}


def frozen(doubts, minutes, need=2.0, least=10.0, start=0.0):
    return [doubts.collapsed("chat", need, least, AT + start + MINUTE * k) for k in range(minutes)]


def test_a_collapse_is_doubted_for_an_hour_at_most():
    assert frozen(Doubts(["chat"], {}), 120) == [True] * 60 + [False] * 60


def test_a_demand_that_recovers_and_collapses_again_is_doubted_again():
    doubts = Doubts(["chat"], {})
    frozen(doubts, 90)
    assert frozen(doubts, 1, need=8.0, start=90 * MINUTE) == [False]
    assert frozen(doubts, 61, start=91 * MINUTE) == [True] * 60 + [False]


@pytest.mark.parametrize(
    "odds, need, least",
    [(-1.0, 2.0, 10.0), (SURE, 6.0, 10.0), (SURE, 2.0, float("nan")), (SURE, 0.0, 0.0)],
    ids=[
        "the forecast has not been right",
        "it is no deep fall",
        "nobody knows what the last day had",
        "the last day had zeros of its own",
    ],
)
def test_no_collapse_is_seen_where(odds, need, least):
    doubts = Doubts(["chat"], {"chat": odds})
    assert not any(frozen(doubts, 10, need=need, least=least))
    assert HOUR == 3_600.0


def test_the_least_of_a_day_leaves_the_last_half_hour_out():
    day = np.full(1_440, 10.0)
    day[700:720], day[-20:] = 5.0, 1.0  # the requirement falls when the last quarter of an hour has
    assert least_of_day(a_history(day))[0] == pytest.approx(5.0)


def test_the_least_of_half_a_day_is_not_known():
    assert np.isnan(least_of_day(a_history(np.full(600, 10.0)))[0])
    assert not np.isfinite(least_of_day(a_history(np.full(1_440, np.nan)))[0])
