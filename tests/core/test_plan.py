"""What would be had if nothing restrained it."""

from math import log10

import pytest

from autoscaler.core.chosen import Chosen, headroom_of
from autoscaler.core.cluster import Fleet
from autoscaler.core.outlook import late_price_for
from autoscaler.core.plan import router_need, server_need
from autoscaler.core.policy import Objective
from autoscaler.core.reasons import Reason
from autoscaler.core.strictness import GAIN_PER_DAY, adjusted
from tests.builders import AT, a_demand, a_lead, a_pool, a_workload, an_outlook

REST = Fleet(16, 16)
SHORT = Fleet(12, 12)
MAY_WAIT = 70.0 / 60.0  # a busy minute of so much more is served in time, ten seconds later


def need(demand, outlook=None, fleet=REST, per_node=1, *, chosen=Chosen(16.0), **stated):  # noqa: B008
    workload = a_workload(**stated)
    headroom = headroom_of(workload, chosen)
    return server_need(demand, outlook, fleet, a_lead(), workload, headroom, per_node, AT)


def test_up_needs_one_voice_present_need():
    planned = need(a_demand(14.2 * MAY_WAIT), an_outlook(3.0))
    assert planned.up == 15
    assert planned.why[0].reason is Reason.PRESENT_NEED


@pytest.mark.parametrize(
    "wait_s, expected",
    [(0.0, 15), (10.0, 13), (60.0, 8)],
    ids=["nobody may wait", "ten seconds", "as long as the minute lasts"],
)
def test_a_busy_minute_is_not_ordered_for_as_if_it_lasted(wait_s, expected):
    assert need(a_demand(14.2), an_outlook(3.0), objective=Objective(wait_s=wait_s)).up == expected


def test_without_a_forecast_nobody_says_that_a_busy_minute_will_pass():
    assert need(a_demand(14.2), None, objective=Objective(wait_s=60.0)).up == 17


def test_up_needs_one_voice_what_lies_ahead():
    planned = need(a_demand(3.0), an_outlook(14.2))
    assert planned.up == 15
    assert planned.why[0].reason is Reason.FORECAST


def test_down_needs_what_lies_between_too():
    planned = need(a_demand(3.0), an_outlook(4.0, hold=9.5))
    assert (planned.up, planned.down) == (4, 10)


def test_a_whole_need_is_that_count():
    assert need(a_demand(12.0), an_outlook(12.0000001)).up == 12


def test_without_a_forecast_a_headroom_is_kept():
    planned = need(a_demand(10.0))
    assert planned.up == 12
    assert planned.why[0].reason is Reason.REACTIVE


def test_the_headroom_is_the_chosen_one_unless_one_is_stated():
    assert need(a_demand(10.0), chosen=Chosen(16.0, headroom=0.4)).up == 14
    assert need(a_demand(10.0), chosen=Chosen(16.0, headroom=0.4), headroom=0.2).up == 12


@pytest.mark.parametrize(
    "trust, up, down, reason",
    [
        (1.0, 30, 40, Reason.FORECAST),
        (0.5, 21, 26, Reason.MIXED),
        (0.0, 12, 12, Reason.MIXED),
    ],
    ids=[
        "a trusted forecast plans alone",
        "half trusted, half the rule's",
        "not trusted, the rule plans alone",
    ],
)
def test_a_forecast_counts_as_far_as_it_is_trusted(trust, up, down, reason):
    planned = need(a_demand(10.0), an_outlook(30.0, hold=40.0, trust=trust), Fleet(60, 60))
    assert (planned.up, planned.down) == (up, down)
    assert planned.why[0].reason is reason


def test_a_forecast_of_long_ago_is_none():
    assert need(a_demand(10.0), an_outlook(40.0, origin=AT - 601.0)).up == 12


def test_a_stated_headroom_is_kept_on_top_of_the_forecast():
    assert need(a_demand(3.0), an_outlook(10.0), headroom=0.5).up == 15


def test_a_stated_utilisation_spreads_the_work():
    assert need(a_demand(7.0), an_outlook(7.0), objective=Objective(utilisation=0.5)).up == 14


def test_nodes_that_are_paid_for_anyway_are_filled():
    assert need(a_demand(13.0), an_outlook(13.0), per_node=2).up == 14


def test_a_backlog_is_repaid_on_top_of_demand():
    planned = need(a_demand(14.0 * MAY_WAIT, backlog=600.0), an_outlook(14.0), SHORT)
    # 140 of the 600 may wait, 2 a second more come until an order of now serves: (460 + 2 × 360) ÷ 90 + 14.
    assert planned.up == 14 + 14
    assert planned.why[-1].reason is Reason.BACKLOG


def test_a_backlog_is_not_ordered_twice():
    demand = a_demand(14.0 * MAY_WAIT, backlog=600.0)
    ordered = Fleet(28, 12, (AT,) * 16)
    before = need(demand, an_outlook(14.0), SHORT)
    assert need(demand, an_outlook(14.0), ordered).up == before.up
    soon = Fleet(28, 12, (AT - 350.0,) * 16)
    assert need(demand, an_outlook(14.0), soon).up < before.up


def test_a_shortage_is_a_backlog_before_it_has_built_up():
    # 2 a second are short for 360 s, of which 140 may wait: 580 ÷ 90 servers on top.
    assert need(a_demand(14.0 * MAY_WAIT), an_outlook(14.0), SHORT).up == 14 + 7


@pytest.mark.parametrize("backlog", [0.0, 600.0, 90_000.0])
@pytest.mark.parametrize("said", [0.0, 14.0, 1e308])
def test_a_forecast_that_nobody_trusts_changes_nothing(said, backlog):
    demand = a_demand(14.0, backlog=backlog)
    distrusted, alone = need(demand, an_outlook(said, trust=0.0), SHORT), need(demand, None, SHORT)
    assert (distrusted.up, distrusted.down) == (alone.up, alone.down)


def test_a_forecast_of_long_ago_says_nothing_of_a_backlog_either():
    demand = a_demand(14.0, backlog=600.0)
    old = an_outlook(14.0, expected=90.0, origin=AT - 601.0)
    assert need(demand, old, SHORT) == need(demand, None, SHORT)


@pytest.mark.parametrize("said", [1e13, 1e300, 1.7e308])
def test_no_forecast_is_too_large_to_plan_with(said):
    planned = need(a_demand(14.0, backlog=600.0), an_outlook(said, expected=said), SHORT)
    assert planned.up == planned.down == 10**12


def test_a_backlog_asks_at_most_for_as_much_again():
    assert need(a_demand(14.0 * MAY_WAIT, backlog=90_000.0), an_outlook(14.0), SHORT).up == 28


def test_a_queue_within_the_objective_is_no_backlog():
    assert need(a_demand(10.0, backlog=90.0), an_outlook(10.0)).up == 10


@pytest.mark.parametrize("kv_use,expected", [(0.94, 10), (0.96, 13), (None, 10)])
def test_kv_pressure_raises_by_a_step(kv_use, expected):
    assert need(a_demand(10.0, kv_use=kv_use), an_outlook(10.0), SHORT).up == expected


def test_memory_raises_by_one_step_only():
    assert need(a_demand(10.0, memory_excess=0.3), an_outlook(10.0), SHORT).up == 11


def test_pressure_waits_for_what_is_starting():
    starting = Fleet(14, 12, (AT, AT))
    assert need(a_demand(10.0, kv_use=0.99, memory_excess=0.5), an_outlook(10.0), starting).up == 10


def test_routers_carry_requests():
    assert router_need(1_400.0, a_workload()) == 10
    assert router_need(0.0, a_workload()) == 0


def test_a_rarer_miss_is_dearer_and_a_price_in_money_may_only_raise_it():
    pool = a_pool(price_per_hour=32.0)

    def price(pool=pool, **workload):
        return late_price_for(a_workload(**workload), pool)

    assert price() == pytest.approx(16.0)
    assert price(objective=Objective(share=0.998)) == pytest.approx(80.0)
    assert price(miss_price=1e-6) == pytest.approx(16.0)
    # A server of a node for two costs 16 an hour, and serves a request in a seventh of a second.
    usual = a_workload().profile.usual_work
    assert price(miss_price=0.1) == pytest.approx(0.1 / usual / (16.0 / 3_600.0))
    assert price(miss_price=0.1, pool=a_pool(price_per_hour=0.0)) == pytest.approx(16.0)
    assert price(objective=Objective(share=1.0)) <= 1e6


def test_misses_raise_the_price_and_none_lowers_it_within_bounds():
    begun = log10(16.0)
    calm, late = a_demand(10.0), a_demand(10.0, backlog=900.0)

    def after(demand, days):
        strictness = begun
        for _ in range(int(days * 1_440)):
            strictness = adjusted(strictness, demand, 10.0, Objective(), begun, 60.0)
        return 10.0**strictness

    assert after(late, 0.01) > 16.0 > after(calm, 1.0)
    assert after(calm, 1.0) == pytest.approx(16.0 * 10.0**-GAIN_PER_DAY, rel=0.01)
    assert after(calm, 90.0) == pytest.approx(16.0 / 10.0**0.5)
    assert after(late, 90.0) == pytest.approx(16.0 * 10.0**0.7)
