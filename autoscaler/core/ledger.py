"""What is remembered from tick to tick, as a value: written and read back, it decides the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from autoscaler.core.cluster import Target
from autoscaler.core.demand import Trail
from autoscaler.core.lead_time import LeadTimes
from autoscaler.core.trust import SURE

NEVER = float("-inf")
HOUR = 3600.0


class Moves(NamedTuple):
    """The last moves of one target."""

    to: int = -1  # what we last asked for; −1: never
    at: float = NEVER
    last_up: float = NEVER
    last_down: float = NEVER
    downs: tuple[tuple[float, int], ...] = ()  # of the last hour: when, and how many went

    def moved(self, current: int, to: int, at: float) -> "Moves":
        if to > current:
            return Moves(to, at, at, self.last_down, self.downs)
        kept = tuple(d for d in self.downs if at - d[0] < HOUR)
        return Moves(to, at, self.last_up, at, (*kept, (at, current - to)))

    def down_within_hour(self, at: float) -> int:
        return sum(count for when, count in self.downs if at - when < HOUR)


UNMOVED = Moves()


class Calibrated(NamedTuple):
    """How strictly one workload is planned, and what was learned of its bounds."""

    strictness: float  # log₁₀ of the price of lateness
    levels: tuple[float, ...]
    shifts: tuple[float, ...]  # of the bounds' logarithms, by level
    spread: float  # usual size of an error
    odds: float = SURE  # how far the forecast is trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Last moves and generation (small, saved before an act), and what was learned (saved rarely)."""

    generation: int = 0
    moves: Mapping[Target, Moves] = field(default_factory=dict)
    lead_times: LeadTimes = LeadTimes()
    trails: Mapping[str, Trail] = field(default_factory=dict)
    calibration: Mapping[str, Calibrated] = field(default_factory=dict)  # by workload
