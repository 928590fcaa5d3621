"""The tick on a scripted world: what it does when all is well, and when it is not."""

import json

import numpy as np
import pytest

from autoscaler.control.fits import FitsHere
from autoscaler.core.chosen import Chosen
from autoscaler.core.cluster import Fleet, nodes, servers
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.decision import Hold, Scale
from autoscaler.core.ledger import Calibrated, Ledger
from autoscaler.core.policy import Limits
from autoscaler.core.profile import Profile
from autoscaler.core.reasons import Reason
from autoscaler.core.record import record_from_plain, record_to_line
from autoscaler.ports import Refused, Unavailable
from forecasting.series import Panel
from tests.builders import AT, a_policy, a_workload
from tests.control.scripted import Liar, ScriptedWorld, a_controller, live


def count(world, target=None):
    return world.fleets[target or servers("chat")].desired


def reasons(record, target=None):
    verdict = next(v for v in record.decision.verdicts if v.target == (target or servers("chat")))
    return {why.reason for why in verdict.why}


def test_it_goes_up_at_once_and_takes_nodes_along():
    world = ScriptedWorld(desired=4)
    controller, _, _ = a_controller(world)
    live(controller, world, 10.0, ticks=1)
    # 10 for what is asked, and as much again for what will wait by the time it serves.
    assert (count(world), count(world, nodes("h100"))) == (20, 10)


def test_it_comes_down_when_all_agree_and_not_before():
    world = ScriptedWorld(desired=20)
    controller, journal, _ = a_controller(world)
    live(controller, world, 10.0, ticks=200)
    moves = [r.at - AT for r in journal.records if r.decision.moves]
    assert moves[0] >= Chosen(16.0).hold_s
    assert count(world) == 12


def test_steady_demand_comes_to_rest():
    world = ScriptedWorld(desired=12)
    controller, journal, _ = a_controller(world)
    live(controller, world, 10.0, ticks=400)
    assert not any(r.decision.moves for r in journal.records[-300:])


BLINDNESS = [
    ("nothing is measured", lambda w: setattr(w, "shown", None)),
    ("the signals do not answer", lambda w: w.fails.update(observe=Unavailable("refused"))),
    ("the signals say no", lambda w: w.fails.update(observe=Refused("401"))),
    ("the cluster does not answer", lambda w: w.fails.update(state=Unavailable("timeout"))),
    ("every value is zero after a busy hour", lambda w: w.show(0.0, w.at)),
]


@pytest.mark.parametrize("blinds", [b[1] for b in BLINDNESS], ids=[b[0] for b in BLINDNESS])
def test_it_never_shrinks_when(blinds):
    world = ScriptedWorld(desired=24)
    controller, _, _ = a_controller(world)
    live(controller, world, 20.0, ticks=240)
    before = count(world), count(world, nodes("h100"))
    for tick in range(240, 480):
        world.at = AT + 15.0 * tick
        blinds(world)
        record = controller.tick(world.at)
        assert (count(world), count(world, nodes("h100"))) == before, reasons(record)
        assert all(isinstance(v, Hold) for v in record.decision.verdicts)


def test_it_sees_again_after_blindness():
    world = ScriptedWorld(desired=24)
    controller, _, _ = a_controller(world)
    live(controller, world, lambda t: None if 100 <= t < 200 else 20.0, ticks=200)
    live(controller, world, 26.0, ticks=8, start=AT + 15.0 * 200)
    assert count(world) >= 26


def test_a_move_that_was_refused_is_tried_again_and_not_counted():
    world = ScriptedWorld(desired=4)
    world.refuses = ((servers("chat"), "forbidden"), (nodes("h100"), "forbidden"))
    controller, journal, store = a_controller(world)
    live(controller, world, 10.0, ticks=3)
    assert all(r.decision.moves for r in journal.records)
    assert all(moves.to == -1 for moves in store.load().moves.values())


def test_a_write_that_fails_is_said_and_tried_again():
    world = ScriptedWorld(desired=4)
    world.fails["apply"] = Unavailable("connection reset")
    controller, _, _ = a_controller(world)
    record = live(controller, world, 10.0, ticks=1)
    assert record.notes == ("actuator: connection reset",)
    del world.fails["apply"]
    live(controller, world, 10.0, ticks=1, start=AT + 15.0)
    assert count(world) == 20


def test_a_stale_view_does_not_make_it_order_twice():
    world = ScriptedWorld(desired=4)
    controller, _, _ = a_controller(world)
    live(controller, world, 10.0, ticks=1)
    world.fleets = {servers("chat"): Fleet(4, 4), nodes("h100"): Fleet(2, 2)}
    record = live(controller, world, 10.0, ticks=1, start=AT + 15.0)
    assert not record.decision.moves
    assert Reason.ORDERED in reasons(record)


def test_a_restart_with_its_ledger_keeps_the_cooldown():
    policy = a_policy(a_workload(servers=Limits(ceiling=48, cooldown_down_s=3_600.0)))
    world = ScriptedWorld(desired=20)
    controller, _, store = a_controller(world, policy)
    live(controller, world, 14.0, ticks=200)
    assert count(world) == 20  # who wants an hour between two moves wants plans of an hour to agree
    live(controller, world, 14.0, ticks=60, start=AT + 15.0 * 200)
    assert count(world) < 20
    down_at = store.load().moves[servers("chat")].last_down
    kept = from_plain(json.loads(json.dumps(to_plain(store.load()))), Ledger)
    assert kept == store.load()
    again, journal, _ = a_controller(world, policy, ledger=kept)
    live(again, world, 4.0, ticks=300, start=AT + 15.0 * 260)
    downs = [r.at for r in journal.records for s in r.decision.moves if s.target.kind == "servers"]
    assert downs
    assert downs[0] >= down_at + 3_600.0


def test_a_record_gives_its_decision_again_and_survives_a_journal():
    world = ScriptedWorld(desired=20)
    controller, journal, _ = a_controller(world)
    live(controller, world, lambda t: 10.0 + t % 7, ticks=50)
    for record in journal.records:
        line = record_to_line(record)
        read = record_from_plain(json.loads(line)["tick"])
        assert record_to_line(read) == line
        assert read == record


def past_of_a_day(level=10.0):
    steps = 1_440
    values = level * (1.0 + 0.1 * np.sin(np.arange(steps) / 50.0))
    return {"chat": Panel(start=AT - 60.0 * steps, step=60.0, values=values[np.newaxis])}


LIES = [
    ("says 0", Liar(0.0)),
    ("says NaN", Liar(float("nan"))),
    ("says infinity", Liar(float("inf"))),
    ("says less than nothing", Liar(-5.0)),
    ("throws when asked", Liar(error=RuntimeError("broken"))),
    ("throws when fitted", Liar(error=RuntimeError("broken"), in_fit=True)),
]


@pytest.mark.parametrize("liar", [x[1] for x in LIES], ids=[x[0] for x in LIES])
def test_a_forecaster_that_lies_low_or_fails_takes_nothing_that_is_needed(liar):
    world = ScriptedWorld(desired=12)
    world.past = past_of_a_day()
    controller, journal, _ = a_controller(world, fits=FitsHere(liar))
    live(controller, world, 10.0, ticks=400)
    assert count(world) >= 10
    assert not journal.records[-1].inputs.outlooks or liar.value == 0.0


def test_a_forecaster_that_says_1e308_is_stopped_by_the_ceiling():
    world = ScriptedWorld(desired=12)
    world.past = past_of_a_day()
    controller, _, _ = a_controller(world, fits=FitsHere(Liar(1e308)))
    live(controller, world, 10.0, ticks=20)
    assert (count(world), count(world, nodes("h100"))) == (48, 24)


def test_a_forecast_orders_before_the_demand():
    world = ScriptedWorld(desired=12)
    world.past = past_of_a_day()
    controller, journal, _ = a_controller(world, fits=FitsHere(Liar(30.0)))
    live(controller, world, 10.0, ticks=8)
    assert count(world) == 30
    scale = next(s for r in journal.records for s in r.decision.moves if s.target.kind == "servers")
    assert isinstance(scale, Scale)
    assert scale.why[0].reason is Reason.FORECAST


@pytest.mark.parametrize("odds, left", [(-4.0, 0), (4.0, 12)], ids=["not trusted", "trusted"])
def test_a_reading_of_nothing_is_doubted_for_a_forecast_only_where_that_is(odds, left):
    policy = a_policy(a_workload(servers=Limits(floor=0, ceiling=12)))
    world = ScriptedWorld(desired=12)
    world.past = {"chat": Panel(start=AT - 86_400.0, step=60.0, values=np.zeros((1, 1_440)))}
    kept = Ledger(calibration={"chat": Calibrated(1.5, (), (), 0.1, odds=odds)})
    controller, _, _ = a_controller(world, policy, fits=FitsHere(Liar(1_000.0)), ledger=kept)
    live(controller, world, 0.0, ticks=400)
    assert count(world) == left


def test_a_late_node_is_said_and_one_given_up_is_ordered_again():
    world = ScriptedWorld(desired=12)
    controller, _, _ = a_controller(world)
    live(controller, world, 10.0, ticks=4)
    asked = AT
    world.fleets[nodes("h100")] = Fleet(6, 5, (asked,))
    world.fleets[servers("chat")] = Fleet(12, 10, (asked, asked))
    said, most = set(), 0
    for tick in range(4, 120):
        at = AT + 15.0 * tick
        world.show(10.0, at)
        record = controller.tick(at)
        said |= reasons(record, nodes("h100"))
        most = max(most, count(world, nodes("h100")))
    assert {Reason.LATE, Reason.GIVEN_UP} <= said
    assert most == 7


def test_a_paused_workload_is_left_alone():
    policy = a_policy(a_workload(servers=Limits(ceiling=8, paused=True)))
    world = ScriptedWorld(desired=12)
    controller, _, _ = a_controller(world, policy)
    live(controller, world, 40.0, ticks=40)
    assert count(world) == 12


def test_a_scheduled_minimum_holds_while_it_lasts():
    world = ScriptedWorld(desired=12)
    evening = AT + 3_600.0
    controller, _, _ = a_controller(world, least=lambda at: {"chat": 20} if at < evening else {})
    live(controller, world, 10.0, ticks=200)
    assert count(world) == 20
    live(controller, world, 10.0, ticks=400, start=AT + 3_600.0)
    assert count(world) == 12


def test_from_zero_the_wait_of_the_first_request_is_shown():
    policy = a_policy(a_workload(servers=Limits(floor=0, ceiling=8)))
    world = ScriptedWorld(desired=0)
    world.fleets[nodes("h100")] = Fleet(1, 1)
    controller, _, _ = a_controller(world, policy)
    record = live(controller, world, 0.5, ticks=1)
    assert count(world) == 2
    assert Reason.FIRST_WAIT in reasons(record)


def test_starts_at_the_same_time_share_what_their_weights_are_read_from():
    profile = Profile(gpus_per_server=4, weights_gigabytes=140.0, read_gigabytes_per_second=2.0)
    policy = a_policy(a_workload(profile=profile))
    world = ScriptedWorld(desired=12)
    controller, journal, _ = a_controller(world, policy)
    live(controller, world, 10.0, ticks=1)
    alone = journal.records[-1].inputs.leads["chat"].load
    world.fleets[servers("chat")] = Fleet(12, 9, (AT, AT, AT))
    live(controller, world, 10.0, ticks=1, start=AT + 15.0)
    assert journal.records[-1].inputs.leads["chat"].load == pytest.approx(alone + 2 * 70.0)


def a_past(work: float, days: float, end: float = AT):
    steps = int(days * 1_440)
    return {"chat": Panel(start=end - 60.0 * steps, step=60.0, values=np.full((1, steps), work))}


def test_a_history_that_could_not_be_read_is_asked_for_again():
    world = ScriptedWorld()
    world.past = a_past(10.0, days=2.0)
    world.fails["history"] = Unavailable("connection refused")
    controller, journal, _ = a_controller(world, fits=FitsHere(Liar(10.0)))
    live(controller, world, 10.0, ticks=41)
    said = [(r.at - AT, r.notes) for r in journal.records if any("history" in note for note in r.notes)]
    again = ("history: connection refused; asked for again in 10 min",)
    assert said == [(0.0, again), (600.0, again)]
    assert controller.foresight.history.steps == 10
    del world.fails["history"]
    record = live(controller, world, 10.0, ticks=40, start=AT + 615.0)
    assert record.notes == ("history: read at last",)
    assert controller.foresight.history.start == AT - 2 * 86_400.0
    live(controller, world, 10.0, ticks=80, start=AT + 1_215.0)
    assert journal.records[-1].notes == ()


def test_a_history_that_stays_away_is_given_up_when_a_day_was_seen():
    world = ScriptedWorld()
    world.fails["history"] = Unavailable("connection refused")
    controller, journal, _ = a_controller(world)
    for minute in range(26 * 60):
        world.show(10.0, AT + 60.0 * minute)
        controller.tick(AT + 60.0 * minute)
    notes = [(r.at - AT, note) for r in journal.records for note in r.notes]
    assert notes[-1] == (87_000.0, "history: not asked for any more; what was seen since will do")
