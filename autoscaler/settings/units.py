"""Durations, sizes and shares as people type them. Every function takes a YAML value and gives a number.

A number without a unit is refused: nobody agrees whether a cooldown of 30 is seconds or minutes.
"""

from __future__ import annotations

import re
from math import isfinite

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
GIGABYTES = {
    "MB": 1e-3, "GB": 1.0, "TB": 1e3, "MiB": 2**20 / 1e9, "GiB": 2**30 / 1e9, "TiB": 2**40 / 1e9,
}  # fmt: skip
AUTO = "auto"

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def seconds(value: object) -> float:
    """30s, 10m, 1h30m, 250ms; 0 needs no unit."""
    if _is_zero(value):
        return 0.0
    if _is_number(value):
        raise ValueError(
            f"{_plain(value)} has no unit; say {_plain(value)}s, {_plain(value)}m or {_plain(value)}h"
        )
    text = str(value).strip().lower()
    parts = _PART.findall(text)
    if not parts or "".join(_PART.split(text)[::3]):
        raise ValueError(f"'{value}' is not a duration; say one like 30s, 10m or 1h30m")
    unknown = [unit for _, unit in parts if unit not in SECONDS]
    if unknown:
        raise ValueError(f"'{unknown[0]}' in '{value}' is not a unit of time; use ms, s, m, h, d or w")
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def seconds_or_auto(value: object) -> float | None:
    """A duration, or `auto`, which is None."""
    if str(value).strip().lower() == AUTO:
        return None
    try:
        return seconds(value)
    except ValueError as error:
        raise ValueError(f"{error}; or auto") from None


def gigabytes(value: object) -> float:
    """140GB, 900MB, 130GiB."""
    found = _AMOUNT.fullmatch(str(value).strip())
    if found is None:
        raise ValueError(f"'{value}' is not a size; say one like 140GB")
    number, unit = found.groups()
    if not unit:
        raise ValueError(f"{value} has no unit; say {value}GB")
    if unit not in GIGABYTES:
        raise ValueError(f"'{unit}' in '{value}' is not a unit of size; use {', '.join(GIGABYTES)}")
    return float(number) * GIGABYTES[unit]


def gigabytes_per_second(value: object) -> float:
    """2GB/s, 500MB/s."""
    text = str(value).strip()
    if not text.endswith("/s"):
        raise ValueError(f"'{value}' is not a rate; say one like 2GB/s")
    return gigabytes(text.removesuffix("/s"))


def share(value: object) -> float:
    """0.99 or 99%."""
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise ValueError(f"'{value}' is not a share; say one like 0.99 or 99%") from None
    if text.endswith("%"):
        return number / 100.0
    if number > 1.0:
        raise ValueError(f"{text} is more than 1; say {text}% or {number / 100.0:g}")
    return number


def show_seconds(value: float) -> str:
    """The other way round: 5400 is 1h30m."""
    if value < 1.0 and value:
        return f"{value * 1000:g}ms"
    text, left = "", round(value, 3)
    for unit in ("d", "h", "m"):
        whole = int(left // SECONDS[unit])
        text += f"{whole}{unit}" if whole else ""
        left -= whole * SECONDS[unit]
    return text + f"{left:g}s" if left or not text else text


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return isfinite(float(str(value)))
    except ValueError:
        return False


def _is_zero(value: object) -> bool:
    return _is_number(value) and float(str(value)) == 0.0


def _plain(value: object) -> str:
    return str(value).strip()
