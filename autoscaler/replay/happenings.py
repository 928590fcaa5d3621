"""What is still to happen, in order of time, and what has happened to a count. Knows not what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

import numpy as np

from autoscaler.core.cluster import Target
from forecasting.series import FloatArray

NEVER = float("inf")


class Move(NamedTuple):
    """A target was set anew."""

    at: float
    target: Target
    by: int


class Agenda:
    """Calls to be made at instants; at the same instant, in the order in which they were entered."""

    __slots__ = ("_calls", "_order", "next")

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self.next = NEVER

    def enter(self, at: float, call: Callable[[float], None]) -> None:
        heappush(self._calls, (at, next(self._order), call))
        self.next = self._calls[0][0]

    def run(self, until: float) -> None:
        while self._calls and self._calls[0][0] <= until:
            at, _, call = heappop(self._calls)
            call(at)
        self.next = self._calls[0][0] if self._calls else NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Counts that change at instants: row i holds from times[i] until times[i + 1]."""

    times: FloatArray
    desired: FloatArray
    ready: FloatArray
    starting: FloatArray

    def at(self, instants: FloatArray, counts: FloatArray) -> FloatArray:
        """`counts` (one of the three) as it stood at each instant."""
        return counts[np.clip(np.searchsorted(self.times, instants, side="right") - 1, 0, None)]


@dataclass(slots=True)
class Log:
    """The counts of one target as they change; several changes at one instant are one."""

    rows: list[tuple[float, int, int, int]] = field(default_factory=list)

    def note(self, at: float, desired: int, ready: int, starting: int) -> None:
        row = (at, desired, ready, starting)
        if not self.rows:
            self.rows.append(row)
        elif self.rows[-1][0] == at:
            self.rows[-1] = row
        elif self.rows[-1][1:] != row[1:]:
            self.rows.append(row)

    def levels(self) -> Levels:
        times, desired, ready, starting = np.array(self.rows, dtype=np.float64).T
        return Levels(times=times, desired=desired, ready=ready, starting=starting)
