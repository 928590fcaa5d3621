"""All that a report shows, as plain values. Knows no replay and no controller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecasting.series import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One move: when, of what, from, to, and the sentence that says why."""

    at: float
    target: str
    before: int
    after: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was there on a regular grid."""

    ready: FloatArray
    starting: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSection:
    """One workload: rows on one regular grid, NaN where nothing is known. Work is in busy servers."""

    name: str
    start: float
    step: float
    asked: FloatArray
    served: FloatArray
    servers: Counts
    worst_wait_s: FloatArray
    wait_limit_s: float
    routers: Counts | None = None
    expected: FloatArray | None = None  # the median, at the instant it was made for
    bound: FloatArray | None = None  # what was said at `bound_level`
    came: FloatArray | None = None  # what both were about
    bound_level: float = 0.97
    coverage: float | None = None  # share of instants at which what came stayed within the bound
    moves: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSection:
    """The nodes of one pool on a regular grid."""

    name: str
    start: float
    step: float
    nodes: Counts
    moves: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """One policy in the table. Attainment in percent; `of_optimum` None where no optimum is known."""

    name: str
    attainment: float
    gpu_hours: float
    of_optimum: float | None
    p95_wait_s: float
    p99_wait_s: float
    cost: float
    scale_ups: int
    scale_downs: int
    reversals_per_day: float
    best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    title: str
    headline: str
    policies: Sequence[PolicyRow]
    workloads: Sequence[WorkloadSection]
    pools: Sequence[PoolSection]
    setting: Mapping[str, str]
    objective: float  # share of requests within the wait, in percent
    optimum: str = ""  # a sentence, where one is known
    shown: str = "headway"  # whose moves the charts show
