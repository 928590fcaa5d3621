"""Schedules against the clock on the wall, in summer and winter."""

from datetime import UTC, datetime

import pytest

from autoscaler.control.calendar import Calendar, Cron, Schedule, due


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(instant: float | None) -> str:
    assert instant is not None
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")


def firings(text: str, zone: str, start: str, count: int) -> list[str]:
    cron, instant, found = Cron(text, zone), at(start), []
    for _ in range(count):
        following = cron.next(instant)
        assert following is not None
        instant = following
        found.append(shown(instant))
    return found


OFFICE = Schedule(
    start=Cron("0 8 * * mon-fri", "Europe/Berlin"), until=Cron("0 19 * * mon-fri", "Europe/Berlin"), servers=6
)

FIRINGS = [
    ("the clock goes forward and eight stays eight", "0 8 * * *", "Europe/Berlin", "2025-03-29T00:00",
     ["2025-03-29 07:00", "2025-03-30 06:00", "2025-03-31 06:00"]),
    ("the clock goes back and eight stays eight", "0 8 * * *", "Europe/Berlin", "2025-10-25T00:00",
     ["2025-10-25 06:00", "2025-10-26 07:00", "2025-10-27 07:00"]),
    ("an hour that is skipped comes an hour later", "30 2 * * *", "America/New_York", "2025-03-08T12:00",
     ["2025-03-09 07:30", "2025-03-10 06:30"]),
    ("a midnight that is skipped still comes", "0 0 * * *", "Africa/Cairo", "2025-04-23T22:00",
     ["2025-04-24 22:00", "2025-04-25 21:00"]),
    ("an hour that is repeated comes twice", "30 1 * * *", "America/New_York", "2025-11-01T12:00",
     ["2025-11-02 05:30", "2025-11-02 06:30", "2025-11-03 06:30"]),
    ("half hours stay even while the clock goes back", "*/30 * * * *", "America/New_York", "2025-11-02T05:00",
     ["2025-11-02 05:30", "2025-11-02 06:00", "2025-11-02 06:30", "2025-11-02 07:00", "2025-11-02 07:30"]),
    ("half hours stay even as the clock goes forward", "*/30 * * * *", "America/New_York", "2025-03-09T06:00",
     ["2025-03-09 06:30", "2025-03-09 07:00", "2025-03-09 07:30", "2025-03-09 08:00"]),
    ("weekday 0 is Sunday", "0 8 * * 0", "UTC", "2025-03-28T00:00", ["2025-03-30 08:00"]),
    ("weekday 7 is Sunday too", "0 8 * * 7", "UTC", "2025-03-28T00:00", ["2025-03-30 08:00"]),
    ("weekday 1 is Monday", "0 8 * * 1", "UTC", "2025-03-28T00:00", ["2025-03-31 08:00"]),
    ("1-5 is Monday to Friday", "0 8 * * 1-5", "UTC", "2025-03-28T09:00", ["2025-03-31 08:00"]),
    ("sun-thu is the week of many offices", "0 8 * * sun-thu", "UTC", "2025-03-27T09:00",
     ["2025-03-30 08:00", "2025-03-31 08:00"]),
    ("fri-mon goes over the end of the week", "0 8 * * fri-mon", "UTC", "2025-03-31T09:00",
     ["2025-04-04 08:00", "2025-04-05 08:00", "2025-04-06 08:00", "2025-04-07 08:00", "2025-04-11 08:00"]),
    ("0-7 is every day", "0 8 * * 0-7", "UTC", "2025-03-31T09:00", ["2025-04-01 08:00", "2025-04-02 08:00"]),
    ("*/2 counts weekdays from Sunday", "0 8 * * */2", "UTC", "2025-03-30T00:00",
     ["2025-03-30 08:00", "2025-04-01 08:00", "2025-04-03 08:00", "2025-04-05 08:00", "2025-04-06 08:00"]),
    ("either day field is enough where both are given", "0 8 1 * mon", "UTC", "2025-03-26T00:00",
     ["2025-03-31 08:00", "2025-04-01 08:00", "2025-04-07 08:00"]),
    ("29 February waits for its year", "0 8 29 2 *", "UTC", "2025-03-01T00:00", ["2028-02-29 08:00"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "text, place, start, expected", [r[1:] for r in FIRINGS], ids=[r[0] for r in FIRINGS]
)
def test_a_schedule_fires_when_cron_would(text: str, place: str, start: str, expected: list[str]) -> None:
    assert firings(text, place, start, len(expected)) == expected


REFUSED = [
    ("0 8 30 2 *", "UTC", "never comes"),
    ("0 8 * *", "UTC", "has 4 fields"),
    ("61 * * * *", "UTC", "is not cron"),
    ("0 0 * * 8", "UTC", "0 and 7 are Sunday"),
    ("0 0 * * mon/x", "UTC", "step of weekdays"),
    ("0 0 * * *", "Europe/Berln", "is not a time zone"),
    ("0 0 * * *", "/etc/passwd", "is not a time zone"),
]


@pytest.mark.parametrize("text, place, message", REFUSED, ids=[f"{r[0]} {r[1]}" for r in REFUSED])
def test_what_is_not_a_schedule_is_refused_in_one_line(text: str, place: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        Cron(text, place)
    assert "\n" not in str(refused.value)


def test_the_last_firing_may_be_this_very_instant() -> None:
    cron = Cron("0 8 * * mon", "UTC")
    assert shown(cron.last(at("2025-03-31T08:00"))) == "2025-03-31 08:00"
    assert shown(cron.last(at("2025-03-31T07:59"))) == "2025-03-24 08:00"


def spans(schedule: Schedule, begin: str, end: str) -> list[tuple[str, str]]:
    return [(shown(i.start), shown(i.end)) for i in schedule.intervals(at(begin), at(end))]


def test_intervals_hold_what_runs_now_and_what_starts_later() -> None:
    assert spans(OFFICE, "2025-03-28T10:00", "2025-04-01T00:00") == [
        ("2025-03-28 07:00", "2025-03-28 18:00"),
        ("2025-03-31 06:00", "2025-03-31 17:00"),
    ]


def test_an_interval_that_has_ended_is_not_told() -> None:
    assert spans(OFFICE, "2025-03-28T18:00", "2025-03-30T00:00") == []


def test_an_interval_over_the_night_the_clock_changes_is_an_hour_shorter() -> None:
    night = Schedule(
        start=Cron("0 22 * * *", "Europe/Berlin"), until=Cron("0 6 * * *", "Europe/Berlin"), servers=1
    )
    (only,) = night.intervals(at("2025-03-30T00:00"), at("2025-03-30T12:00"))
    assert only.end - only.start == 7 * 3_600


def test_a_start_that_repeats_within_an_interval_does_not_end_it() -> None:
    hourly = Schedule(start=Cron("0 8-11 * * *"), until=Cron("0 12 * * *"), servers=2)
    assert [end for _, end in spans(hourly, "2025-03-28T09:30", "2025-03-28T23:00")] == ["2025-03-28 12:00"]


def test_a_floor_that_begins_as_another_ends_follows_without_a_gap() -> None:
    always = Schedule(start=Cron("0 0 * * *"), until=Cron("0 0 * * *"), servers=2)
    assert spans(always, "2025-03-28T09:30", "2025-03-30T00:00") == [
        ("2025-03-28 00:00", "2025-03-29 00:00"),
        ("2025-03-29 00:00", "2025-03-30 00:00"),
    ]


def test_the_calendar_says_the_same_in_whatever_order_it_is_asked() -> None:
    calendar = Calendar({"chat": (OFFICE,), "batch": ()})
    instants = [at("2025-03-27T00:00") + k * 4_321.0 for k in range(400)]
    onwards = [calendar.least(i).get("chat", 0) for i in instants]
    alone = [Calendar({"chat": (OFFICE,)}).least(i).get("chat", 0) for i in instants]
    backwards = [calendar.least(i).get("chat", 0) for i in reversed(instants)]
    assert onwards == alone == backwards[::-1]
    assert set(onwards) == {0, 6}


def test_a_floor_holds_from_its_first_instant_to_just_before_its_last() -> None:
    calendar = Calendar({"chat": (OFFICE,)})
    start, end = at("2025-04-01T06:00"), at("2025-04-01T17:00")
    assert [calendar.least(i) for i in (start - 1, start, end - 1, end)] == [{}, {"chat": 6}, {"chat": 6}, {}]


def test_a_floor_counts_a_lead_time_before_it_starts() -> None:
    calendar = Calendar({"chat": (OFFICE,)}, {"chat": 600.0})
    start = at("2025-04-01T06:00")
    assert [calendar.least(i) for i in (start - 601, start - 600, start)] == [{}, {"chat": 6}, {"chat": 6}]


def test_of_two_schedules_the_larger_holds() -> None:
    lunch = Schedule(start=Cron("0 10 * * *"), until=Cron("0 12 * * *"), servers=9)
    calendar = Calendar({"chat": (OFFICE, lunch)})
    noon = at("2025-04-01T12:00")
    assert [calendar.least(i)["chat"] for i in (noon - 3 * 3_600, noon - 3_600, noon)] == [6, 9, 6]


def test_the_calendar_computes_once_for_many_ticks() -> None:
    calendar = Calendar({"chat": (OFFICE,)})
    first = calendar.least(at("2025-04-01T00:00"))
    assert calendar.least(at("2025-04-01T00:00") + 15.0) is first


def test_a_calendar_without_schedules_asks_for_nothing() -> None:
    assert Calendar({}).least(at("2025-04-01T00:00")) == {}


def test_what_is_due_is_a_function_of_time() -> None:
    nightly = Cron("0 3 * * *", "UTC")
    assert due(nightly, None, at("2025-04-01T00:00"))
    assert not due(nightly, at("2025-04-01T03:00"), at("2025-04-02T02:59"))
    assert due(nightly, at("2025-04-01T03:00"), at("2025-04-02T03:00"))
    assert due(nightly, at("2025-04-01T03:00"), at("2025-04-09T12:00"))
