"""What would be had if nothing restrained it."""

import pytest

from autoscaler.core.cluster import Fleet
from autoscaler.core.outlook import level_for
from autoscaler.core.plan import router_need, server_need
from autoscaler.core.policy import Objective
from autoscaler.core.reasons import Reason
from autoscaler.core.strictness import adjusted, level_of, strictness_of
from tests.builders import AT, a_demand, a_lead, a_pool, a_workload, an_outlook

REST = Fleet(16, 16)
SHORT = Fleet(12, 12)


def need(demand, outlook=None, fleet=REST, per_node=1, **workload):
    return server_need(demand, outlook, fleet, a_lead(), a_workload(**workload), per_node, AT)


def test_up_needs_one_voice_present_need():
    assert need(a_demand(14.2), an_outlook(3.0)).up == 15


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


def test_a_forecast_of_long_ago_is_none():
    assert need(a_demand(10.0), an_outlook(40.0, origin=AT - 601.0)).up == 12


def test_a_stated_headroom_is_kept_on_top_of_the_forecast():
    assert need(a_demand(3.0), an_outlook(10.0), headroom=0.5).up == 15


def test_a_stated_utilisation_spreads_the_work():
    assert need(a_demand(7.0), an_outlook(7.0), objective=Objective(utilisation=0.5)).up == 14


def test_nodes_that_are_paid_for_anyway_are_filled():
    assert need(a_demand(13.0), an_outlook(13.0), per_node=2).up == 14


def test_a_backlog_is_repaid_on_top_of_demand():
    planned = need(a_demand(14.0, backlog=600.0), an_outlook(14.0), SHORT)
    # 140 of the 600 may wait, 2 a second more come until an order of now serves: (460 + 2 × 360) ÷ 90 + 14.
    assert planned.up == 14 + 14
    assert planned.why[-1].reason is Reason.BACKLOG


def test_a_backlog_is_not_ordered_twice():
    demand = a_demand(14.0, backlog=600.0)
    ordered = Fleet(28, 12, (AT,) * 16)
    before = need(demand, an_outlook(14.0), SHORT)
    assert need(demand, an_outlook(14.0), ordered).up == before.up
    soon = Fleet(28, 12, (AT - 350.0,) * 16)
    assert need(demand, an_outlook(14.0), soon).up < before.up


def test_a_shortage_is_a_backlog_before_it_has_built_up():
    # 2 a second are short for 360 s, of which 140 may wait: 580 ÷ 90 servers on top.
    assert need(a_demand(14.0), an_outlook(14.0), SHORT).up == 14 + 7


def test_a_backlog_asks_at_most_for_as_much_again():
    assert need(a_demand(14.0, backlog=90_000.0), an_outlook(14.0), SHORT).up == 28


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


def test_a_price_of_a_miss_may_only_raise_the_level():
    pool = a_pool(price_per_hour=32.0)

    def level(**workload):
        return level_for(a_workload(**workload), pool)

    assert level() == pytest.approx(0.97)
    assert level(miss_price=1e-6) == pytest.approx(0.97)
    assert level(miss_price=0.1) > 0.98
    assert level(miss_price=0.1, level=0.8) == 0.8
    assert level(objective=Objective(share=0.998)) == pytest.approx(0.994)


def test_misses_raise_the_level_and_none_lowers_it_within_bounds():
    begun = strictness_of(0.97)
    calm, late = a_demand(10.0), a_demand(10.0, backlog=900.0)

    def after(demand, days):
        strictness = begun
        for _ in range(int(days * 1_440)):
            strictness = adjusted(strictness, demand, 10.0, Objective(), begun, 60.0)
        return level_of(strictness)

    assert after(late, 0.01) > 0.97 > after(calm, 1.0)
    assert 0.9 < after(calm, 90.0) < 0.91
    assert 0.99 < after(late, 90.0) < 0.993
