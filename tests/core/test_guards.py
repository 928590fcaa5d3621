"""Each guard as a table: what it lets through, what it restrains, and that it says why."""

import pytest

from autoscaler.core.cluster import servers
from autoscaler.core.guards import GUARDS, Context, Proposal, settle
from autoscaler.core.ledger import Moves
from autoscaler.core.policy import Limits
from autoscaler.core.reasons import Reason
from tests.builders import AT

CALM = Limits(floor=1, ceiling=48, cooldown_down_s=600.0)


def a_context(**changes):
    defaults = {
        "at": AT,
        "limits": CALM,
        "moves": Moves(),
        "blind": False,
        "may_lower": True,
        "collapsed": False,
        "hold_s": 300.0,
        "recent": 0,
        "agreed": 0,
        "lead_s": 400.0,
        "cooldown_s": 600.0,
        "budget": None,
        "room": 48,
        "calendar": 0,
    }
    return Context(**(defaults | changes))


def a_proposal(desired, to):
    return Proposal(servers("chat"), desired, to, ())


RULES = [
    ("down is free when nothing speaks against it", 12, 8, {}, 8, None),
    ("up is free", 12, 20, {}, 20, None),
    ("blind never goes down", 12, 8, {"blind": True}, 12, Reason.BLIND),
    ("a doubted reading never goes down", 12, 8, {"may_lower": False}, 12, Reason.DOUBTED),
    ("a collapse keeps what there is", 12, 8, {"collapsed": True}, 12, Reason.COLLAPSED),
    ("a collapse never keeps from going up", 12, 14, {"collapsed": True}, 14, None),
    ("blind may go up", 12, 14, {"blind": True}, 14, None),
    (
        "an order not seen yet is not given again",
        12,
        16,
        {"moves": Moves(16, AT - 15.0, AT - 15.0)},
        12,
        Reason.ORDERED,
    ),
    (
        "more than was ordered may be ordered",
        12,
        18,
        {"moves": Moves(16, AT - 15.0, AT - 15.0)},
        18,
        None,
    ),
    (
        "an order that was never seen is given again after a minute",
        12,
        16,
        {"moves": Moves(16, AT - 61.0, AT - 61.0)},
        16,
        None,
    ),
    ("down only to the highest recent plan", 12, 8, {"recent": 10}, 10, Reason.STABILISATION),
    ("down waits until the window is full", 12, 8, {"recent": None}, 12, Reason.STABILISATION),
    ("a recent plan never raises", 12, 8, {"recent": 30}, 12, Reason.STABILISATION),
    ("down only to what the forecast needs", 12, 8, {"agreed": 9}, 9, Reason.FORECAST_DISAGREES),
    (
        "after going up, down waits for the lead time",
        12,
        8,
        {"moves": Moves(12, AT - 100.0, AT - 100.0)},
        12,
        Reason.LEAD_TIME,
    ),
    (
        "after going down, down waits for the cooldown",
        12,
        8,
        {"moves": Moves(12, AT - 599.0, last_down=AT - 599.0)},
        12,
        Reason.COOLDOWN,
    ),
    (
        "after the cooldown, down goes on",
        12,
        8,
        {"moves": Moves(12, AT - 600.0, last_down=AT - 600.0)},
        8,
        None,
    ),
    (
        "up never waits for the cooldown",
        12,
        14,
        {"moves": Moves(12, AT - 100.0, last_down=AT - 100.0)},
        14,
        None,
    ),
    ("so many up at once", 12, 30, {"limits": Limits(ceiling=48, step_up=6)}, 18, Reason.STEP),
    ("so many down at once", 12, 2, {"limits": Limits(ceiling=48, step_down=3)}, 9, Reason.STEP),
    (
        "so many down in an hour",
        12,
        4,
        {
            "limits": Limits(ceiling=48, down_per_hour=5),
            "moves": Moves(12, AT - 1_000.0, last_down=AT - 1_000.0, downs=((AT - 1_000.0, 2),)),
        },
        9,
        Reason.HOURLY,
    ),
    ("a budget stops growth", 12, 30, {"budget": 16}, 16, Reason.BUDGET),
    ("a budget takes nothing away", 12, 14, {"budget": 8}, 12, Reason.BUDGET),
    ("the room stops growth", 12, 30, {"room": 20}, 20, Reason.ROOM),
    ("a calendar minimum raises", 12, 12, {"calendar": 16}, 16, Reason.CALENDAR),
    ("a calendar minimum holds against the plan", 12, 4, {"calendar": 10}, 10, Reason.CALENDAR),
    ("a floor raises", 0, 0, {}, 1, Reason.FLOOR),
    ("a step limit never delays a floor", 2, 2, {"limits": Limits(floor=9, step_up=1)}, 9, Reason.FLOOR),
    ("a floor beats the budget", 2, 2, {"limits": Limits(floor=9), "budget": 4}, 9, Reason.FLOOR),
    (
        "a lowered ceiling shrinks, even blind",
        12,
        12,
        {"limits": Limits(ceiling=8), "blind": True},
        8,
        Reason.CEILING,
    ),
    ("the ceiling beats the floor", 12, 12, {"limits": Limits(floor=10, ceiling=6)}, 6, Reason.CEILING),
    ("room beats the floor", 4, 4, {"limits": Limits(floor=10), "room": 6}, 6, Reason.FLOOR),
    ("a pause beats the ceiling", 12, 20, {"limits": Limits(ceiling=8, paused=True)}, 12, Reason.PAUSED),
]


@pytest.mark.parametrize(
    "desired,to,context,expected,reason", [r[1:] for r in RULES], ids=[r[0] for r in RULES]
)
def test_a_guard_restrains_and_says_why(desired, to, context, expected, reason):
    settled = settle(a_proposal(desired, to), a_context(**context))
    assert settled.to == expected
    said = [why.reason for why in settled.why]
    assert said[-1:] == ([reason] if reason else [])


def test_every_guard_leaves_a_proposal_to_stay_alone():
    for guard in GUARDS:
        assert guard(a_proposal(12, 12), a_context()) == a_proposal(12, 12)
