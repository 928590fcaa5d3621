import numpy as np
import pytest

from autoscaler.core.cluster import nodes, servers
from autoscaler.core.policy import Policy, Pool, Workload
from autoscaler.core.profile import Prior, Profile
from autoscaler.replay.baselines import BASELINES, BaselineDriver
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.run import run
from autoscaler.replay.scorecard import score
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.stated import stated_setting
from autoscaler.replay.synthetic import formula
from autoscaler.replay.trace import DAY, Trace, TraceError
from autoscaler.replay.world import World
from tests.replay.simulated import ask


def a_trace(requests, name="t", start=0.0):
    return Trace(name=name, start=start, step=600.0, requests=np.array(requests, dtype=float))


def test_the_busiest_second_needs_32_servers():
    setting = measured_setting({"smooth": formula("smooth")})
    offered = setting.offered["smooth"]
    history = offered.history.values[0]
    scored = offered.work.reshape(-1, 4).sum(axis=1) / 60.0
    assert np.quantile(np.concatenate((history, scored)), 0.999) == pytest.approx(32.0, rel=1e-6)
    assert (setting.end - setting.start) / DAY == 7.0
    assert offered.history.end == setting.start
    assert setting.policy.pools["gpu"].nodes.ceiling == 24


def test_it_begins_with_a_quarter_more_than_the_minute_before():
    setting = measured_setting({"ramps": formula("ramps")})
    before = setting.offered["ramps"].before.work
    fleets = SimulatedCluster(setting.policy, setting.offered, setting.world).state(setting.start).fleets
    assert fleets[servers("ramps")].ready == 2 * np.ceil(np.ceil(1.25 * before) / 2)
    assert fleets[nodes("gpu")].ready * 2 == fleets[servers("ramps")].ready


def test_tokens_of_a_trace_that_has_none_are_the_callers():
    short, long = (
        measured_setting({"t": a_trace([60.0] * 400)}, prompt_tokens=prompt, output_tokens=output)
        for prompt, output in ((1_200, 220), (1_645, 114))
    )
    for setting, prompt in ((short, 1_200), (long, 1_645)):
        offered = setting.offered["t"]
        assert offered.prompt_tokens.sum() / offered.requests.sum() == pytest.approx(prompt)
        assert offered.work.mean() / 15.0 == pytest.approx(32.0)


def test_gaps_are_filled_for_the_benchmark_and_kept_on_request():
    gappy = a_trace([60.0] * 300 + [np.nan] * 6 + [60.0] * 100)
    assert not np.isnan(measured_setting({"t": gappy}).offered["t"].requests).any()
    kept = measured_setting({"t": gappy}, interpolate=False).offered["t"]
    assert np.isnan(kept.requests).sum() == 6 * 40


def test_several_traces_share_one_pool_over_the_time_they_share():
    setting = measured_setting({"a": a_trace([60.0] * 600), "b": a_trace([5.0] * 580, "b")})
    assert setting.policy.pools["gpu"].nodes.ceiling == 48
    assert {offered.steps for offered in setting.offered.values()} == {
        round((setting.end - setting.start) / 15.0)
    }


def test_traces_of_different_years_have_nothing_to_share():
    with pytest.raises(TraceError, match="overlap"):
        measured_setting({"a": a_trace([1.0] * 600), "b": a_trace([1.0] * 600, "b", start=1e8)})


def test_a_trace_without_requests_cannot_be_scaled():
    with pytest.raises(TraceError, match="no work"):
        measured_setting({"a": a_trace([0.0] * 600)})


# Attainment and node-hours of the first seed on one day: what moves them moves every table.
GOLDEN = {"static": (99.7, 504.0), "hpa": (74.23, 342.2)}


@pytest.mark.parametrize("policy", GOLDEN)
def test_a_day_of_cron_spikes(policy):
    setting = measured_setting({"cron": formula("cron")}, score=1.0)
    factory = BASELINES[policy]
    world = World(nodes_follow=factory.nodes_follow)
    cluster = SimulatedCluster(setting.policy, setting.offered, world, seed=1)
    total = score(run(cluster, BaselineDriver(factory, setting.policy, cluster))).total
    assert (total.attainment, total.node_hours) == (
        pytest.approx(GOLDEN[policy][0], abs=0.1),
        pytest.approx(GOLDEN[policy][1], rel=0.005),
    )


@pytest.mark.parametrize("interpolate", [True, False], ids=["filled", "as it is"])
def test_a_trace_whose_scored_part_is_all_gaps_is_refused(interpolate):
    with pytest.raises(TraceError, match=r"^t: nobody looked at any time that is scored"):
        measured_setting({"t": a_trace([60.0] * 300 + [np.nan] * 300)}, interpolate=interpolate)


def stated_policy():
    """Two pools and two models that start at different speeds."""
    pools = {
        name: Pool(name=name, node=Prior(median=median, p90=median + 10.0))
        for name, median in (("h100", 200.0), ("l4", 60.0))
    }
    workloads = {
        name: Workload(name=name, pool=pool, profile=Profile(load=Prior(median=median, p90=median + 5.0)))
        for name, pool, median in (("chat", "h100", 100.0), ("tags", "l4", 20.0))
    }
    return Policy(workloads=workloads, pools=pools)


def test_each_pool_and_workload_starts_as_its_own_priors_say():
    traces = {name: a_trace([60.0] * 600, name) for name in ("chat", "tags")}
    setting = stated_setting(stated_policy(), traces)
    world, cluster = setting.world, SimulatedCluster(setting.policy, setting.offered, setting.world)
    assert [world.node_delay_at(0.0, pool) for pool in ("h100", "l4")] == [(190.0, 210.0), (50.0, 70.0)]
    assert [world.load_at(0.0, name) for name in ("chat", "tags")] == [(95.0, 105.0), (15.0, 25.0)]
    now = cluster.now
    more = dict.fromkeys((nodes("h100"), nodes("l4"), servers("chat"), servers("tags")), 9)
    ask(cluster, more)
    cluster.advance(now + 96.0)  # nodes of l4 and what stands on them; none of h100
    ready = {str(target): fleet.ready for target, fleet in cluster.state(cluster.now).fleets.items()}
    assert ready["l4/nodes"] == ready["tags/servers"] == 9
    assert ready["h100/nodes"] < 9
