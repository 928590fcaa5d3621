"""One record, told as a story."""

import pytest

from autoscaler.adapters.reporting.explain import stories, story, summary
from autoscaler.core.chosen import Chosen
from autoscaler.core.cluster import Fleet, nodes, servers
from autoscaler.core.decide import decide
from autoscaler.core.decision import Actuation, Scale
from autoscaler.core.ledger import Moves
from autoscaler.core.observation import ARRIVALS, KV_USE, Observation, Reading
from autoscaler.core.policy import Limits
from autoscaler.core.record import TickRecord
from tests.builders import AT, a_demand, a_policy, a_workload, an_outlook, readings, some_inputs

CHAT = servers("chat")


def a_record(*, actuation=None, notes=(), measured=None, policy=None, **changes) -> TickRecord:
    policy = policy or a_policy()
    inputs = some_inputs(policy, **changes)
    decision = decide(inputs, policy)
    applied = tuple(move.target for move in decision.moves)
    seen = readings(**{KV_USE: Reading(0.5, AT)}) if measured is None else measured
    return TickRecord(
        at=AT,
        scope="all",
        observation=Observation(at=AT, workloads={"chat": seen}),
        inputs=inputs,
        decision=decision,
        actuation=actuation or Actuation(applied=applied),
        notes=notes,
    )


def told(record: TickRecord, target=CHAT) -> dict[str, list[str]]:
    verdict = next(v for v in record.decision.verdicts if v.target == target)
    return {part.heading: list(part.lines) for part in story(record, verdict).parts}


def test_a_story_goes_from_what_was_measured_to_what_came_of_it():
    parts = told(a_record(demand=a_demand(15.4, backlog=300.0), outlook=an_outlook(16.0)))
    assert list(parts) == [
        "measured", "present", "expected", "chosen", "planned", "restrained", "decided", "outcome"
    ]  # fmt: skip
    assert "70 requests a second arrive (now)" in parts["measured"]
    assert "KV cache 50 % full (now)" in parts["measured"]
    assert "users ask for 15.4 busy servers, with 108 requests a second" in parts["present"]
    assert "a backlog worth 300 server-seconds waits" in parts["present"]
    assert "12 asked for, 12 ready, none starting" in parts["present"]
    assert any("16 are asked for, enough in 97 % of cases" in line for line in parts["expected"])
    assert any(line.startswith("price of lateness 16: ") for line in parts["chosen"])
    assert any(line.startswith("set to ") for line in parts["outcome"])


def test_every_constraint_is_listed_in_order_and_the_last_is_marked():
    moves = {CHAT: Moves(to=12, at=AT - 30.0, last_down=AT - 30.0)}
    record = a_record(
        demand=a_demand(4.0),
        outlook=an_outlook(4.0),
        recents={CHAT: 8, nodes("h100"): 0},
        moves=moves,
    )
    lines = told(record)["restrained"]
    assert lines[0].startswith("1. stabilisation: within the last 5 min 8 servers were planned")
    assert lines[-1].startswith("2. cooldown: ")
    assert [line.endswith("← this bound") for line in lines] == [False, True]
    assert lines[0].endswith("it goes no lower than that → 8 servers")
    assert lines[1].endswith("→ 12 servers  ← this bound")


def test_a_reason_of_a_journal_that_kept_no_count_is_told_without_one():
    record = a_record(policy=a_policy(a_workload(servers=Limits(ceiling=14))), demand=a_demand(20.0))
    assert told(record)["restrained"] == ["1. ceiling: the ceiling is 14 servers → 14 servers  ← this bound"]
    (scale, *rest) = record.decision.verdicts
    old = scale._replace(why=tuple(w._replace(numbers=w.numbers[:1]) for w in scale.why))
    record = record._replace(decision=record.decision._replace(verdicts=(old, *rest)))
    assert told(record)["restrained"] == ["1. ceiling: the ceiling is 14 servers  ← this bound"]


def test_old_missing_and_suspect_readings_say_so():
    measured = {ARRIVALS: Reading(None, AT), KV_USE: Reading(0.5, AT - 30.0, True)}
    lines = told(a_record(measured=measured))["measured"]
    assert lines == [
        "an unknown number of requests a second arrive",
        "KV cache 50 % full (30 s ago, with a warning)",
    ]


def test_blind_says_so():
    parts = told(a_record(blind=True, measured={}))
    assert parts["measured"] == ["nothing was measured"]
    assert "what users ask for is unknown: the controller is blind here" in parts["present"]


def test_what_was_refused_and_what_nobody_did_is_told():
    ahead = {"demand": a_demand(20.0), "outlook": an_outlook(20.0)}
    refused = a_record(actuation=Actuation(failed=((CHAT, "quota of 12 used up"),)), **ahead)
    assert told(refused)["outcome"] == ["not set: quota of 12 used up"]
    assert told(a_record(actuation=Actuation(), **ahead))["outcome"] == ["told, not set: nobody acted on it"]


def test_what_starts_and_how_long_ago_is_told():
    fleets = {CHAT: Fleet(12, 10, (AT - 186.0, AT - 20.0)), nodes("h100"): Fleet(6, 6)}
    parts = told(a_record(fleets=fleets))
    assert "12 asked for, 10 ready, 2 starting (the oldest asked for 3.1 min ago)" in parts["present"]


def test_notes_are_trouble():
    assert told(a_record(notes=("signals: no answer",)))["trouble"] == ["signals: no answer"]


def test_a_summary_is_one_line():
    record = a_record(demand=a_demand(20.0), outlook=an_outlook(20.0))
    move = next(v for v in record.decision.verdicts if v.target == CHAT)
    assert isinstance(move, Scale)
    line = summary(record, move)
    assert line.startswith(f"2023-11-14 22:13:00  chat/servers  12 → {move.to} servers. ")
    assert line.count("\n") == 0


@pytest.mark.parametrize("target", [None, CHAT, nodes("h100")], ids=str)
def test_stories_are_of_one_target_or_of_all(target):
    assert len(stories(a_record(), target)) == (2 if target is None else 1)


@pytest.mark.parametrize(
    "trust, said",
    [
        (0.6, "it counts for 60 % of the plan, the reactive rule for the rest"),
        (0.0, "it does not count: the reactive rule would have cost less"),
    ],
)
def test_how_far_the_forecast_counts_is_told(trust, said):
    record = a_record(demand=a_demand(15.4), outlook=an_outlook(16.0)._replace(trust=trust))
    assert said in told(record)["expected"]


def test_a_count_is_never_told_as_certain():
    record = a_record(demand=a_demand(15.4), outlook=an_outlook(16.0)._replace(level=0.999999))
    assert any("enough in more than 99.9 % of cases" in line for line in told(record)["expected"])


def test_the_settings_of_the_day_are_told():
    chosen = Chosen(4.1, hold_s=900.0, headroom=0.25, forecast=0.0, days=6.0)
    record = a_record(demand=a_demand(15.4), outlook=an_outlook(16.0), chosen={"chat": chosen})
    assert told(record)["chosen"] == [
        "where nothing else is stated, chosen from 6 days of this workload's past",
        "price of lateness 4.1: one server-second served late weighs as 4.1 idle ones",
        "plans hold for 15 min: servers go down only to the highest plan of so long",
        "headroom 25 %: what the reactive rule keeps spare, where it plans",
        "a forecast was not worth reading in that past",
    ]
    assert "chosen" not in told(record, nodes("h100"))
