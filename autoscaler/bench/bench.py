"""The benchmark itself: what is not yet known is done and kept, and all of it becomes one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from autoscaler.bench.figures import all_figures
from autoscaler.bench.goals import Row, goal_rows
from autoscaler.bench.jobs import Job, Result, perform
from autoscaler.bench.known import BUILT_ON, HELD_OUT
from autoscaler.bench.plan import Bench, jobs_of
from autoscaler.bench.store import Store, source_digest
from autoscaler.bench.words import Section, sections
from autoscaler.replay.sweep import Where, sweep

Told = Callable[[int, int, str], None]  # done, of how many, what was done last


def run(bench: Bench, store: Store, where: Where | None = None, told: Told | None = None) -> Measured:
    """Do what the store does not hold, keep each result as it comes, and measure."""
    jobs = jobs_of(bench)
    left = [job for job in jobs if store.get(job) is None]
    done = len(jobs) - len(left)
    if told is not None:
        told(done, len(jobs), "kept from before" if done else "")
    for job, result in sweep(perform, left, where):
        store.add(job, result)
        done += 1
        if told is not None:
            told(done, len(jobs), f"{job.series} {job.policy}")
    return measure(bench, store)


class Measured(NamedTuple):
    """Figures of every series and the goals, ready to be written."""

    bench: Bench
    series: Mapping[str, Any]
    goals: list[Row]

    def sections(self) -> list[Section]:
        return sections(self.series, self.goals, self.bench.worlds, self.bench.world)

    def to_json(self) -> dict[str, Any]:
        """docs/bench.md says what each name means."""
        halves = {
            half: [name for name, one in self.series.items() if one["half"] == half]
            for half in (BUILT_ON, HELD_OUT)
        }
        return {
            "setting": {
                "seeds": list(self.bench.seeds),
                "policies": list(self.bench.policies),
                "worlds": list(self.bench.worlds),
                "scored_days": self.bench.scored_days,
                "source": source_digest()[:16],
            },
            "split": halves,
            "goals": [row.to_json() for row in self.goals],
            "series": _finite(self.series),
        }


def measure(bench: Bench, store: Store) -> Measured:
    def result(job: Job) -> Result:
        found = store.get(job)
        assert found is not None, f"nobody did {job}"
        return found

    series = all_figures(bench, result)
    return Measured(bench, series, goal_rows(series, bench.world))


def _finite(value: Any) -> Any:
    """JSON has no infinity: null, and `at_99` says who never got there."""
    match value:
        case float():
            return round(value, 5) if abs(value) < float("inf") else None
        case dict():
            return {name: _finite(one) for name, one in value.items()}
        case list() | tuple():
            return [_finite(one) for one in value]
        case _:
            return value
