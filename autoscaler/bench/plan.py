"""Which jobs a benchmark is made of: each policy as it comes, and a few with a knob that is turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from autoscaler.assembly import POLICIES
from autoscaler.bench.jobs import OPTIMUM, Job
from autoscaler.control.choices import Layer
from autoscaler.core.policy import Objective
from autoscaler.replay.baselines.hpa import UTILISATION
from autoscaler.replay.baselines.knative import TARGET_SHARE  # AIBrix has the same
from autoscaler.replay.baselines.reactive import HEADROOM
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.synthetic import FORMULAS
from autoscaler.replay.trace import TraceError
from autoscaler.replay.trace_file import read_trace

ENDING = ".60s.csv.gz"
LEAST_DAYS = 6.0
SEEDS = (1, 2, 3, 4, 5)
EXTRAS = "measured"  # the world in which knobs are turned; if only another is asked for, that one


Knob = Literal["share", "headroom", "target"]


class Family(NamedTuple):
    """A policy with a knob: the value it comes with, and those tried beside it."""

    policy: str
    knob: Knob  # the field of a job
    usual: float
    tried: tuple[float, ...]
    forecaster: str | None = None


# Wide enough that every rule gets there somewhere: a rule that was not asked far enough is not beaten.
TARGETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.85, 0.9, 0.95, 1.0)
HEADROOMS = (0.0, 0.03, 0.06, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0)
FAMILIES = {
    "hpa": Family("hpa", "target", UTILISATION, TARGETS),
    "kpa": Family("kpa", "target", TARGET_SHARE, TARGETS),
    "apa": Family("apa", "target", TARGET_SHARE, TARGETS),
    "reactive": Family("reactive", "headroom", HEADROOM, HEADROOMS),
    "headway": Family(
        "headway", "share", Objective().share, (0.9, 0.95, 0.97, 0.98, 0.985, 0.995, 0.998, 0.999, 0.9999)
    ),
    "rule": Family("headway", "headroom", HEADROOM, HEADROOMS, forecaster="none"),
    "oracle": Family("oracle", "headroom", 0.0, (-0.15, -0.1, -0.06, -0.03, 0.05, 0.1, 0.2)),
}
TUNED = ("hpa", "kpa", "apa", "reactive")  # what "the best reactive rule in hindsight" is the best of
GAP = ("rule", "headway", "oracle")


class Part(NamedTuple):
    """A layer that is left out of `headway`, or a forecaster in place of its own."""

    name: str
    without: Layer | None = None
    forecaster: str | None = None


PARTS = (
    Part("settings chosen from the past", without="tuning"),
    Part("trust by regret", without="trust"),
    Part("bounds that learn (conformal)", without="calibration"),
    Part("price that follows misses", without="following"),
    Part("the mix: memories alone", forecaster="memories"),
    Part("the mix: season and level alone", forecaster="harmonic"),
    Part("all but the last value", forecaster="last-value"),
)


class Series(NamedTuple):
    name: str
    path: Path | None  # None: a formula


class Bench(NamedTuple):
    """What is asked for."""

    series: Sequence[Series]
    seeds: Sequence[int] = SEEDS
    policies: Sequence[str] = POLICIES
    worlds: Sequence[str] = (EXTRAS,)
    scored_days: float | None = None
    every: int = 1  # of the values of each knob, every so many is tried
    ablation: bool = False  # leave out one part after another

    @property
    def families(self) -> dict[str, Family]:
        """Those whose policies are asked for; the gap needs all three of its own."""
        asked = [name for name in TUNED if name in self.policies]
        if {"headway", "oracle"} <= set(self.policies):
            asked += GAP
        thinned = {name: FAMILIES[name].tried[:: self.every] for name in asked}
        return {name: FAMILIES[name]._replace(tried=tried) for name, tried in thinned.items()}

    @property
    def world(self) -> str:
        """Where knobs are turned and forecasts are judged."""
        return EXTRAS if EXTRAS in self.worlds else self.worlds[0]


def found_series(folder: Path | None) -> list[Series]:
    """Every file of one-minute steps with requests in it and days enough, and the formulas."""
    found = []
    for path in sorted(folder.glob(f"*{ENDING}")) if folder is not None else ():
        if _usable(path):
            found.append(Series(path.name.removesuffix(ENDING), path.resolve()))
    return found + [Series(name, None) for name in FORMULAS if name not in {s.name for s in found}]


def _usable(path: Path) -> bool:
    """One workload, days enough, and requests to scale a fleet by."""
    try:
        traces = read_trace(path)
        measured_setting(traces)
    except TraceError:
        return False
    return len(traces) == 1 and all(trace.days >= LEAST_DAYS for trace in traces.values())


def jobs_of(bench: Bench) -> list[Job]:
    """Everything to be done, each once; seed by seed, so that a run that is cut off has whole seeds."""
    return list(
        dict.fromkeys(job for seed in bench.seeds for one in bench.series for job in _jobs(bench, one, seed))
    )


def _jobs(bench: Bench, series: Series, seed: int) -> Iterator[Job]:
    yield optimum_job(bench, series, seed)
    for world in bench.worlds:
        for policy in bench.policies:
            yield _job(bench, series, seed, policy)._replace(world=world)
    for family in bench.families.values():
        yield from family_jobs(bench, series, seed, family)
    if bench.ablation:
        for part in PARTS:
            yield part_job(bench, series, seed, part)


def part_job(bench: Bench, series: Series, seed: int, part: Part) -> Job:
    """`headway` as it comes, one part left out."""
    usual = _job(bench, series, seed, "headway")._replace(world=bench.world)
    return usual._replace(without=part.without, forecaster=part.forecaster)


def optimum_job(bench: Bench, series: Series, seed: int) -> Job:
    """A file is the same whatever the seed, and what is best in it too; so it is in every world."""
    return _job(bench, series, seed if series.path is None else 0, OPTIMUM)


def family_jobs(bench: Bench, series: Series, seed: int, family: Family) -> list[Job]:
    """As it comes, then each value of its knob."""
    usual = _job(bench, series, seed, family.policy)._replace(world=bench.world, forecaster=family.forecaster)
    return [usual, *(_turned(usual, family.knob, value) for value in family.tried)]


def _turned(job: Job, knob: Knob, value: float) -> Job:
    match knob:
        case "share":
            return job._replace(share=value)
        case "headroom":
            return job._replace(headroom=value)
        case "target":
            return job._replace(target=value)


def policy_job(bench: Bench, series: Series, seed: int, policy: str, world: str) -> Job:
    return _job(bench, series, seed, policy)._replace(world=world)


def _job(bench: Bench, series: Series, seed: int, policy: str) -> Job:
    path = None if series.path is None else str(series.path)
    return Job(series=series.name, policy=policy, seed=seed, path=path, scored_days=bench.scored_days)
