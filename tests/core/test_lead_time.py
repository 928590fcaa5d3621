"""How long starts take: a prior, then what was seen."""

import pytest

from autoscaler.core.cluster import StageTime, nodes, servers
from autoscaler.core.lead_time import KEPT, LeadTimes, lead_for, load_prior
from autoscaler.core.profile import Prior, Profile
from tests.builders import AT, a_pool, a_workload


def seen(node, load, times=KEPT):
    stages = []
    for k in range(times):
        stages.append(StageTime(nodes("h100"), "node", node, AT + k))
        stages.append(StageTime(servers("chat"), "load", load, AT + k))
    return LeadTimes().learn(stages)


def test_before_anything_was_seen_the_prior_stands():
    lead = lead_for(LeadTimes(), a_workload(), a_pool())
    assert lead.median == 240.0 + 120.0
    assert lead.early < lead.median < lead.slow < lead.late < lead.given_up


def test_what_was_seen_replaces_the_prior():
    lead = lead_for(seen(900.0, 300.0), a_workload(), a_pool())
    assert lead.median == pytest.approx(1_200.0)
    assert lead.slow == pytest.approx(1_200.0)


def test_a_few_times_move_it_part_of_the_way():
    some = lead_for(seen(900.0, 120.0, times=6), a_workload(), a_pool())
    assert 240.0 < some.node < 900.0


def test_only_the_newest_are_kept():
    times = seen(900.0, 300.0).learn([StageTime(nodes("h100"), "node", 200.0, AT)] * KEPT)
    assert lead_for(times, a_workload(), a_pool()).node == pytest.approx(200.0)
    assert all(len(kept) == KEPT for kept in times.seen.values())


def test_keeping_costs_as_much_as_starting_after_the_break_even():
    lead = lead_for(LeadTimes(), a_workload(), a_pool(drain_s=60.0))
    assert lead.break_even == lead.median + 60.0


def test_weights_over_a_read_rate_and_starts_that_share_it():
    profile = Profile(
        load=Prior(median=40.0, p90=60.0), weights_gigabytes=140.0, read_gigabytes_per_second=2.0
    )
    assert load_prior(profile).median == 10.0 + 70.0
    assert load_prior(profile, starts=3).median == 10.0 + 210.0
