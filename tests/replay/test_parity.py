"""The same core everywhere: a journal lived again decides the same, and a seed gives the same replay."""

import gzip
import json
from pathlib import Path

import pytest

from autoscaler.assembly import UnknownPolicy, calm, open_journal, relive, replay
from autoscaler.control.memory import JournalError, read_header, read_records
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.decide import decide
from autoscaler.core.policy import Policy
from autoscaler.core.record import record_to_line
from autoscaler.replay.bound import bound
from autoscaler.replay.journal import journal_traces
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.synthetic import formula
from autoscaler.replay.world import World

HOUR = 3_600.0


def a_setting(name="ramps", hours=5.0, **changes):
    """The first hours of the last day of five."""
    setting = measured_setting({name: formula(name, 1).last(5)}, score=1.0, **changes)
    return setting._replace(end=setting.start + hours * HOUR)


@pytest.fixture(scope="module")
def journal(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "morning.jsonl.gz"
    setting = a_setting()
    written = open_journal(path, setting, None)
    replay(setting, "headway", journal=written)
    written.close()
    return path


def test_a_journal_lived_again_decides_the_same_byte_for_byte(journal):
    count = 0
    for recorded, again in relive(journal):
        assert record_to_line(again) == record_to_line(recorded)
        count += 1
    assert count == 5 * 240


def test_one_record_gives_its_decision_again(journal):
    policy = from_plain(read_header(journal)["policy"], Policy)
    for record in read_records(journal):
        assert to_plain(decide(record.inputs, policy)) == to_plain(record.decision)


def test_a_journal_is_a_trace(journal):
    (trace,) = journal_traces(read_records(journal)).values()
    setting = a_setting()
    (offered,) = setting.offered.values()
    asked = offered.requests[: trace.steps * 4].reshape(-1, 4).sum(axis=1)
    # The first minute's rate is that of the minute before.
    assert trace.requests[2:-1] == pytest.approx(asked[1 : trace.steps - 2], rel=1e-6)


def test_a_cut_last_line_is_skipped(journal, tmp_path):
    text = gzip.decompress(journal.read_bytes()).decode()
    cut = tmp_path / "cut.jsonl"
    cut.write_text(text[: len(text) - 200])
    assert len(list(read_records(cut))) == 5 * 240 - 1


def test_a_line_in_the_middle_that_is_no_tick_is_named(journal, tmp_path):
    lines = gzip.decompress(journal.read_bytes()).decode().splitlines()
    lines[4] = '{"tick": 3}'
    bad = tmp_path / "bad.jsonl"
    bad.write_text("\n".join(lines))
    with pytest.raises(JournalError, match=r"bad.jsonl:5: not a tick"):
        list(read_records(bad))


def test_what_is_no_journal_is_refused(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("timestamp,requests\n0,1\n")
    with pytest.raises(JournalError, match=r"trace.csv:1: no journal of headway"):
        read_header(path)


def test_a_seed_gives_the_same_replay_and_another_seed_another():
    setting = a_setting("noise")
    one, two, other = (replay(setting, "headway", seed=seed) for seed in (1, 1, 2))
    figures = [json.dumps(r.scorecard.to_json()) for r in (one, two, other)]
    assert figures[0] == figures[1]
    assert figures[0] != figures[2]
    assert [to_plain(m.decision) for m in one.moves] == [to_plain(m.decision) for m in two.moves]


def test_headway_with_the_true_future_is_near_the_bound():
    setting = a_setting("smooth", hours=24.0)
    run = replay(setting, "oracle")
    assert run.scorecard.total.attainment >= 99.5
    assert run.scorecard.total.gpu_hours <= 1.3 * bound(setting).gpu_hours


def test_calm_states_a_share_and_half_an_hour_and_overrides_nothing():
    policy = a_setting().policy
    (workload,) = calm(policy).workloads.values()
    assert workload.objective.share == 0.998
    assert workload.servers.cooldown_down_s == 1_800.0
    assert calm(calm(policy)) == calm(policy)


def test_an_unknown_policy_names_the_known():
    with pytest.raises(UnknownPolicy, match="no policy is called 'hpaa'; there are static, hpa"):
        replay(a_setting(), "hpaa")


@pytest.mark.parametrize(
    "world",
    [
        World(scrape_s=30.0, window_s=120.0),
        World(packing="replicaset"),
        World(boot_failures=0.2),
        World(node_delay_changes=((0.0, (700.0, 900.0)),)),
    ],
    ids=[
        "through Prometheus' eyes",
        "packed by the ReplicaSet",
        "a fifth of the nodes fail to boot",
        "slow nodes",
    ],
)
def test_life_is_harder_than_the_measured_setting_and_most_requests_are_still_served(world):
    run = replay(a_setting(world=world), "headway")
    assert run.scorecard.total.attainment >= 90.0
