"""The bound never exceeds what enumeration finds, the schedule never undercuts it; both move rightly."""

import time
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoscaler.replay.optimum import feasible_schedule, lower_bound, minimum_requirement, pooled

STEP = 15.0
SLACK = 1e-6  # node-hours


def on_time_share(work, capacity, *, wait_limit, requests, step=STEP):
    """Share of requests in time, from the curves: when the n-th unit of work came and when it was served."""
    came = np.concatenate([[0.0], np.cumsum(work)])
    clock, served, backlog = [0.0], [0.0], 0.0
    for k, (gain, rate) in enumerate(zip(work, capacity, strict=True)):
        if (
            rate * step > backlog + gain and backlog > 0
        ):  # empties within the step, then keeps pace with arrivals
            empty = backlog / (rate - gain / step)
            clock.append(k * step + empty)
            served.append(came[k] + gain * empty / step)
        backlog = max(0.0, backlog + gain - rate * step)
        clock.append((k + 1) * step)
        served.append(came[k + 1] - backlog)
    rest = backlog / capacity[-1] if capacity[-1] > 0 else 1e9
    clock.append(clock[-1] + rest)
    served.append(came[-1])
    levels = np.unique(np.concatenate([came, served]))
    in_time = total = 0.0
    for low, high in pairwise(levels):
        if high - low < 1e-9:
            continue
        units = low + (high - low) * np.array([0.25, 0.75])
        arrival = np.interp(units, came, np.arange(len(came)) * step)
        a, b = np.interp(units, served, clock) - arrival
        first, last = a - (b - a) / 2, b + (b - a) / 2  # waits at both ends of this stretch of work
        k = int(np.searchsorted(came, units[0])) - 1
        weight = requests[k] * (high - low) / work[k]
        if max(first, last) <= wait_limit + 1e-7:
            share = 1.0
        elif min(first, last) > wait_limit:
            share = 0.0
        else:
            share = (wait_limit - min(first, last)) / abs(last - first)
        in_time, total = in_time + weight * share, total + weight
    return in_time / total if total else 1.0


def cheapest(work, *, wait_limit, servers, nodes, start_cost, initial, requests, share=1.0):
    """Node-hours of the best schedule, all looked at from the cheapest on; and the share it is held to."""
    best = on_time_share(work, [nodes[-1] * servers] * len(work), wait_limit=wait_limit, requests=requests)
    goal = min(share, best)
    schedules = np.array(list(product(nodes, repeat=len(work))))
    starts = np.maximum(np.diff(schedules, prepend=initial, axis=1), 0).sum(axis=1)
    costs = schedules.sum(axis=1) * STEP + starts * start_cost
    for i in np.argsort(costs):
        capacity = schedules[i] * servers
        if on_time_share(work, capacity, wait_limit=wait_limit, requests=requests) >= goal - 1e-9:
            return costs[i] / 3600, goal
    raise AssertionError("the largest schedule serves the largest share")


def case(seed, *, peak=100.0):
    rng = np.random.default_rng(seed)
    work = rng.uniform(0, peak, 6) * rng.choice([0.0, 0.3, 1.0], 6, p=[0.2, 0.3, 0.5])
    return {
        "work": work,
        "requests": np.where(work > 0, rng.integers(1, 20, 6), 0).astype(float),
        "wait_limit": float(rng.choice([0.0, 4.0, 10.0, 15.0, 22.0])),
        "start_cost": float(rng.choice([0.0, 20.0, 300.0])),
        "initial": int(rng.integers(1, 4)),
    }


def problem(some, **others):
    given_work = {"work": some["work"], "requests": some["requests"], "wait_limit": some["wait_limit"]}
    cost = {"start_cost_s": some["start_cost"], "initial_nodes": some["initial"]}
    fleet = {"step": STEP, "servers_per_node": 2, "gpus_per_node": 8, "min_nodes": 1, "max_nodes": 3}
    return {**given_work, **cost, **fleet, **others}


def a_week(steps=40_320, seed=1):
    rng = np.random.default_rng(seed)
    hours = np.arange(steps) * STEP / 3600
    noise = np.repeat(np.exp(0.08 * rng.standard_normal(steps // 20 + 1)), 20)[:steps]
    rate = (14 + 10 * np.sin(hours / 24 * 2 * np.pi) + 4 * np.sin(hours / 3 * 2 * np.pi)) * noise
    return rate * STEP


WEEK = {
    "step": STEP,
    "wait_limit": 10.0,
    "servers_per_node": 2,
    "gpus_per_node": 8,
    "min_nodes": 1,
    "max_nodes": 24,
    "start_cost_s": 300.0,
    "initial_nodes": 8,
}


@pytest.mark.parametrize("seed", range(50))
def test_bound_enumeration_and_schedule_are_in_this_order(seed):
    some = case(seed, peak=95.0 if seed % 2 else 160.0)
    truth, goal = cheapest(**some, servers=2, nodes=(1, 2, 3))
    bound = lower_bound(**problem(some))
    schedule = feasible_schedule(**problem(some))
    assert bound.node_hours <= truth + SLACK
    assert bound.attainment == pytest.approx(goal, abs=1e-7)
    exact = on_time_share(
        some["work"], schedule.nodes * 2, wait_limit=some["wait_limit"], requests=some["requests"]
    )
    assert schedule.attainment == pytest.approx(exact, abs=1e-6)
    if exact >= goal - 1e-9:
        assert schedule.node_hours >= truth - SLACK


@pytest.mark.parametrize("seed", range(100, 120))
def test_a_smaller_share_is_still_bounded_from_below(seed):
    some = case(seed)
    truth, _ = cheapest(**some, servers=2, nodes=(1, 2, 3), share=0.8)
    assert lower_bound(**problem(some, share=0.8)).node_hours <= truth + SLACK


def test_over_many_small_cases_bound_and_schedule_are_close_to_what_enumeration_finds():
    cases = [{**case(seed, peak=80.0), "wait_limit": 10.0, "start_cost": 20.0} for seed in range(200, 230)]
    truth = sum(cheapest(**some, servers=2, nodes=(1, 2, 3))[0] for some in cases)
    assert sum(lower_bound(**problem(some)).node_hours for some in cases) >= 0.97 * truth
    assert sum(feasible_schedule(**problem(some)).node_hours for some in cases) <= 1.06 * truth


works = st.lists(st.floats(0.0, 700.0), min_size=3, max_size=30).map(np.array)


@settings(max_examples=40, deadline=None)
@given(works, st.floats(0.0, 60.0), st.sampled_from([0.0, 60.0, 300.0]), st.integers(0, 24))
def test_bound_is_at_most_the_schedule_and_the_schedule_keeps_every_wait(work, limit, start_cost, initial):
    setting = {**WEEK, "wait_limit": limit, "start_cost_s": start_cost, "initial_nodes": initial}
    bound, schedule = lower_bound(work, **setting), feasible_schedule(work, **setting)
    assert bound.attainment == 1.0
    assert schedule.attainment == pytest.approx(1.0, abs=1e-7)
    assert bound.node_hours <= schedule.node_hours + SLACK


@settings(max_examples=40, deadline=None)
@given(works, st.floats(1.0, 1.5), st.integers(0, 29))
def test_more_work_never_costs_less_than_the_schedule_for_less_proves(work, factor, at):
    more = work.copy()
    more[at % len(work)] *= factor
    less = lower_bound(work, **WEEK).node_hours
    assert feasible_schedule(more, **WEEK).node_hours >= less - SLACK


@settings(max_examples=40, deadline=None)
@given(works, st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_a_longer_wait_limit_is_never_dearer(work, limit, longer):
    patient = lower_bound(work, **{**WEEK, "wait_limit": limit + longer}).node_hours
    assert patient <= feasible_schedule(work, **{**WEEK, "wait_limit": limit}).node_hours + SLACK


@settings(max_examples=40, deadline=None)
@given(works, st.integers(0, 3))
def test_without_waiting_and_start_costs_each_step_takes_what_it_needs(work, floor):
    setting = {**WEEK, "wait_limit": 0.0, "start_cost_s": 0.0, "min_nodes": floor}
    work = np.round(work, 3)  # away from capacities that rounding errors could reach
    needed = np.clip(np.ceil(work / 30 - 1e-9), floor, 24).sum() * STEP / 3600
    assert lower_bound(work, **setting).node_hours == pytest.approx(needed, abs=SLACK)
    assert feasible_schedule(work, **setting).node_hours == pytest.approx(needed, abs=SLACK)


def test_a_gap_is_bridged_exactly_when_it_is_shorter_than_a_start_costs():
    for gap, bridged in ((19, True), (21, False)):
        work = np.concatenate([np.full(10, 300.0), np.full(gap, 30.0), np.full(10, 300.0)])
        nodes = feasible_schedule(work, **{**WEEK, "wait_limit": 0.0}).nodes
        assert bool(nodes[10 : 10 + gap].min() == 10) is bridged


def test_unavoidable_misses_are_named_and_only_they_are_missed():
    work = np.full(200, 400.0)
    work[80:90] = 1500.0
    bound, schedule = lower_bound(work, **WEEK), feasible_schedule(work, **WEEK)
    assert bound.kind == "lower bound, largest share the ceiling allows"
    assert bound.attainment == pytest.approx(0.745, abs=0.002)
    assert schedule.attainment == pytest.approx(bound.attainment, abs=1e-4)
    assert bound.node_hours <= schedule.node_hours <= 1.05 * bound.node_hours
    assert (schedule.nodes[80:90] == 24).all()
    assert schedule.nodes[-20:].max() < 24


def test_an_overload_to_the_end_asks_nothing_more_once_all_is_late():
    work = np.concatenate([np.full(50, 400.0), np.full(50, 900.0)])
    bound = lower_bound(work, **WEEK)
    assert bound.attainment == pytest.approx(0.345, abs=0.002)
    assert bound.node_hours < 5.0  # at the ceiling to the end: more than 9


def test_a_smaller_share_is_cheaper_and_the_schedule_for_it_keeps_it():
    work = a_week(2_880)
    work[1000:1012] *= 1.6
    bounds = [lower_bound(work, **WEEK, share=share).node_hours for share in (0.9, 0.97, 0.99, 1.0)]
    assert all(low <= high * 1.002 for low, high in pairwise(bounds))
    assert bounds[0] < bounds[-1]
    schedule = feasible_schedule(work, **WEEK, share=0.97)
    assert schedule.attainment >= 0.97
    assert bounds[1] <= schedule.node_hours <= feasible_schedule(work, **WEEK).node_hours


def test_a_week_is_bounded_within_three_per_cent_in_seconds():
    work = a_week()
    begun = time.process_time()
    bound = lower_bound(work, **WEEK)
    assert time.process_time() - begun < 15  # about two seconds; the margin is for slow machines
    schedule = feasible_schedule(work, **WEEK)
    assert bound.kind == "lower bound, all requests"
    assert bound.gpu_hours == pytest.approx(8 * bound.node_hours)
    assert schedule.attainment == pytest.approx(1.0, abs=1e-9)
    assert bound.node_hours <= schedule.node_hours <= 1.03 * bound.node_hours


def test_a_free_first_count_costs_no_start():
    work = np.full(40, 300.0)
    setting = {**WEEK, "initial_nodes": None, "wait_limit": 0.0}
    assert lower_bound(work, **setting).node_hours == pytest.approx(10 * 40 * STEP / 3600)
    starts = 9 * 300 / 3600
    cold = lower_bound(work, **{**setting, "initial_nodes": 1}).node_hours
    assert cold == pytest.approx(10 * 40 * STEP / 3600 + starts)


@settings(max_examples=60, deadline=None)
@given(works, st.floats(0.5, 60.0))
def test_minimum_requirement_is_the_largest_ratio_over_all_windows(work, limit):
    arrived = np.concatenate([[0.0], np.cumsum(work)])
    pairs = [(i, j) for i in range(len(arrived)) for j in range(i + 1, len(arrived))]
    largest = max((arrived[j] - arrived[i]) / ((j - i) * STEP + limit) for i, j in pairs)
    found = minimum_requirement(work, STEP, limit)
    assert found == pytest.approx(largest, rel=1e-9)
    requests = np.maximum(work, 1e-9)
    if found > 1e-3:
        keep = [found * (1 + 1e-9)] * len(work)
        assert on_time_share(work, keep, wait_limit=limit, requests=requests) == pytest.approx(1.0)
        under = [found * 0.99] * len(work)
        assert on_time_share(work, under, wait_limit=limit, requests=requests) < 1.0


def test_constant_nodes_at_the_requirement_cost_no_less_than_the_bound():
    work = a_week(2_880)
    nodes = int(np.ceil(minimum_requirement(work, STEP, 10.0) / 2))
    assert lower_bound(work, **WEEK).node_hours <= nodes * len(work) * STEP / 3600 + nodes * 300 / 3600


def test_a_pool_costs_at_most_what_its_workloads_cost_apart():
    chat, code = a_week(1_440, seed=2) / 3, a_week(1_440, seed=3) / 3
    work, limit = pooled([chat, code], [10.0, 30.0])
    assert limit == 30.0
    apart = feasible_schedule(chat, **WEEK).node_hours
    apart += feasible_schedule(code, **{**WEEK, "wait_limit": 30.0}).node_hours
    assert lower_bound(work, **{**WEEK, "initial_nodes": 16}).node_hours <= apart


def test_no_work_costs_the_floor():
    bound = lower_bound(np.zeros(240), **WEEK)
    assert (bound.node_hours, bound.attainment) == (pytest.approx(1.0), 1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"work": np.array([1.0, np.nan])},
        {"work": np.array([])},
        {"work": np.array([1.0, -1.0])},
        {"work": np.array([1.0, 1.0]), "requests": np.array([1.0, 0.0])},
        {"min_nodes": 5, "max_nodes": 4},
        {"step": 0.0},
    ],
    ids=["a gap", "nothing", "negative work", "work of nobody", "floor above ceiling", "no step"],
)
def test_what_has_no_meaning_is_refused(change):
    with pytest.raises(ValueError, match=r"work|nodes|step"):
        lower_bound(**{"work": np.ones(2), **WEEK, **change})


def test_one_broken_sample_costs_neither_time_nor_memory():
    work = np.full(400, 100.0)
    work[200] = 1e9  # a counter that was reset, read as demand
    begun = time.process_time()
    bound, schedule = lower_bound(work, **WEEK), feasible_schedule(work, **WEEK)
    assert time.process_time() - begun < 10  # a tenth; without the fleet's limit it never ends
    assert bound.attainment == pytest.approx(schedule.attainment, abs=1e-6)
    assert bound.node_hours <= schedule.node_hours
