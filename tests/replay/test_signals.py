import pytest

from autoscaler.core import observation as o
from autoscaler.core.cluster import nodes, servers
from autoscaler.core.policy import Limits
from autoscaler.replay.world import World
from tests.replay.simulated import PROFILE, START, STEADY, a_cluster, a_workload, ask

SCRAPED = World(initial_factor=1.0, scrape_s=30.0, window_s=120.0)


def seen(cluster, at):
    cluster.advance(at)
    return cluster.observe(at).workloads["chat"]


def test_rates_are_the_last_whole_minute_and_say_when_it_ended():
    cluster = a_cluster([4, 2, 6])
    assert seen(cluster, START)[o.ARRIVALS] == (4.0, START, False)
    assert seen(cluster, START + 45)[o.ARRIVALS] == (4.0, START, False)
    assert seen(cluster, START + 60)[o.ARRIVALS] == (2.0, START + 60, False)
    assert seen(cluster, START + 119)[o.ARRIVALS] == (2.0, START + 60, False)
    assert seen(cluster, START + 120)[o.ARRIVALS] == (6.0, START + 120, False)


def test_gauges_are_of_the_instant():
    cluster = a_cluster([4, 2, 8])
    calm = seen(cluster, START + 30)
    assert (calm[o.WAITING].value, calm[o.WAITING].at) == (0.0, START + 30)
    assert calm[o.RUNNING].value == pytest.approx(2 * PROFILE.places)
    assert calm[o.KV_USE].value == pytest.approx(0.9 / 2)
    busy = seen(cluster, START + 75)  # eight servers' work for 15 s on four
    assert busy[o.WAITING].value == pytest.approx(60.0)
    assert busy[o.RUNNING].value == pytest.approx(4 * PROFILE.places)


def test_tokens_are_what_was_served_and_arrivals_what_came():
    cluster = a_cluster([4, 8, 8])
    overload = seen(cluster, START + 60)
    assert overload[o.ARRIVALS].value == pytest.approx(8.0)
    assert overload[o.OUTPUT_TOKENS].value == pytest.approx(4 * 20.0)


def test_a_gap_is_missing_not_zero():
    cluster = a_cluster([4, 2, None, 2, 2])
    assert all(reading.value is not None for reading in seen(cluster, START + 60).values())
    within = seen(cluster, START + 75)
    assert (within[o.WAITING].value, within[o.GPU_MEMORY].value) == (None, None)
    assert within[o.ARRIVALS] == (pytest.approx(2.0), START + 60, False)  # of the minute before the gap
    assert {reading.value for reading in seen(cluster, START + 120).values()} == {None}
    after = seen(cluster, START + 135)
    assert after[o.WAITING].value == 0.0
    assert after[o.ARRIVALS].value is None
    assert seen(cluster, START + 180)[o.ARRIVALS].value == pytest.approx(2.0)


def test_router_requests_are_fresher_and_only_where_there_are_routers():
    assert o.ROUTER_REQUESTS not in seen(a_cluster([4, 2]), START + 15)
    cluster = a_cluster([4, 2, 6], workloads=[a_workload(routers=Limits(floor=1))])
    assert seen(cluster, START + 75)[o.ROUTER_REQUESTS] == (pytest.approx(6.0), START + 75, False)
    assert seen(cluster, START + 75)[o.ARRIVALS].value == pytest.approx(2.0)


def test_a_scrape_is_as_old_as_it_is():
    cluster = a_cluster([4, 4, 4, 8, 8, 8], SCRAPED)
    ages = []
    for at in range(15, 300, 15):
        readings = seen(cluster, START + at)
        ages.append(START + at - readings[o.WAITING].at)
        assert readings[o.WAITING].at == readings[o.ARRIVALS].at
    assert min(ages) >= 0
    assert max(ages) < 30
    assert len({round(age % 15, 6) for age in ages}) == 1  # its own offset


def test_a_scraped_rate_is_the_mean_of_its_window():
    cluster = a_cluster([4, 4, 4, 8, 8, 8, 8], SCRAPED)
    readings = seen(cluster, START + 195)
    since = readings[o.ARRIVALS].at - (START + 120)
    assert readings[o.ARRIVALS].value == pytest.approx((4 * (120 - since) + 8 * since) / 120)
    assert seen(a_cluster([4, 8], SCRAPED), START)[o.ARRIVALS].value == pytest.approx(4.0)


def test_history_is_offered_work_per_second_and_never_the_future():
    cluster = a_cluster([4, 2, None, 6])
    (panel,) = cluster.history(START - 600, START + 600, 60.0).values()
    assert (panel.start, panel.values.tolist()) == (START - 60, [[4.0]])
    cluster.advance(START + 125)
    (panel,) = cluster.history(START - 600, START + 600, 60.0).values()
    assert panel.end == START + 120
    assert panel.values[0, :2].tolist() == pytest.approx([4.0, 2.0])
    assert panel.values[0, 2:].tolist() == pytest.approx([float("nan")], nan_ok=True)


def test_no_servers_no_running_and_everything_waits():
    cluster = a_cluster([2, 2, 2], STEADY)
    ask(cluster, {servers("chat"): 0, nodes("gpu"): 0})
    readings = seen(cluster, START + 60)
    assert (readings[o.RUNNING].value, readings[o.KV_USE].value) == (0.0, 0.0)
    assert readings[o.WAITING].value == pytest.approx(120.0)
    assert readings[o.OUTPUT_TOKENS].value == pytest.approx(0.0)
