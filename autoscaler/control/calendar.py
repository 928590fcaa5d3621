"""Cron schedules as instants and intervals: what is due is a function of time, in replay as in life.

It knows cron's own rules: weekday 0 and 7 are Sunday, and where both day fields are restricted either is
enough. APScheduler, which does the arithmetic, differs in both. It knows nothing of what hangs on a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

HOUR = 3_600.0
DAY = 24 * HOUR
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # in cron's order
FIELDS = ("minute", "hour", "day", "month", "day_of_week")
# No clock is moved by more than this: a change further away cannot disturb the order of firings.
NEAR = 3 * HOUR
# How far back to look for the last firing, a small step first: some fire every minute, some once a year.
LOOK_BACK = (HOUR, DAY, 8 * DAY, 35 * DAY, 367 * DAY, 8 * 366 * DAY)


@dataclass(frozen=True, slots=True)
class Cron:
    """Five fields of cron in a time zone, both checked on the way in; a ValueError says what is wrong."""

    text: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        zone(self.timezone)
        if next(_walls(self.text, datetime(2024, 1, 1, tzinfo=UTC)), None) is None:
            raise ValueError(f"the schedule '{self.text}' never comes")

    def next(self, after: float) -> float | None:
        """The first firing later than `after`."""
        place = zone(self.timezone)
        first = _wall(after, place) - timedelta(seconds=NEAR if _clock_changes(after, place) else 0)
        best: float | None = None
        for wall in _walls(self.text, first):
            later = [instant for instant in _instants(wall, place) if instant > after]
            best = min([*later, *([] if best is None else [best])], default=None)
            if best is not None and (not _clock_changes(best, place) or wall > _wall(best + NEAR, place)):
                break
        return best

    def last(self, until: float) -> float | None:
        """The latest firing not later than `until`; None if there was none in eight years."""
        for back in LOOK_BACK:
            found = self.next(until - back)
            if found is not None and found <= until:
                while (later := self.next(found)) is not None and later <= until:
                    found = later
                return found
        return None


class Interval(NamedTuple):
    """At least so many servers from `start` to `end`."""

    start: float
    end: float
    servers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """At least `servers` from each firing of `start` to the next one of `until`."""

    start: Cron
    until: Cron
    servers: int

    def intervals(self, begin: float, end: float) -> tuple[Interval, ...]:
        """Every interval that is running at `begin` or starts before `end`, oldest first."""
        return tuple(self._walk(begin, end))

    def _walk(self, begin: float, end: float) -> Iterator[Interval]:
        start = self._running_since(begin)
        if start is None:
            start = self.start.next(begin)
        while start is not None and start < end:
            stop = self.until.next(start)
            if stop is None:
                return
            yield Interval(start, stop, self.servers)
            # The stop itself may be a start, as in a floor that is handed over from night to day.
            start = self.start.next(stop - 1.0)

    def _running_since(self, at: float) -> float | None:
        started = self.start.last(at)
        if started is None:
            return None
        stopped = self.until.last(at)
        return started if stopped is None or stopped <= started else None


class Calendar:
    """The scheduled minimum of every workload. What was found stands until it changes: a tick compares twice.

    `ahead` says how long before its start a floor counts: servers that are to serve at eight are ordered
    a lead time earlier.
    """

    def __init__(
        self, schedules: Mapping[str, Sequence[Schedule]], ahead: Mapping[str, float] | None = None
    ) -> None:
        self._schedules = {name: tuple(rows) for name, rows in schedules.items() if rows}
        self._ahead = ahead or {}
        self._least: Mapping[str, int] = {}
        self._from, self._to = (float("inf"),) * 2 if self._schedules else (float("-inf"), float("inf"))

    def least(self, at: float) -> Mapping[str, int]:
        """By workload, the most that any of its schedules asks for now; absent where none does."""
        if not self._from <= at < self._to:
            counted = [(name, i) for name in self._schedules for i in self.intervals(name, at, at + DAY)]
            running = [(name, i) for name, i in counted if i.start <= at < i.end]
            self._least = {n: max(i.servers for m, i in running if m == n) for n, _ in running}
            changes = [edge for _, i in counted for edge in (i.start, i.end) if edge > at]
            self._from, self._to = at, min([at + DAY, *changes])
        return self._least

    def intervals(self, name: str, begin: float, end: float) -> tuple[Interval, ...]:
        """When a workload's floors count, from those that count at `begin` to those that do before `end`."""
        early = self._ahead.get(name, 0.0)
        rows = self._schedules.get(name, ())
        found = [i for row in rows for i in row.intervals(begin, end + early)]
        return tuple(sorted(i._replace(start=i.start - early) for i in found))


def due(cron: Cron, previous: float | None, now: float) -> bool:
    """Whether a job that ran last at `previous` is to run again by `now`. One that never ran is due."""
    if previous is None:
        return True
    following = cron.next(previous)
    return following is not None and following <= now


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone; say one like Europe/Berlin or UTC") from None


def _wall(instant: float, place: ZoneInfo) -> datetime:
    """What the clock on the wall shows, dressed as UTC."""
    return datetime.fromtimestamp(instant, place).replace(tzinfo=UTC)


def _instants(wall: datetime, place: ZoneInfo) -> tuple[float, ...]:
    """When the clock on the wall shows this: once; twice when it is put back; never when it is put forward.

    02:30 in an hour that is skipped fires at 03:30, as if nobody had touched the clock. APScheduler would
    leave it out, and a floor that starts at midnight would be missing for a day in Cairo or Santiago.
    """
    first = wall.replace(tzinfo=place, fold=0).timestamp()
    second = wall.replace(tzinfo=place, fold=1).timestamp()
    return (first, second) if second > first else (first,)


def _clock_changes(instant: float, place: ZoneInfo) -> bool:
    before = datetime.fromtimestamp(instant - 2 * NEAR, place)
    after = datetime.fromtimestamp(instant + 2 * NEAR, place)
    return before.utcoffset() != after.utcoffset()


def _walls(text: str, first: datetime) -> Iterator[datetime]:
    """Every showing of the clock that the schedule names, from `first` on, as UTC."""
    triggers = _triggers(text)
    horizon = first + timedelta(days=8 * 366)  # no schedule that ever fires waits longer: 29 February
    while True:
        found = [t.get_next_fire_time(None, first) for t in triggers]
        soonest = min((f for f in found if f is not None), default=None)
        if soonest is None or soonest > horizon:
            return
        yield soonest
        first = soonest + timedelta(seconds=1)


@lru_cache(maxsize=1_024)
def _triggers(text: str) -> tuple[Any, ...]:
    """One trigger, or two where either day field is enough."""
    from apscheduler.triggers.cron import CronTrigger

    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(
            f"the schedule '{text}' has {len(parts)} fields; cron has five: minute hour day month weekday"
        )
    fields = dict(zip(FIELDS, parts, strict=True))
    both_restricted = not any(fields[day].startswith("*") for day in ("day", "day_of_week"))
    fields["day_of_week"] = _weekdays(fields["day_of_week"])
    either = [{**fields, "day": "*"}, {**fields, "day_of_week": "*"}]
    try:
        return tuple(CronTrigger(**f, timezone=UTC) for f in (either if both_restricted else [fields]))
    except ValueError as error:
        raise ValueError(f"the schedule '{text}' is not cron: {error}") from None


def _weekdays(text: str) -> str:
    """Cron's weekdays as names, which mean the same everywhere; its numbers would be off by one."""
    if text == "*":
        return text
    days = sorted({day for item in text.split(",") for day in _weekday_item(item)})
    return ",".join(WEEKDAYS[day] for day in days)


def _weekday_item(item: str) -> set[int]:
    span, _, step = item.partition("/")
    if step and not (step.isdigit() and int(step) > 0):
        raise ValueError(f"'{item}' is not a step of weekdays; say one like */2")
    first, _, last = ("0", "-", "6") if span == "*" else span.partition("-")
    low = _weekday_number(first)
    high = _weekday_number(last) if last else low
    # fri-mon goes over the end of the week; 0-7 is all of it.
    length = high - low + 1 if high >= low else (high - low) % 7 + 1
    return {(low + k) % 7 for k in range(0, length, int(step or 1))}


def _weekday_number(text: str) -> int:
    name = text.lower()[:3] if text.isalpha() else text
    if name in WEEKDAYS:
        return WEEKDAYS.index(name)
    if name.isdigit() and int(name) <= 7:
        return int(name)
    raise ValueError(f"'{text}' is not a weekday; say 0 to 7 (0 and 7 are Sunday) or sun to sat")
