"""What is known of series by name: looked at or held out, and what is asked of some. For the report alone."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

BUILT_ON, HELD_OUT = "built on", "held out"


class Goal(NamedTuple):
    """At least `attainment` percent for at most `of_optimum` times the optimum."""

    series: str
    policy: str
    attainment: float
    of_optimum: float
    reversals_per_day: float | None = None


def half(series: str) -> str:
    """Nobody looked at a series that is not named."""
    return BUILT_ON if series in _file()["built_on"] else HELD_OUT


def named_goals() -> list[Goal]:
    return [Goal(**goal) for goal in _file()["goal"]]


@cache
def _file() -> dict[str, list]:  # type: ignore[type-arg]
    return tomllib.loads(files(__package__).joinpath("series.toml").read_text(encoding="utf-8"))
