"""The highest plan of a window, which may grow and shrink from day to day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.control.recent import RecentPlans, windows
from autoscaler.core.chosen import Chosen
from autoscaler.core.cluster import nodes, routers, servers
from autoscaler.core.policy import Limits
from tests.builders import AT, a_policy, a_workload

CHAT = servers("chat")


def planned(plans, window, *, every=15.0):
    recent = RecentPlans({CHAT: window})
    for k, plan in enumerate(plans):
        recent.add(AT + every * k, {CHAT: plan})
    return recent, AT + every * len(plans)


def test_until_the_window_is_full_nobody_knows():
    recent, at = planned([5] * 20, 300.0)
    assert recent.highest(at - 15.0) == {}
    assert recent.highest(at) == {CHAT: 5}


def test_the_highest_counts_as_long_as_it_lies_within():
    recent, at = planned([5] * 20 + [9] + [5] * 20, 300.0)
    assert recent.highest(at - 15.0) == {CHAT: 9}
    recent.add(at, {CHAT: 5})
    assert recent.highest(at + 15.0) == {CHAT: 5}


def test_a_window_that_grows_finds_what_was_planned_before():
    recent, at = planned([5] * 20 + [9] + [5] * 40, 300.0)
    assert recent.highest(at) == {CHAT: 5}
    recent.window = {CHAT: 900.0}
    assert recent.highest(at) == {CHAT: 9}


def test_a_window_that_grows_beyond_all_that_was_planned_is_not_full():
    recent, at = planned([5] * 40, 300.0)
    recent.window = {CHAT: 900.0}
    assert recent.highest(at) == {}


def test_a_window_that_shrinks_forgets():
    recent, at = planned([5] * 40 + [9] + [6] * 10 + [5] * 10, 900.0)
    assert recent.highest(at + 15.0) == {CHAT: 9}
    recent.window = {CHAT: 170.0}
    assert recent.highest(at) == {CHAT: 6}
    recent.window = {CHAT: 0.0}
    assert recent.highest(at) == {CHAT: 5}


@pytest.mark.parametrize(
    "later", [400.0, -30.0], ids=["a pause as long as the window", "a clock that went back"]
)
def test_the_window_begins_anew_after(later):
    recent, at = planned([9] * 40, 300.0)
    recent.add(at + later, {CHAT: 5})
    assert recent.highest(at + later) == {}


def test_no_plan_of_late_is_no_plan():
    recent, at = planned([9] * 40, 300.0)
    assert recent.highest(at + 400.0) == {}


@given(
    st.lists(st.integers(0, 30), min_size=70, max_size=120),
    st.lists(st.sampled_from([0.0, 60.0, 300.0, 900.0]), min_size=2, max_size=4),
)
def test_it_is_what_looking_at_every_plan_finds(plans, lengths):
    recent = RecentPlans({CHAT: lengths[0]})
    each = -(-len(plans) // len(lengths))
    for k, plan in enumerate(plans):
        at = AT + 15.0 * k
        recent.window = {CHAT: lengths[k // each]}
        window = recent.window[CHAT]
        within = [p for j, p in enumerate(plans[:k]) if 15.0 * (k - j) <= window] or plans[k - 1 : k]
        full = k > 0 and 15.0 * k >= window
        assert recent.highest(at) == ({CHAT: max(within)} if full else {})
        recent.add(at, {CHAT: plan})


def test_windows_are_stated_or_chosen_and_nodes_have_none_of_their_own():
    policy = a_policy(
        a_workload(routers=Limits()),
        a_workload("code", servers=Limits(stabilisation_s=60.0)),
        a_workload("mail", servers=Limits(cooldown_down_s=1_800.0)),
    )
    chosen = dict.fromkeys(policy.workloads, Chosen(16.0, hold_s=900.0))
    assert windows(policy, chosen) == {
        servers("chat"): 900.0,
        servers("code"): 60.0,
        servers("mail"): 1_800.0,
        routers("chat"): 120.0,
        nodes("h100"): 0.0,
    }
