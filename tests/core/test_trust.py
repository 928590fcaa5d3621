"""How far a forecast is believed: what it would have cost beside the rule."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.trust import FASTEST, SURE, Trust, judged

USUAL = 10.0
servers = st.floats(0.0, 1e4)


def minutes_until(forecast, reached, *, rule=11.5, came=10.0, trust=None, most=2_000):
    trust = trust or Trust()
    for minute in range(most):
        if reached(trust):
            return minute
        trust = judged(trust, forecast, rule, came, USUAL)
    return inf


def lost(trust):
    return trust.weight == 0.0


def doubted(trust):
    return trust.weight < 0.5


def believed(trust):
    return trust.weight == 1.0


LOSSES = [
    ("0, in busy minutes, within twenty", 0.0, 10.0, 20),
    ("0, at a quarter of the usual load, within three quarters of an hour", 0.0, 2.5, 45),
    ("a tenth of what comes", 1.0, 10.0, 20),
    ("a hundred times what comes, within some hours", 1_000.0, 10.0, 240),
    ("twice what comes: idle money alone, within a day", 20.0, 10.0, 1_440),
]


@pytest.mark.parametrize("forecast, came, most", [x[1:] for x in LOSSES], ids=[x[0] for x in LOSSES])
def test_a_forecast_that_fails_is_left_for_the_rule(forecast, came, most):
    assert minutes_until(forecast, lost, came=came, rule=1.15 * came) <= most


def test_one_that_is_as_good_as_the_rule_is_left_where_it_is():
    trust = Trust()
    for _ in range(1_000):
        trust = judged(trust, 11.5, 11.5, 10.0, USUAL)
    assert trust == Trust()


def test_one_that_was_lost_comes_back_by_being_right():
    gone = Trust(-SURE)
    assert minutes_until(10.5, believed, rule=12.0, trust=gone) <= 24 * 60
    # Where the rule is short itself, sooner.
    assert minutes_until(12.0, believed, rule=6.0, trust=gone) <= 30


def test_one_unlucky_minute_does_not_decide():
    unlucky = judged(Trust(), 0.0, 1_000.0, 1_000.0, USUAL)
    assert unlucky.weight == 1.0
    assert not doubted(judged(unlucky, 0.0, 1_000.0, 1_000.0, USUAL))


@pytest.mark.parametrize(
    "odds, weight",
    [(SURE, 1.0), (0.5 * SURE, 1.0), (0.0, 0.5), (-0.5 * SURE, 0.0), (-SURE, 0.0)],
    ids=["sure", "half sure is enough", "as good as the rule", "half sure of the rule", "sure of the rule"],
)
def test_the_odds_say_what_part_of_the_plan_is_the_forecasts(odds, weight):
    assert Trust(odds).weight == pytest.approx(weight)


@given(st.floats(-SURE, SURE), servers, servers, servers, st.floats(0.0, 1e4))
def test_trust_is_bounded_and_moves_by_little(odds, forecast, rule, came, usual):
    after = judged(Trust(odds), forecast, rule, came, usual)
    assert -SURE <= after.odds <= SURE
    assert abs(after.odds - odds) <= FASTEST + 1e-9
    assert 0.0 <= after.weight <= 1.0


@given(servers, servers, servers)
def test_who_cost_less_gains(forecast, rule, came):
    """Changing places changes the sign."""
    one, other = (
        judged(Trust(0.0), forecast, rule, came, USUAL),
        judged(Trust(0.0), rule, forecast, came, USUAL),
    )
    assert one.odds == pytest.approx(-other.odds)


@pytest.mark.parametrize("usual", [0.0, 5e-324, float("nan")])
def test_where_nothing_is_usual_a_forecast_of_something_is_still_held_to_account(usual):
    assert judged(Trust(1.0), 10.0, 0.0, 0.0, usual) == Trust(1.0 - FASTEST)
    assert judged(Trust(1.0), 0.0, 0.0, 0.0, usual) == Trust(1.0)


def test_a_dear_forecast_is_no_waste_between_two_crowds():
    """At a price of 320 it keeps thirty servers for a crowd of ten minutes that comes every two hours."""
    usual_price = dear = Trust()
    for minute in range(240):
        came = 25.0 if minute % 120 < 10 else 8.0
        usual_price = judged(usual_price, 30.0, 10.0, came, USUAL)
        dear = judged(dear, 30.0, 10.0, came, USUAL, 320.0)
    assert usual_price.weight < 0.5
    assert dear.weight > 0.9
