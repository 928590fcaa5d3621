import pytest

from autoscaler.core.cluster import nodes, servers
from autoscaler.core.policy import Limits
from autoscaler.replay.run import instants, run
from tests.replay.simulated import NODE_S, START, a_cluster, a_workload, ask


class Told:
    """A driver that does what it was told at instants, and writes down when it was asked."""

    def __init__(self, cluster, asks=()):
        self.cluster, self.asks, self.ticks = cluster, dict(asks), []

    def tick(self, at, scope):
        assert self.cluster.now == at
        self.ticks.append((at - START, scope))
        if at - START in self.asks:
            ask(self.cluster, self.asks[at - START])


def test_a_tick_every_fifteen_seconds_from_start_to_end():
    cluster = a_cluster([2, 2])
    driver = Told(cluster)
    outcome = run(cluster, driver)
    assert driver.ticks == [(0, "all"), (15, "all"), (30, "all"), (45, "all")]
    assert (outcome.start, outcome.end, cluster.now) == (START, START + 60, START + 60)


def test_routers_tick_in_between_where_there_are_any():
    cluster = a_cluster([2, 2], workloads=[a_workload(routers=Limits())])
    driver = Told(cluster)
    run(cluster, driver, end=START + 20)
    assert driver.ticks == [(0, "all"), (5, "routers"), (10, "routers"), (15, "all")]


def test_router_ticks_never_touch_the_next_whole_tick():
    assert [at for at, scope in instants(0.0, 30.0, 15.0, 7.5) if scope == "routers"] == [7.5, 22.5]


def test_those_who_watch_are_told_after_each_whole_tick():
    seen = []
    cluster = a_cluster([2, 2])
    run(cluster, Told(cluster), end=START + 45, on_tick=lambda at: seen.append(at - START))
    assert seen == [0, 15, 30]


def test_the_outcome_holds_curves_counts_moves_and_the_bill():
    cluster = a_cluster([2] * 11, seed=7)
    outcome = run(cluster, Told(cluster, {30: {nodes("gpu"): 2, servers("chat"): 4}}))
    chat, pool = outcome.workloads["chat"], outcome.pools["gpu"]
    assert chat.requests.sum() == pytest.approx(1200)
    assert chat.served.sum() == pytest.approx(1200)
    assert chat.ready[[0, -1]].tolist() == [2.0, 4.0]
    assert chat.starting.max() == 2
    assert [(move.at - START, str(move.target), move.by) for move in outcome.moves] == [
        (30, "chat/servers", 2),
        (30, "gpu/nodes", 1),
    ]
    assert pool.node_seconds == 600 + 570
    assert pool.unused_s == 0
    assert pool.nodes.times.tolist() == [START, START + 30, START + 30 + NODE_S]
    assert (outcome.seed, outcome.days) == (7, pytest.approx(600 / 86_400))
