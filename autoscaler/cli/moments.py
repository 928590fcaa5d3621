"""Instants as people type them: an ISO time, `day 10 09:00`, or seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import floor

from autoscaler.cli.errors import BadInput

DAY = 86_400.0
DATED = 1e8  # earlier instants are counted from the start of a trace that knows no calendar
_RELATIVE = re.compile(r"day\s+(\d+)(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.IGNORECASE)


def parse_instant(text: str, first: float) -> float:
    """The instant that `text` means in what begins at `first`. Day 0 is the day of `first`, in UTC."""
    text = text.strip()
    found = _RELATIVE.fullmatch(text)
    if found:
        day, hour, minute, second = (int(part or 0) for part in found.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise BadInput(f"'{text}' is no time of day; say one like 'day 10 09:00'")
        return floor(first / DAY) * DAY + day * DAY + hour * 3600.0 + minute * 60.0 + second
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
        return seconds if seconds >= DATED or first < DATED else first + seconds
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"'{text}' is no time; say one like 2025-01-24T09:14, 'day 10 09:00' or seconds since the start"
        ) from None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
