"""Why a count moves or stays: an enum member with its numbers. Worded where it is printed."""

from enum import Enum
from typing import NamedTuple


class Reason(Enum):
    # what asks
    PRESENT_NEED = "present need"
    BACKLOG = "backlog"
    FORECAST = "forecast"
    REACTIVE = "reactive rule"  # no forecast worth reading: present need and a stated headroom
    MIXED = "mixed"  # forecast and reactive rule, by how right each has been
    KV_PRESSURE = "kv pressure"
    MEMORY_PRESSURE = "memory pressure"
    ROUTER_LOAD = "router load"
    CARRIES = "carries"  # nodes carry the settled servers
    FILLS = "fills"  # servers that find a place on nodes we pay for anyway
    GIVEN_UP = "given up"  # a start that will not come is ordered again
    FIRST_WAIT = "first wait"  # from zero, the first request waits for a whole start
    SHARED = "shared"  # what the pool has room for, by priority and need
    # what restrains, in the order of the guards
    PAUSED = "paused"
    BLIND = "blind"
    DOUBTED = "doubted"
    COLLAPSED = "collapsed"  # demand fell below all of the last day while the forecast was trusted
    ORDERED = "ordered"
    STABILISATION = "stabilisation"
    FORECAST_DISAGREES = "forecast disagrees"
    LEAD_TIME = "lead time"
    COOLDOWN = "cooldown"
    STEP = "step"
    HOURLY = "hourly"
    BUDGET = "budget"
    ROOM = "room"
    CALENDAR = "calendar"
    FLOOR = "floor"
    CEILING = "ceiling"
    # what is said beside
    STEADY = "steady"
    LATE = "late"
    UNREAD = "unread"  # the target could not be read


AFTER = "after"  # the count that a guard left, among the numbers of its reason


class Why(NamedTuple):
    reason: Reason
    numbers: tuple[tuple[str, float], ...] = ()
