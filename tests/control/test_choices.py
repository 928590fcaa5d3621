"""What is chosen every night, and how it follows what came in between."""

from math import log10

import numpy as np
import pytest

from autoscaler.control.choices import WIDER, Begun, Choices, Said, Spoken
from autoscaler.control.fits import FitsHere
from autoscaler.core.chosen import Chosen
from autoscaler.core.history import History
from autoscaler.core.ledger import Calibrated
from autoscaler.core.outlook import Bounds, late_price_for
from autoscaler.core.policy import Limits
from forecasting.catalogue import make
from forecasting.series import Panel
from tests.builders import AT, a_demand, a_lead, a_policy, a_pool, a_workload
from tests.control.scripted import ScriptedWorld, a_controller, live

LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
DAY = 86_400.0
MIDNIGHT = AT // DAY * DAY
DUE = MIDNIGHT + DAY + 3 * 3_600.0 + 17 * 60.0
NIGHT = Chosen(64.0, hold_s=900.0, headroom=0.4, days=3.0)
BOUNDS = Bounds(LEVELS, (10.0, 11.0, 12.0, 13.0, 14.0), (10.0, 11.0, 12.0, 13.0, 15.0), 10.0)


class Scripted:
    """A tuner that chooses what it is told to, and keeps what it was asked."""

    def __init__(self, *choices) -> None:
        self.choices = list(choices)
        self.tasks: list = []

    def begin(self, history, leads, levels):
        return Begun({"chat": (Said(AT, BOUNDS.ahead, BOUNDS.hold),)}, {})

    def choose(self, tasks, history):
        self.tasks.append(tasks)
        choice = self.choices.pop(0) if len(self.choices) > 1 else self.choices[0]
        if isinstance(choice, Exception):
            raise choice
        return {"chat": choice} if choice is not None else {}


def a_history(work=10.0, minutes=1_440):
    history = History({"chat": 10.0})
    panel = Panel(start=AT - 60.0 * minutes, step=60.0, values=np.full((1, minutes), work))
    history.seed({"chat": panel}, AT)
    return history


def some_choices(tuner=None, *, policy=None, kept=None, at=AT, **stated):
    policy = policy or a_policy(a_workload(**stated))
    history = a_history()
    choices = Choices(policy, history, LEVELS, kept or {}, tuner, at)
    leads = {"chat": a_lead(policy)}
    choices.begin(history, leads)
    return choices, history, leads


def test_until_a_past_tells_better_the_price_is_the_objectives_twice_over():
    choices, _, _ = some_choices()
    assert choices.chosen["chat"] == Chosen(WIDER * late_price_for(a_workload(), a_pool()))
    assert choices.price("chat").late == pytest.approx(32.0)
    assert (choices.price("chat").usual, choices.price("chat").size) == (10.0, 2)


def test_two_on_a_pool_come_and_go_server_by_server():
    policy = a_policy(a_workload(), a_workload("code"))
    choices = Choices(policy, a_history(), LEVELS, {}, None, AT)
    assert choices.price("chat").size == 1


def test_it_is_chosen_at_the_beginning_and_once_every_night():
    tuner = Scripted(NIGHT)
    choices, history, leads = some_choices(tuner)
    assert choices.chosen["chat"] == NIGHT
    instants = [DUE - 60.0, DUE, DUE + 60.0, DUE + DAY - 60.0, DUE + DAY + 5.0, DUE + DAY + 65.0]
    assert [choices.night(at, history, leads) for at in instants] == [False, True, False, False, True, False]
    assert len(tuner.tasks) == 3


def test_nights_that_were_slept_through_are_made_up_for_once():
    choices, history, leads = some_choices(Scripted(NIGHT))
    at = DUE + 5 * DAY + 3_600.0
    assert [choices.night(at + 60.0 * k, history, leads) for k in range(3)] == [True, False, False]


def test_without_a_tuner_no_night_comes():
    choices, history, leads = some_choices()
    assert not choices.night(DUE + 60.0, history, leads)
    choices.remember("chat", AT, BOUNDS)


def test_a_night_is_told_what_was_said_since_the_last():
    tuner = Scripted(NIGHT)
    choices, history, leads = some_choices(tuner)
    for minute in range(3):
        choices.remember("chat", AT + 60.0 * minute, BOUNDS)
    choices.night(DUE, history, leads)
    choices.night(DUE + DAY, history, leads)
    assert [[said.end for said in tasks["chat"].said] for tasks in tuner.tasks] == [
        [AT],  # what would have been said
        [AT, AT + 60.0, AT + 120.0],
        [],
    ]


def test_one_whose_turn_did_not_come_keeps_what_was_said():
    tuner = Scripted(NIGHT, None, NIGHT)
    choices, history, leads = some_choices(tuner)
    choices.remember("chat", AT, BOUNDS)
    choices.night(DUE, history, leads)
    choices.remember("chat", AT + 60.0, BOUNDS)
    choices.night(DUE + DAY, history, leads)
    assert [said.end for said in tuner.tasks[-1]["chat"].said] == [AT, AT + 60.0]


def test_what_was_said_is_kept_as_numbers_and_read_as_it_was():
    spoken = Spoken(len(LEVELS), [Said(AT + k, BOUNDS.ahead, BOUNDS.hold) for k in range(3)])
    assert list(spoken) == [Said(AT + k, BOUNDS.ahead, BOUNDS.hold) for k in range(3)]
    assert spoken[1:] == list(spoken)[1:]
    with pytest.raises(IndexError):
        spoken[3]


STATED = [
    ("a headroom", {"headroom": 0.2}, lambda c: c.by_rule("chat", 10.0), 12.0),
    ("no headroom at all", {"headroom": 0.0}, lambda c: c.by_rule("chat", 10.0), 10.0),
    ("a level", {"level": 0.9}, lambda c: (c.price("chat").level, c.price("chat").late), (0.9, 0.0)),
    ("a window", {"servers": Limits(stabilisation_s=60.0)}, lambda c: c.holds()["chat"], 60.0),
    ("a long cooldown", {"servers": Limits(cooldown_down_s=3_600.0)}, lambda c: c.holds()["chat"], 3_600.0),
]


@pytest.mark.parametrize("stated, read, expected", [s[1:] for s in STATED], ids=[s[0] for s in STATED])
def test_what_is_stated_is_never_overridden(stated, read, expected):
    choices, _, _ = some_choices(Scripted(NIGHT), **stated)
    for _ in range(600):
        choices.adjust({"chat": a_demand(10.0, backlog=900.0)}, 60.0)
    assert read(choices) == expected


def test_what_is_not_stated_is_what_was_chosen():
    choices, _, _ = some_choices(Scripted(NIGHT))
    assert choices.by_rule("chat", 10.0) == 14.0
    assert choices.price("chat").late == pytest.approx(64.0)
    assert choices.holds() == {"chat": 900.0}


def test_the_price_follows_misses_and_the_headroom_goes_with_it():
    choices, _, _ = some_choices(Scripted(NIGHT))
    for _ in range(60):
        choices.adjust({"chat": a_demand(10.0, backlog=900.0)}, 60.0)
    late = choices.chosen["chat"]
    assert late.late_price > 64.0
    assert choices.price("chat").late == pytest.approx(late.late_price, rel=1e-6)
    assert late.headroom / 0.4 == pytest.approx((late.late_price / 64.0) ** 0.5, rel=1e-4)
    for _ in range(5 * 1_440):
        choices.adjust({"chat": a_demand(10.0)}, 60.0)
    calm = choices.chosen["chat"]
    assert calm.late_price < 64.0
    assert calm.headroom < 0.4


def test_a_night_begins_anew_from_what_it_chose():
    choices, history, leads = some_choices(Scripted(NIGHT, NIGHT._replace(late_price=8.0)))
    for _ in range(600):
        choices.adjust({"chat": a_demand(10.0, backlog=900.0)}, 60.0)
    choices.night(DUE, history, leads)
    assert choices.price("chat").late == pytest.approx(8.0)
    choices.adjust({"chat": a_demand(10.0)}, 60.0)
    assert choices.chosen["chat"].headroom == pytest.approx(0.4, rel=1e-3)


def test_blind_minutes_teach_nothing():
    choices, _, _ = some_choices(Scripted(NIGHT))
    choices.adjust({"chat": None}, 60.0)
    assert choices.chosen["chat"] == NIGHT


def test_too_little_past_leaves_the_default():
    choices, _, _ = some_choices(Scripted(None))
    default, _, _ = some_choices()
    assert choices.chosen == default.chosen


def test_a_restart_goes_on_at_the_price_it_had():
    kept = {"chat": Calibrated(log10(50.0), LEVELS, (0.0,) * 5, 0.1)}
    choices, _, _ = some_choices(kept=kept)
    assert choices.price("chat").late == pytest.approx(50.0)


def notes_of(journal, word):
    return [(r.at, note) for r in journal.records for note in r.notes if word in note]


def test_a_tuner_that_throws_leaves_what_was_chosen_and_says_so():
    world = ScriptedWorld(desired=12)
    tuner = Scripted(NIGHT, RuntimeError("out of paper"))
    controller, journal, _ = a_controller(world, fits=FitsHere(make("last-value")), tuner=tuner)
    live(controller, world, 10.0, ticks=40, start=DUE - 300.0)
    assert [note for _, note in notes_of(journal, "tune")] == ["tune: RuntimeError: out of paper"]
    chosen = journal.records[-1].inputs.chosen["chat"]
    assert (chosen.hold_s, chosen.days) == (NIGHT.hold_s, NIGHT.days)
    assert chosen.late_price == pytest.approx(64.0, rel=0.01)


def test_a_tuner_that_throws_at_the_beginning_leaves_the_defaults():
    world = ScriptedWorld(desired=12)
    controller, journal, _ = a_controller(world, tuner=Scripted(RuntimeError("out of paper")))
    live(controller, world, 10.0, ticks=4)
    assert journal.records[-1].inputs.chosen["chat"].hold_s == Chosen(0.0).hold_s
    assert [note for _, note in notes_of(journal, "tune")] == ["tune: RuntimeError: out of paper"]


def test_a_window_that_is_chosen_anew_holds_at_once():
    """Plans are kept for longer than any window: one that grows is full."""
    world = ScriptedWorld(desired=12)
    tuner = Scripted(NIGHT._replace(hold_s=0.0), NIGHT)
    controller, journal, _ = a_controller(world, tuner=tuner)
    live(controller, world, 10.0, ticks=400, start=DUE - 100 * 15.0)
    by_hold = {r.inputs.chosen["chat"].hold_s for r in journal.records}
    assert by_hold == {0.0, 900.0}
    assert count_of(journal.records[-1]) == 14


def count_of(record):
    return next(f.desired for t, f in record.inputs.fleets.items() if t.kind == "servers")
