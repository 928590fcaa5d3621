"""What the cluster has: desired, ready and starting for each target. Knows no API."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

Kind = Literal["servers", "routers", "nodes"]


class Target(NamedTuple):
    """A count we may change: the servers or routers of a workload, or the nodes of a pool."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.name}/{self.kind}"


@cache
def servers(workload: str) -> Target:
    return Target("servers", workload)


@cache
def routers(workload: str) -> Target:
    return Target("routers", workload)


@cache
def nodes(pool: str) -> Target:
    return Target("nodes", pool)


class Fleet(NamedTuple):
    """One target as it stands. What drains is in none of the three."""

    desired: int
    ready: int
    starting: tuple[float, ...] = ()  # when each of those asked for and not ready was asked, oldest first


class StageTime(NamedTuple):
    """How long one stage of one start took, as seen when it ended."""

    target: Target
    stage: str  # "node": asked to usable; "load": scheduled to serving
    seconds: float
    at: float


class ClusterState(NamedTuple):
    """Every target at one instant; a target that is absent could not be read."""

    at: float
    fleets: Mapping[Target, Fleet]
    stages: tuple[StageTime, ...] = ()  # what ended since the state before
