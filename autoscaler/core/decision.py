"""What was decided, for every target, and what came of it. Only values; the rules live beside."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from autoscaler.core.cluster import Target
from autoscaler.core.reasons import Why

Scope = Literal["all", "routers"]


class Scale(NamedTuple):
    target: Target
    current: int
    to: int
    why: tuple[Why, ...]


class Hold(NamedTuple):
    target: Target
    current: int
    why: tuple[Why, ...]


Verdict = Scale | Hold


class Decision(NamedTuple):
    at: float
    scope: Scope
    generation: int  # grows with every decision that moves something; an older one must not be written later
    verdicts: tuple[Verdict, ...]
    plans: Mapping[Target, int] = MappingProxyType({})  # what we would have if nothing restrained us

    @property
    def moves(self) -> tuple[Scale, ...]:
        if Scale not in map(type, self.verdicts):  # most ticks: asked three times on each
            return ()
        return tuple([v for v in self.verdicts if type(v) is Scale])


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuation:
    """What came of a decision: the targets that were set, and those that were not, with the reason."""

    applied: tuple[Target, ...] = ()
    failed: tuple[tuple[Target, str], ...] = ()


NOTHING_DONE = Actuation()
