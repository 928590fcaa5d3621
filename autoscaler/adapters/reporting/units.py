"""Numbers, times and counts as people read them."""

from datetime import UTC, datetime
from math import floor, isfinite, log10

DAY = 86_400.0
DATED = 1e8  # instants before 1973 are seconds since the start of a trace that knows no calendar
NOUNS = {"servers": "server", "routers": "router", "nodes": "node"}


def number(value: float, digits: int = 3) -> str:
    """Three digits that mean something: 0.123, 12.3, 1,230."""
    if not isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = max(digits - 1 - floor(log10(abs(value))), 0)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float, places: int = 1) -> str:
    """A share from 0 to 1."""
    return f"{100 * share:.{places}f}".rstrip("0").rstrip(".") + " %"


def certainty(share: float) -> str:
    """A chance that is never told as certain: more than 99.9 % is said so."""
    return "more than 99.9 %" if share >= 0.9995 else percent(share)


def duration(seconds: float) -> str:
    """45 s, 7.1 min, 2.5 h, 3.2 days."""
    if not isfinite(seconds):
        return "an unknown time"
    if abs(seconds) < 90:
        return f"{_one_place(seconds) if abs(seconds) < 10 else round(seconds)} s"
    if abs(seconds) < 90 * 60:
        return f"{_one_place(seconds / 60)} min"
    if abs(seconds) < 1.5 * DAY:
        return f"{_one_place(seconds / 3600)} h"
    return f"{_one_place(seconds / DAY)} days"


def hours(value: float) -> str:
    """The same places in a whole column: 63.5, 1,256."""
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def count(several: float, noun: str) -> str:
    """1 server, 14.2 servers."""
    text = number(several)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def instant(at: float) -> str:
    """2025-01-24 09:14:15, or day 4 09:14:15 where the trace knows no calendar."""
    if not isfinite(at):
        return "never"
    if abs(at) < DATED:
        return f"day {floor(at / DAY)} {clock(at)}"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def clock(at: float) -> str:
    """The time of day, UTC."""
    if not isfinite(at):
        return "never"
    return datetime.fromtimestamp(at % DAY, UTC).strftime("%H:%M:%S")


def _one_place(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
