from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoscaler.core.cluster import nodes, routers, servers
from autoscaler.core.policy import Limits
from autoscaler.replay.world import World
from tests.replay.simulated import LOAD_S, NODE_S, PROFILE, START, STEADY, a_cluster, a_workload, ask, fleet

GPU, CHAT, FRONT = nodes("gpu"), servers("chat"), routers("chat")


def changed(**options):
    return replace(STEADY, **options)


def test_it_begins_with_more_than_the_minute_before_needed_on_whole_nodes():
    cluster = a_cluster([3, 3], changed(initial_factor=1.25))
    assert fleet(cluster, GPU) == (2, 2, 0)
    assert fleet(cluster, CHAT) == (4, 4, 0)


def test_a_node_takes_its_delay_and_its_servers_load_after_that():
    cluster = a_cluster([2] * 20)
    ask(cluster, {GPU: 2, CHAT: 4})
    cluster.advance(START + NODE_S - 1)
    assert (fleet(cluster, GPU), fleet(cluster, CHAT)) == ((2, 1, 1), (4, 2, 2))
    assert cluster.state(cluster.now).fleets[GPU].starting == (START,)
    cluster.advance(START + NODE_S)
    assert (fleet(cluster, GPU), fleet(cluster, CHAT)) == ((2, 2, 0), (4, 2, 2))
    cluster.advance(START + NODE_S + LOAD_S)
    assert fleet(cluster, CHAT) == (4, 4, 0)


def test_a_server_with_room_only_loads():
    cluster = a_cluster([2] * 20)
    ask(cluster, {CHAT: 1})
    ask(cluster, {CHAT: 2})
    cluster.advance(START + LOAD_S - 1)
    assert fleet(cluster, CHAT) == (2, 1, 1)
    cluster.advance(START + LOAD_S)
    assert fleet(cluster, CHAT) == (2, 2, 0)


def test_stages_are_told_once_with_their_times():
    cluster = a_cluster([2] * 20)
    ask(cluster, {GPU: 2, CHAT: 3})
    cluster.advance(START + NODE_S + LOAD_S)
    stages = cluster.state(cluster.now).stages
    assert [(s.target, s.stage, s.seconds) for s in stages] == [(GPU, "node", NODE_S), (CHAT, "load", LOAD_S)]
    assert cluster.state(cluster.now).stages == ()


def test_a_removed_server_stops_at_once():
    cluster = a_cluster([2] * 20)
    ask(cluster, {CHAT: 1})
    assert fleet(cluster, CHAT) == (1, 1, 0)


def test_cancelling_takes_the_newest_order_first():
    cluster = a_cluster([2] * 20)
    ask(cluster, {GPU: 2})
    cluster.advance(START + 30)
    ask(cluster, {GPU: 3})
    ask(cluster, {GPU: 2})
    assert cluster.state(cluster.now).fleets[GPU].starting == (START,)


def test_billing_runs_from_the_order_to_the_end_of_the_drain():
    cluster = a_cluster([2] * 20)
    cluster.advance(START + 60)
    ask(cluster, {GPU: 2})  # at 60
    cluster.advance(START + 600)
    ask(cluster, {GPU: 1})  # at 600, drained at 660
    cluster.advance(START + 900)
    pool = cluster.outcome().pools["gpu"]
    assert pool.node_seconds == 900 + (660 - 60)
    assert pool.gpu_hours == pytest.approx(8 * 1500 / 3600)
    assert pool.unused_s == 600 - 60  # it never carried a server


def test_a_cancelled_order_is_billed_until_then():
    cluster = a_cluster([2] * 20)
    ask(cluster, {GPU: 2})
    cluster.advance(START + 90)
    ask(cluster, {GPU: 1})
    cluster.advance(START + 300)
    assert cluster.outcome().pools["gpu"].node_seconds == 300 + 90


def test_a_drain_under_way_at_the_end_is_billed_until_the_end():
    cluster = a_cluster([4] * 5)
    ask(cluster, {CHAT: 2, GPU: 1})
    cluster.advance(START + 30)
    assert cluster.outcome().pools["gpu"].node_seconds == 60


def test_time_without_a_server_is_unused():
    cluster = a_cluster([4] * 20)
    ask(cluster, {CHAT: 2})
    cluster.advance(START + 300)
    ask(cluster, {CHAT: 4})
    cluster.advance(START + 600)
    assert cluster.outcome().pools["gpu"].unused_s == 300


def test_perfect_packing_frees_nodes_and_the_emptiest_leaves():
    cluster = a_cluster([6] * 20)
    ask(cluster, {CHAT: 4, GPU: 2})
    assert (fleet(cluster, GPU), fleet(cluster, CHAT)) == ((2, 2, 0), (4, 4, 0))


def test_the_replicaset_leaves_half_empty_nodes_and_a_node_that_goes_evicts():
    cluster = a_cluster([6] * 20, changed(packing="replicaset"))
    ask(cluster, {CHAT: 5})
    ask(cluster, {CHAT: 4})  # the one alone on its node counts fewer beside it: another pair is broken up
    ask(cluster, {GPU: 2})
    desired, ready, starting = fleet(cluster, CHAT)
    assert (desired, ready, starting) == (4, 3, 1)
    cluster.advance(START + LOAD_S)
    assert fleet(cluster, CHAT) == (4, 4, 0)


def test_the_replicaset_takes_what_is_not_ready_first():
    cluster = a_cluster([2] * 20, changed(packing="replicaset"))
    ask(cluster, {CHAT: 5, GPU: 2})
    cluster.advance(START + NODE_S)
    assert fleet(cluster, CHAT) == (5, 2, 3)
    ask(cluster, {CHAT: 3})
    cluster.advance(START + NODE_S + LOAD_S)
    assert fleet(cluster, CHAT) == (3, 3, 0)


def test_a_stock_out_delays_the_start_to_its_end_and_bills_from_there():
    cluster = a_cluster([2] * 20, changed(stockouts=((START + 30, START + 300),)))
    cluster.advance(START + 60)
    ask(cluster, {GPU: 2})
    cluster.advance(START + 300 + NODE_S - 1)
    assert fleet(cluster, GPU) == (2, 1, 1)
    cluster.advance(START + 300 + NODE_S)
    assert fleet(cluster, GPU) == (2, 2, 0)
    assert cluster.outcome().pools["gpu"].node_seconds == 540 + NODE_S


def test_a_boot_failure_is_dropped_and_started_again():
    cluster = a_cluster([2] * 60, changed(boot_failures=0.999999))
    ask(cluster, {GPU: 2})
    cluster.advance(START + 899)
    assert cluster.state(cluster.now).fleets[GPU].starting == (START,)
    cluster.advance(START + 901)
    assert cluster.state(cluster.now).fleets[GPU].starting == (START + 900,)
    assert cluster.outcome().pools["gpu"].unused_s == 900


def test_a_node_that_fails_is_replaced_and_its_servers_load_again():
    cluster = a_cluster([4] * 20, changed(node_failures=(START + 100,)))
    cluster.advance(START + 100)
    assert (fleet(cluster, GPU), fleet(cluster, CHAT)) == ((2, 1, 1), (4, 2, 2))
    cluster.advance(START + 100 + NODE_S + LOAD_S)
    assert (fleet(cluster, GPU), fleet(cluster, CHAT)) == ((2, 2, 0), (4, 4, 0))
    assert cluster.outcome().moves == ()


def test_start_up_times_may_shift_in_mid_replay():
    world = changed(node_delay_changes=((START + 60, (30.0, 30.0)),), load_changes=((START, (5.0, 5.0)),))
    cluster = a_cluster([2] * 20, world)
    cluster.advance(START + 60)
    ask(cluster, {GPU: 2, CHAT: 3})
    cluster.advance(START + 60 + 35)
    assert fleet(cluster, CHAT) == (3, 3, 0)


def test_nodes_follow_orders_for_pods_without_a_place_and_releases_after_ten_minutes():
    cluster = a_cluster([2] * 60, changed(nodes_follow=True))
    ask(cluster, {CHAT: 5})
    assert fleet(cluster, GPU) == (3, 1, 2)
    ask(cluster, {CHAT: 6})
    assert fleet(cluster, GPU) == (3, 1, 2)
    cluster.advance(START + 600)
    ask(cluster, {CHAT: 3})
    cluster.advance(START + 1199)
    assert fleet(cluster, GPU) == (3, 3, 0)
    cluster.advance(START + 1200)
    assert fleet(cluster, GPU) == (2, 2, 0)
    assert [(m.at - START, m.by) for m in cluster.outcome().moves if m.target == GPU] == [(0, 2), (1200, -1)]


def test_nodes_follow_up_to_the_ceiling_and_down_to_the_floor():
    cluster = a_cluster([2] * 60, changed(nodes_follow=True), nodes=Limits(floor=1, ceiling=2))
    ask(cluster, {CHAT: 9})
    assert fleet(cluster, GPU) == (2, 1, 1)
    ask(cluster, {CHAT: 0})
    cluster.advance(START + 3000)
    assert fleet(cluster, GPU) == (1, 1, 0)


def test_a_server_that_spans_nodes_takes_them_whole():
    wide = replace(PROFILE, gpus_per_server=8, nodes_per_server=2)
    cluster = a_cluster([2] * 20, workloads=[a_workload(profile=wide)])
    assert (fleet(cluster, CHAT), fleet(cluster, GPU)) == ((2, 2, 0), (4, 4, 0))
    ask(cluster, {CHAT: 3, GPU: 5})
    cluster.advance(START + NODE_S + LOAD_S)
    assert fleet(cluster, CHAT) == (3, 2, 1)
    ask(cluster, {GPU: 6})
    cluster.advance(START + 2 * (NODE_S + LOAD_S))
    assert fleet(cluster, CHAT) == (3, 3, 0)


def test_two_workloads_share_a_pool_and_the_longest_waiting_goes_first():
    cluster = a_cluster({"a": [2] * 20, "b": [2] * 20})
    ask(cluster, {servers("a"): 3})
    cluster.advance(START + 15)
    ask(cluster, {servers("b"): 4, GPU: 3})
    cluster.advance(START + 15 + NODE_S + LOAD_S)
    assert (fleet(cluster, servers("a")), fleet(cluster, servers("b"))) == ((3, 3, 0), (4, 3, 1))


def test_an_unknown_target_fails_and_the_rest_is_applied():
    cluster = a_cluster([2] * 5)
    done = ask(cluster, {servers("nobody"): 3, CHAT: 1, routers("chat"): 2})
    assert done.applied == (CHAT,)
    assert [target for target, _ in done.failed] == [servers("nobody"), routers("chat")]


def test_nodes_are_refused_where_they_follow():
    cluster = a_cluster([2] * 5, changed(nodes_follow=True))
    assert ask(cluster, {GPU: 9}).failed == ((GPU, "the node autoscaler sets the nodes"),)


def test_routers_are_ready_within_seconds_and_throttle_while_too_few():
    world = changed(initial_factor=1.0)
    cluster = a_cluster([10, 20, 20], world, workloads=[a_workload(routers=Limits(floor=1, ceiling=9))])
    ask(cluster, {CHAT: 40, GPU: 20})
    assert fleet(cluster, FRONT) == (1, 1, 0)  # ten requests a second each
    cluster.advance(START + 15)
    ask(cluster, {FRONT: 4})
    assert fleet(cluster, FRONT) == (4, 1, 3)
    cluster.advance(START + 20)
    assert fleet(cluster, FRONT) == (4, 4, 0)
    cluster.advance(START + 120)
    waits = cluster.outcome().workloads["chat"].waits
    assert waits.quantile(1.0) > 5.0


def test_the_state_is_a_value_of_its_instant():
    cluster = a_cluster([2] * 20)
    before = cluster.state(cluster.now)
    ask(cluster, {CHAT: 1})
    assert (before.fleets[CHAT].desired, cluster.state(cluster.now).fleets[CHAT].desired) == (2, 1)


def story(cluster, asks):
    for at, (server_count, node_count) in asks:
        cluster.advance(START + at)
        ask(cluster, {CHAT: server_count, GPU: node_count})
    cluster.advance(START + 1800)
    return cluster.outcome()


asks = st.lists(
    st.tuples(st.integers(0, 1700), st.tuples(st.integers(0, 12), st.integers(0, 6))), max_size=8
).map(sorted)
worlds = st.builds(
    World,
    node_delay=st.just((20.0, 300.0)),
    load=st.just((5.0, 180.0)),
    packing=st.sampled_from(["perfect", "replicaset"]),
    nodes_follow=st.booleans(),
    boot_failures=st.sampled_from([0.0, 0.4]),
    boot_timeout_s=st.just(300.0),
    stockouts=st.sampled_from([(), ((START + 100, START + 700),)]),
    node_failures=st.sampled_from([(), (START + 301.5, START + 900)]),
    scrape_s=st.sampled_from([None, 30.0]),
)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 8)), min_size=31, max_size=31),
    asks,
    worlds,
    st.integers(0, 3),
)
@settings(max_examples=60)
def test_what_arrived_is_served_or_waits_and_what_serves_is_billed(busy, moves, world, seed):
    busy[0] = 3
    cluster = a_cluster(busy, world, seed=seed)
    outcome = story(cluster, moves)
    run, pool = outcome.workloads["chat"], outcome.pools["gpu"]
    queue = cluster._queues["chat"]
    arrived = np.nansum(run.work)
    assert run.served.sum() + queue.backlog == pytest.approx(arrived, abs=1e-3)
    assert run.waits.total == pytest.approx(np.nansum(run.requests), abs=1e-3)
    assert run.gpu_seconds <= 8 * pool.node_seconds + 1e-6
    assert run.served.sum() * 4 <= run.gpu_seconds + 1e-6
    assert pool.unused_s <= pool.node_seconds + 1e-6
    for counts in (run.servers, pool.nodes):
        assert (counts.ready + counts.starting == counts.desired).all()
        assert (np.diff(counts.times) > 0).all()


@given(asks, worlds, st.integers(0, 3))
@settings(max_examples=15)
def test_the_seed_decides_everything(moves, world, seed):
    one, other = (story(a_cluster([3] * 31, world, seed=seed), moves) for _ in range(2))
    assert one.moves == other.moves
    assert one.pools["gpu"].node_seconds == other.pools["gpu"].node_seconds
    for counts in ("times", "desired", "ready", "starting"):
        assert np.array_equal(
            getattr(one.workloads["chat"].servers, counts), getattr(other.workloads["chat"].servers, counts)
        )
    assert one.workloads["chat"].waits.mean == other.workloads["chat"].waits.mean
