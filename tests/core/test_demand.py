"""What users ask for, from readings that may be missing, stale, wrong or capped."""

from math import inf, nan

import pytest

from autoscaler.core.demand import NO_TRAIL, Trail, estimate_demand, fresh
from autoscaler.core.observation import ARRIVALS, KV_USE, WAITING, Reading
from autoscaler.core.profile import Profile
from autoscaler.core.reasons import Reason
from tests.builders import AT, readings

PROFILE = Profile()
WORK = PROFILE.usual_work


def estimate(now, before=NO_TRAIL, *, at=AT, ready=12):
    return estimate_demand(now, before, PROFILE, at=at, ready=ready)


BAD = [
    ("missing", Reading(None, AT)),
    ("NaN", Reading(nan, AT)),
    ("infinite", Reading(inf, AT)),
    ("negative", Reading(-1.0, AT)),
    ("two minutes old", Reading(5.0, AT - 120.0)),
    ("from the future", Reading(5.0, AT + 60.0)),
]


@pytest.mark.parametrize("reading", [r[1] for r in BAD], ids=[r[0] for r in BAD])
def test_what_is_no_value_is_not_fresh(reading):
    assert fresh(reading, AT, WAITING) is None


def test_a_share_above_one_is_no_share():
    assert fresh(Reading(1.2, AT), AT, KV_USE) is None
    assert fresh(Reading(12.0, AT), AT, WAITING) == 12.0


def test_nothing_measured_is_blind_and_not_zero():
    demand, _ = estimate(readings(None, waiting=None, running=None))
    assert demand is None


def test_arrivals_alone_give_demand_but_not_leave_to_go_down():
    demand, _ = estimate(readings(70.0, waiting=None, running=None))
    assert demand.work == pytest.approx(70.0 * WORK)
    assert not demand.may_lower


def test_arrivals_and_queue_give_leave_to_go_down():
    demand, _ = estimate(readings(70.0, running=None))
    assert demand.may_lower


def test_a_saturated_fleet_does_not_look_satisfied():
    full = 12 * PROFILE.places
    _, before = estimate(readings(70.0, waiting=0.0, running=full))
    grown = readings(70.0, at=AT + 15.0, waiting=300.0, running=full)
    demand, _ = estimate(grown, before, at=AT + 15.0)
    assert demand.work == pytest.approx(12.0 + 300.0 / 15.0 * WORK)
    assert demand.backlog == pytest.approx(300.0 * WORK)


def test_tokens_are_throughput_and_the_queue_is_added():
    profile = PROFILE
    tokens = readings(None, waiting=0.0, running=None, prompt=12_000.0, output=2_200.0)
    _, before = estimate(tokens)
    later = readings(None, at=AT + 60.0, waiting=600.0, running=None, prompt=12_000.0, output=2_200.0)
    demand, _ = estimate(later, before, at=AT + 60.0)
    assert demand.work == pytest.approx(profile.work(12_000.0, 2_200.0, 10.0) + 10.0 * WORK)


def test_the_mix_of_requests_is_learned_from_tokens():
    _, trail = estimate(readings(10.0, prompt=50_000.0, output=500.0))
    assert trail.work_per_request == pytest.approx(PROFILE.work(5_000.0, 50.0))


def test_a_zero_after_a_busy_hour_is_doubted():
    busy = Trail(hourly=50.0, steady=6.0, requests=50.0, rate_at=AT - 60.0, waiting=0.0, waiting_at=AT - 15.0)
    demand, _ = estimate(readings(0.0, running=0.0), busy)
    assert [why.reason for why in demand.doubts] == [Reason.DOUBTED]
    assert not demand.may_lower


def test_a_zero_after_a_quiet_hour_is_believed():
    quiet = Trail(hourly=0.1, steady=0.01, requests=0.1, rate_at=AT - 60.0, waiting=0.0, waiting_at=AT - 15.0)
    demand, _ = estimate(readings(0.0, running=0.0), quiet)
    assert not demand.doubts
    assert demand.may_lower


def test_a_zero_is_doubted_while_servers_report_work():
    demand, _ = estimate(readings(0.0, running=300.0))
    assert [why.reason for why in demand.doubts] == [Reason.DOUBTED]


def test_a_suspect_answer_may_raise_but_not_lower():
    now = dict(readings(70.0)) | {ARRIVALS: Reading(70.0, AT, True)}
    demand, _ = estimate(now)
    assert demand.work > 0
    assert not demand.may_lower


def test_running_places_are_scaled_to_the_work_that_arrives():
    """An engine whose places fill at half its work: the fast estimate learns the factor."""
    trail = NO_TRAIL
    for tick in range(400):
        at = AT + 15.0 * tick
        rate_at = AT + 60.0 * (tick // 4)
        now = dict(readings(40.0, at=at, running=10 * PROFILE.places)) | {ARRIVALS: Reading(40.0, rate_at)}
        demand, trail = estimate(now, trail, at=at)
    assert demand.work == pytest.approx(40.0 * WORK, rel=0.02)


def test_memory_of_an_engine_that_preallocates_says_nothing_until_it_departs():
    flat = dict(readings()) | {"gpu_memory": Reading(0.9, AT)}
    demand, trail = estimate(flat)
    assert demand.memory_excess == 0.0
    risen = dict(readings(at=AT + 15.0)) | {"gpu_memory": Reading(0.98, AT + 15.0)}
    demand, _ = estimate(risen, trail, at=AT + 15.0)
    assert demand.memory_excess > 0.0
