"""What it costs to make the values of a tick."""

from __future__ import annotations

import timeit
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float


class Named(NamedTuple):
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float


def making() -> list[tuple[str, float]]:
    number = 100_000
    frozen = timeit.timeit(lambda: Frozen(a=1.0, b=2.0, c=3.0, d=4.0, e=5.0, f=6.0), number=number)
    named = timeit.timeit(lambda: Named(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), number=number)
    return [
        ("a frozen dataclass of six fields", frozen / number * 1e6),
        ("a named tuple of six fields", named / number * 1e6),
    ]
