import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoscaler.replay.waits import Capacity, measure

STEP = 15.0


def constant(level):
    return Capacity(np.array([0.0]), np.array([float(level)]))


def of(work, capacity, requests=None, routers=None):
    work = np.array(work, dtype=float)
    requests = work if requests is None else np.array(requests, dtype=float)
    return measure(start=0.0, step=STEP, requests=requests, work=work, servers=capacity, routers=routers)


def test_enough_capacity_means_no_wait():
    waits = of([15, 30, 0, 30], constant(2))
    assert (waits.within(0.0), waits.mean, waits.quantile(0.99)) == (1.0, 0.0, 0.0)
    assert waits.total == 75
    assert waits.served.tolist() == [15, 30, 0, 30]


def test_an_overload_for_one_step():
    """60 arrive in 15 s where 30 can be served: the last of them waits 15 s, in the middle 7.5."""
    waits = of([60, 0, 0], constant(2))
    assert waits.quantile(1.0) == pytest.approx(15.0, abs=0.01)
    assert waits.quantile(0.5) == pytest.approx(7.5, abs=0.01)
    assert waits.mean == pytest.approx(7.5)
    assert waits.within(5.0) == pytest.approx(1 / 3)
    assert waits.worst_per_step().tolist() == pytest.approx([15.0, 0.0, 0.0])


def test_what_waits_at_the_end_is_finished_at_the_last_capacity():
    waits = of([60], constant(2))
    assert waits.quantile(1.0) == pytest.approx(15.0, abs=0.01)
    assert waits.served.tolist() == [30.0]


def test_a_fleet_of_none_serves_nobody():
    waits = of([60], constant(0))
    assert waits.within(3600.0) == pytest.approx(0.0, abs=1e-6)


def test_waits_are_weighted_by_requests_not_by_work():
    """Ten requests of one second, then one of 50: the ten wait at most 0, the one begins at once too."""
    waits = of([10, 50, 15, 0, 0], constant(1), requests=[10, 1, 15, 0, 0])
    assert waits.total == 26
    assert waits.within(0.0) == pytest.approx(10 / 26, abs=0.001)


def test_a_gap_is_not_scored():
    waits = of([15, np.nan, 15], constant(1))
    assert waits.total == 30
    share = waits.within_per_step(10.0)
    assert (share[0], np.isnan(share[1]), share[2]) == (1.0, True, 1.0)


def test_capacity_that_comes_within_a_step():
    """One a second arrives; none is served for 20 s, then two a second: the first waits 20 s, none at 40."""
    waits = of([15, 15, 15, 15], Capacity(np.array([0.0, 20.0]), np.array([0.0, 2.0])))
    assert waits.quantile(1.0) == pytest.approx(20.0, abs=0.01)
    assert waits.worst_per_step().tolist() == pytest.approx([20.0, 12.5, 5.0, 0.0])
    assert waits.within(0.0) == pytest.approx(20 / 60, abs=1e-4)


def test_small_routers_throttle_and_their_wait_counts():
    """Two requests a second arrive, one may pass; servers are plenty."""
    waits = of([30, 30, 0, 0], constant(100), routers=constant(1))
    assert waits.quantile(1.0) == pytest.approx(30.0, abs=0.01)
    assert waits.mean == pytest.approx(15.0)
    assert waits.served.tolist() == pytest.approx([15.0] * 4)


def test_routers_and_servers_in_tandem():
    """What the routers let through evenly needs no wait at the servers behind them."""
    both = of([60, 0, 0, 0, 0], constant(2), routers=constant(2))
    servers_only = of([60, 0, 0, 0, 0], constant(2))
    assert both.mean == pytest.approx(servers_only.mean)


@st.composite
def runs(draw):
    n = draw(st.integers(2, 12))
    requests = draw(st.lists(st.integers(0, 40), min_size=n, max_size=n))
    weight = draw(st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=n, max_size=n))
    changes = draw(st.lists(st.integers(1, n * 15 - 1), max_size=4, unique=True).map(sorted))
    levels = draw(st.lists(st.integers(0, 4), min_size=len(changes) + 1, max_size=len(changes) + 1))
    levels[-1] = max(levels[-1], 1)
    routers = draw(st.one_of(st.none(), st.integers(1, 3)))
    return requests, weight, Capacity(np.array([0.0, *changes]), np.array(levels, dtype=float)), routers


def brute_force(requests, weight, capacity, routers, parts=8):
    """Every request in parts that arrive one by one, pass the routers in turn and are served in turn."""
    arrivals = [
        (15.0 * k + (i + 0.5) * 15.0 / (n * parts), 1 / parts, weight[k] / parts)
        for k, n in enumerate(requests)
        for i in range(n * parts)
    ]
    gate, free, waits = 0.0, 0.0, []
    for at, size, work in arrivals:
        passes = at
        if routers is not None:
            passes = max(at, gate)
            gate = passes + size / routers
        begins = _work_off(max(passes, free), 0.0, capacity)
        waits.append((begins - at, size))
        free = _work_off(max(passes, free), work, capacity)
    return waits


def _work_off(at, work, capacity):
    """When a fleet of changing size has done this work, begun at `at` or as soon as it has servers."""
    times, levels = [*capacity.times.tolist(), float("inf")], capacity.level.tolist()
    for k, level in enumerate(levels):
        if times[k + 1] <= at or level == 0:
            continue
        begin = max(at, times[k])
        if work <= level * (times[k + 1] - begin) + 1e-12:
            return begin + work / level
        work -= level * (times[k + 1] - begin)
    raise AssertionError("the last level is above zero")


@given(runs())
@settings(max_examples=80)
def test_the_curves_say_what_a_simulation_of_each_request_says(run):
    requests, weight, capacity, routers = run
    exact = of(
        np.array(requests) * np.array(weight),
        capacity,
        requests=requests,
        routers=None if routers is None else constant(routers),
    )
    single = brute_force(requests, weight, capacity, routers)
    total = sum(size for _, size in single)
    assert exact.total == pytest.approx(total, abs=1e-6)
    if total:
        assert exact.mean == pytest.approx(sum(w * size for w, size in single) / total, abs=0.6)
        for limit in (0.75, 10.0, 60.0):
            low = sum(size for wait, size in single if wait <= limit - 0.75) / total
            high = sum(size for wait, size in single if wait <= limit + 0.75) / total
            assert low - 0.02 <= exact.within(limit) <= high + 0.02


@given(runs())
def test_nothing_is_served_before_it_arrives_nor_more_than_fits(run):
    requests, weight, capacity, routers = run
    work = np.array(requests) * np.array(weight)
    exact = of(work, capacity, requests=requests, routers=None if routers is None else constant(routers))
    assert (exact.first >= 0).all()
    assert (exact.last >= 0).all()
    assert (np.cumsum(exact.served) <= np.cumsum(work) + 1e-6).all()
    assert exact.served.max() <= capacity.level.max() * STEP + 1e-6
    quantiles = [exact.quantile(q) for q in (0.1, 0.5, 0.9, 1.0)]
    assert quantiles == sorted(quantiles)
