"""Every reason has its sentence, with its numbers in it."""

import re

import pytest

from autoscaler.adapters.reporting import words as wording
from autoscaler.adapters.reporting.units import clock, count, duration, instant, number, percent
from autoscaler.adapters.reporting.words import RESTRAINTS, SAID_BESIDE, binding, change, sentence, words
from autoscaler.core.cluster import nodes, servers
from autoscaler.core.decision import Hold, Scale
from autoscaler.core.reasons import Reason, Why
from tests.builders import AT

CHAT = servers("chat")
NUMBERED = [
    (Reason.PRESENT_NEED, {"work": 11.4, "requests": 82.1}, ["11.4 servers", "82.1 requests a second"]),
    (Reason.BACKLOG, {"waiting_work": 40.0, "left": 32.0}, ["worth 32 server-seconds", "(40 now)"]),
    (Reason.FORECAST, {"ahead": 14.2, "level": 0.97, "in_s": 426.0}, ["14.2 servers", "97 %", "7.1 min"]),
    (Reason.REACTIVE, {"need": 12.3, "headroom": 0.15}, ["15 %", "12.3 servers"]),
    (Reason.MIXED, {"need": 12.9, "trust": 0.4, "rule": 12.2}, ["40 %", "12.2 servers", "12.9 servers"]),
    (Reason.KV_PRESSURE, {"kv_use": 0.97}, ["97 %"]),
    (Reason.MEMORY_PRESSURE, {"above_usual": 0.06}, ["6 points"]),
    (Reason.ROUTER_LOAD, {"requests": 82.1}, ["82.1 requests a second"]),
    (Reason.GIVEN_UP, {"nodes": 1.0, "after_s": 1200.0}, ["20 min"]),
    (Reason.FIRST_WAIT, {"seconds": 360.0}, ["6 min"]),
    (Reason.SHARED, {"want": 9.0, "share": 6.0}, ["6 of the 9 servers"]),
    (Reason.DOUBTED, {"expected": 300.0, "chance": 1e-30}, ["300 a minute", "1e-30"]),
    (Reason.DOUBTED, {"running": 12.0}, ["12"]),
    (Reason.DOUBTED, {"suspect": 1.0}, ["warnings"]),
    (Reason.ORDERED, {"to": 14.0, "at": AT - 15.0}, ["14 servers", "15 s ago"]),
    (Reason.STABILISATION, {"highest": 16.0, "window_s": 120.0}, ["16 servers", "2 min"]),
    (Reason.STABILISATION, {"window_s": 120.0}, ["2 min", "not all known"]),
    (Reason.FORECAST_DISAGREES, {"need": 13.0}, ["13 servers"]),
    (Reason.LEAD_TIME, {"until": AT + 300.0}, [clock(AT + 300.0), "5 min left"]),
    (Reason.COOLDOWN, {"until": AT + 60.0}, [clock(AT + 60.0), "60 s left"]),
    (Reason.STEP, {"at_once": 2.0}, ["2 at once"]),
    (Reason.HOURLY, {"per_hour": 3.0}, ["3 may go within an hour"]),
    (Reason.BUDGET, {"most": 20.0}, ["20 servers"]),
    (Reason.ROOM, {"room": 48.0}, ["48 servers"]),
    (Reason.CALENDAR, {"least": 6.0}, ["6 servers"]),
    (Reason.FLOOR, {"floor": 1.0}, ["1 server"]),
    (Reason.CEILING, {"ceiling": 48.0}, ["48 servers"]),
    (Reason.LATE, {"count": 2.0, "oldest_s": 900.0}, ["2 of", "15 min"]),
]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_reason_has_words(reason):
    assert reason in wording._WORDS
    said = words(Why(reason), CHAT, AT)
    assert re.match(r"[^.]+$", said.replace("–", "")), "a clause, not a sentence"


@pytest.mark.parametrize("reason, numbers, facts", NUMBERED, ids=lambda value: getattr(value, "value", None))
def test_words_carry_the_numbers(reason, numbers, facts):
    said = words(Why(reason, tuple(numbers.items())), CHAT, AT)
    assert "–" not in said
    for fact in facts:
        assert fact in said


def test_every_reason_either_asks_restrains_or_is_said_beside():
    restraints = {reason for reason in Reason if reason.name in {r.name for r in RESTRAINTS}}
    assert not restraints & set(SAID_BESIDE)
    assert len(RESTRAINTS) == len(set(RESTRAINTS)) == 16


def test_the_last_restraint_is_the_one_that_bound():
    why = (Why(Reason.FORECAST), Why(Reason.STABILISATION), Why(Reason.COOLDOWN, (("until", AT + 60),)))
    assert binding(Hold(CHAT, 12, why)) is why[2]
    assert binding(Scale(CHAT, 12, 16, (Why(Reason.FORECAST),))) is None


def test_a_move_says_from_to_and_why():
    move = Scale(nodes("h100"), 6, 1, (Why(Reason.CARRIES),))
    assert change(move) == "6 → 1 node"
    assert sentence(move, AT) == "As many nodes as carry the settled servers."
    assert change(Hold(CHAT, 12, ())) == "stays at 12 servers"


def test_a_hold_says_what_it_would_have_done_but_for_what_bound_it():
    why = (Why(Reason.PRESENT_NEED, (("work", 8.0), ("requests", 60.0))), Why(Reason.PAUSED))
    assert sentence(Hold(CHAT, 12, why), AT) == (
        "Users keep 8 servers busy now, with 60 requests a second; but paused by the operator."
    )


@pytest.mark.parametrize(
    "said, expected",
    [
        (number(0.1234), "0.123"),
        (number(1234.5), "1,234"),
        (number(12.0), "12"),
        (number(float("nan")), "–"),
        (percent(0.97), "97 %"),
        (percent(0.998), "99.8 %"),
        (duration(45.0), "45 s"),
        (duration(426.0), "7.1 min"),
        (duration(9_000.0), "2.5 h"),
        (duration(3 * 86_400.0), "3 days"),
        (count(1.0, "server"), "1 server"),
        (count(14.2, "server"), "14.2 servers"),
        (instant(1_736_121_600.0), "2025-01-06 00:00:00"),
        (instant(10 * 86_400.0 + 9 * 3600.0), "day 10 09:00:00"),
    ],
)
def test_numbers_read_as_people_write_them(said, expected):
    assert said == expected
