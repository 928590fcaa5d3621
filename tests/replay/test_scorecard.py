import pytest

from autoscaler.core.cluster import nodes, servers
from autoscaler.replay.run import run
from autoscaler.replay.scorecard import Checked, forecast_score, score
from tests.replay.simulated import a_cluster
from tests.replay.test_run import Told

GPU, CHAT = nodes("gpu"), servers("chat")


def replayed(busy, asks=()):
    cluster = a_cluster(busy)
    return run(cluster, Told(cluster, asks))


def test_a_calm_hour():
    card = score(replayed([4] * 61), optimum_gpu_hours=8.0)
    assert (card.total.attainment, card.total.p99_wait_s) == (100.0, 0.0)
    assert (card.total.node_hours, card.total.gpu_hours, card.total.cost) == (2.0, 16.0, 2.0)
    assert card.total.of_optimum == 2.0
    assert (card.total.scale_ups, card.total.scale_downs, card.total.reversals_per_day) == (0, 0, 0.0)
    assert card.workloads["chat"].gpu_hours == pytest.approx(16.0)


def test_an_overload_costs_attainment_in_percent():
    """Two servers, four a second for a minute, then rest: what came in the first 10 s waits at most 10 s."""
    card = score(replayed([2, 4, 0, 0]))
    assert card.total.attainment == pytest.approx(100 * 20 / 120, abs=0.01)
    assert card.total.p50_wait_s == pytest.approx(30.0, abs=0.01)


def test_moves_of_nodes_and_their_reversals():
    up_down_up_up = {0: {GPU: 3}, 60: {GPU: 2}, 120: {GPU: 3}, 180: {GPU: 5}}
    card = score(replayed([4] * 61, up_down_up_up))
    assert (card.total.scale_ups, card.total.scale_downs) == (3, 1)
    assert card.total.reversals_per_day == pytest.approx(2 * 24)
    assert (card.workloads["chat"].scale_ups, card.workloads["chat"].scale_downs) == (0, 0)


def test_nodes_that_never_carried_a_server_are_unused_minutes():
    card = score(replayed([4] * 61, {0: {GPU: 3}, 1800: {GPU: 2}}))
    assert card.node_minutes_unused == pytest.approx(30.0)
    assert card.pools["gpu"].node_minutes_unused == pytest.approx(30.0)


def test_nobody_came_and_nobody_waited():
    assert score(replayed([4, 0, None])).total.attainment == 100.0


def test_coverage_and_bias_of_a_forecast():
    checked = [
        Checked(0.5, 8.0, 10.0),
        Checked(0.5, 12.0, 10.0),
        Checked(0.9, 11.0, 10.0),
        Checked(0.9, 9.0, 10.0),
    ]
    assert forecast_score([*checked, Checked(0.9, 12.0, 10.0)]).coverage == {
        "0.5": 0.5,
        "0.9": pytest.approx(2 / 3),
    }
    assert forecast_score(checked).bias == 0.0
    assert forecast_score([Checked(0.5, 12.0, 10.0)]).bias == pytest.approx(0.2)
    assert forecast_score([Checked(0.5, 12.0, 0.0)]).bias is None


def test_the_shape_of_one_policy_in_json():
    shown = score(replayed([4] * 5), optimum_gpu_hours=1.0, checked=[Checked(0.97, 1.0, 1.0)]).to_json()
    assert list(shown) == [
        "attainment",
        "gpu_hours",
        "of_optimum",
        "p50_wait_s",
        "p95_wait_s",
        "p99_wait_s",
        "scale_ups",
        "scale_downs",
        "reversals_per_day",
        "cost",
        "forecast",
        "node_minutes_unused",
    ]
    assert shown["forecast"] == {"coverage": {"0.97": 1.0}, "bias": 0.0}


def test_several_workloads_are_shown_one_by_one_and_by_pool():
    shown = score(replayed({"a": [2] * 11, "b": [1] * 6 + [30] * 5})).to_json()
    assert set(shown["workloads"]) == {"a", "b"}
    assert set(shown["pools"]["gpu"]) == {"gpu_hours", "node_minutes_unused"}
    assert shown["workloads"]["a"]["attainment"] == 100.0
    assert shown["workloads"]["b"]["attainment"] < shown["attainment"] < 100.0
