"""Results → the figures of each series: the median over seeds, and the range where it says more.

All costs are GPU-hours ÷ the optimum of the same series and seed. A cost of None: no setting got there.
A ratio to a policy that never got there is taken at its limit, −1; one of such a policy is infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from autoscaler.bench.jobs import Job, Result
from autoscaler.bench.known import half
from autoscaler.bench.plan import (
    GAP,
    PARTS,
    TUNED,
    Bench,
    Series,
    family_jobs,
    optimum_job,
    part_job,
    policy_job,
)
from autoscaler.replay.frontier import Point, cheapest_at, cost_at, gap_closed

GOAL = 99.0
SHARES = (95.0, 98.0, 99.0, 99.5, 99.9)
SAFE = 99.8  # nobody has to be as good as an HPA that wastes a third
INFINITE = float("inf")
COVERED = ("0.9", "0.97", "0.99")
Figures = dict[str, Any]


class Curves(NamedTuple):
    """Of one series and seed: for each family, its points; costs are ÷ the optimum."""

    points: Mapping[str, Sequence[Point]]

    def at(self, family: str, goal: float = GOAL) -> float | None:
        return cost_at(self.points[family], goal) if family in self.points else None

    def tuned(self, goal: float = GOAL) -> float | None:
        """What the best reactive rule costs, its knob chosen in hindsight."""
        return min((cost for name in TUNED if (cost := self.at(name, goal)) is not None), default=None)


def all_figures(bench: Bench, result: Callable[[Job], Result]) -> dict[str, Figures]:
    """Every series by name, in the order in which they were asked for."""
    return {series.name: _figures(bench, series, result) for series in bench.series}


def _figures(bench: Bench, series: Series, result: Callable[[Job], Result]) -> Figures:
    optima = [result(optimum_job(bench, series, seed)) for seed in bench.seeds]
    curves = [
        _curves(bench, series, seed, one["gpu_hours"], result)
        for seed, one in zip(bench.seeds, optima, strict=True)
    ]
    worlds = {
        world: {
            policy: _policy(
                [result(policy_job(bench, series, seed, policy, world)) for seed in bench.seeds], optima
            )
            for policy in bench.policies
        }
        for world in bench.worlds
    }
    ours = [result(policy_job(bench, series, seed, "headway", bench.world)) for seed in bench.seeds] if (
        "headway" in bench.policies
    ) else []  # fmt: skip
    return {
        "half": half(series.name),
        "kind": "formula" if series.path is None else "trace",
        "scored_days": optima[0]["scored_days"],
        "season": _median([one["season"] for one in optima]),
        "optimum": {
            "gpu_hours": median(one["gpu_hours"] for one in optima),
            "attainment": median(one["attainment"] for one in optima),
            "kind": optima[0]["kind"],
        },
        "policies": worlds,
        "hindsight": _hindsight(curves),
        "at_99": _costs(curves, GOAL),
        "costs": {f"{share:g}": _costs(curves, share) for share in SHARES},
        "gap_closed": _spread([_closed(one) for one in curves]),
        "against_tuned": _against_tuned(bench, curves),
        "as_it_comes": _as_it_comes(bench, curves),
        "against_hpa": _against_hpa(bench, series, curves, optima, result),
        "dead": _dead(curves),
        "coverage": {level: _median(_covered(ours, level)) for level in COVERED},
        "pinball": _pinball(ours),
        "without": _without(bench, series, curves, optima, result),
        "frontiers": {name: _curve([one.points[name] for one in curves]) for name in bench.families},
    }


def _curves(
    bench: Bench, series: Series, seed: int, optimum: float, result: Callable[[Job], Result]
) -> Curves:
    points = {}
    for name, family in bench.families.items():
        points[name] = [
            Point(
                (done := result(job))["attainment"],
                done["gpu_hours"] / optimum,
                family.usual if job.knob is None else job.knob,
            )
            for job in family_jobs(bench, series, seed, family)
        ]
    return Curves(points)


def _policy(runs: Sequence[Result], optima: Sequence[Result]) -> Figures:
    costs = [run["gpu_hours"] / one["gpu_hours"] for run, one in zip(runs, optima, strict=True)]
    return {
        "attainment": _spread([run["attainment"] for run in runs]),
        "of_optimum": _spread(costs),
        "reversals_per_day": _median([run["reversals_per_day"] for run in runs]),
        "p99_wait_s": _median([run["p99_wait_s"] for run in runs]),
    }


def _hindsight(curves: Sequence[Curves]) -> Figures:
    """For each reactive rule: what it costs at the goal, and the cheapest setting tried that meets it."""
    found = {}
    for name in TUNED:
        if name not in curves[0].points:
            continue
        tried = [cheapest_at(one.points[name], GOAL) for one in curves]
        found[name] = {
            "cost": _median_of_all([one.at(name) for one in curves]),
            "cheapest": _median_of_all([None if p is None else p.gpu_hours for p in tried]),
            "knob": _median([None if p is None else p.knob for p in tried]),
        }
    return found


def _costs(curves: Sequence[Curves], share: float) -> Figures:
    costs: Figures = {name: _median_of_all([one.at(name, share) for one in curves]) for name in GAP}
    return costs | {"tuned": _median_of_all([one.tuned(share) for one in curves])}


def _against_tuned(bench: Bench, curves: Sequence[Curves]) -> float | None:
    """Both at the goal, each on its own frontier."""
    if not _comparable(bench):
        return None
    return _ratio([(one.at("headway"), one.tuned()) for one in curves])


def _as_it_comes(bench: Bench, curves: Sequence[Curves]) -> float | None:
    """Headway without any hindsight, against the tuned rule at the share that Headway served."""
    if not _comparable(bench):
        return None
    ours = [one.points["headway"][0] for one in curves]
    return _ratio([(p.gpu_hours, one.tuned(p.attainment)) for p, one in zip(ours, curves, strict=True)])


def _comparable(bench: Bench) -> bool:
    return "headway" in bench.families and bool(set(TUNED) & set(bench.families))


def _against_hpa(
    bench: Bench,
    series: Series,
    curves: Sequence[Curves],
    optima: Sequence[Result],
    result: Callable[[Job], Result],
) -> float | None:
    """Headway at what the HPA serves by default, 99.8 % being enough, against what the HPA costs."""
    if "hpa" not in bench.policies or "headway" not in bench.families:
        return None
    pairs = []
    for seed, one, least in zip(bench.seeds, curves, optima, strict=True):
        hpa = result(policy_job(bench, series, seed, "hpa", bench.world))
        cost = hpa["gpu_hours"] / least["gpu_hours"]
        pairs.append((one.at("headway", min(hpa["attainment"], SAFE)), cost))
    return _ratio(pairs)


def _closed(curves: Curves) -> float | None:
    """Of the way from the rule to foresight: all of it where only the rule never gets there."""
    rule, ours, foresight = (curves.at(name) for name in GAP)
    if foresight is not None and rule is None and ours is not None:
        return 1.0
    if foresight is not None and rule is not None and ours is None:
        return -INFINITE
    return gap_closed(rule, ours, foresight)


def _dead(curves: Sequence[Curves]) -> Figures | None:
    """Headway without a forecaster beside the reactive rule, both as they come: points and cost."""
    if not {"rule", "reactive"} <= set(curves[0].points):
        return None
    pairs = [(one.points["rule"][0], one.points["reactive"][0]) for one in curves]
    return {
        "points": median(ours.attainment - rule.attainment for ours, rule in pairs),
        "cost": median(ours.gpu_hours / rule.gpu_hours - 1.0 for ours, rule in pairs),
    }


def _without(
    bench: Bench,
    series: Series,
    curves: Sequence[Curves],
    optima: Sequence[Result],
    result: Callable[[Job], Result],
) -> Figures:
    """What each part is worth: Headway without it, and what the whole costs at the share that this served."""
    if not bench.ablation or "headway" not in bench.families:
        return {}
    found = {}
    for part in PARTS:
        runs = [result(part_job(bench, series, seed, part)) for seed in bench.seeds]
        points = [
            Point(run["attainment"], run["gpu_hours"] / least["gpu_hours"], 0.0)
            for run, least in zip(runs, optima, strict=True)
        ]
        pairs = [
            (p.gpu_hours, one.at("headway", p.attainment)) for p, one in zip(points, curves, strict=True)
        ]
        found[part.name] = {
            "attainment": median(p.attainment for p in points),
            "of_optimum": median(p.gpu_hours for p in points),
            "dearer": _ratio([(ours, whole) for ours, whole in pairs if whole is not None]),
        }
    return found


def _covered(runs: Sequence[Result], level: str) -> list[float | None]:
    return [run.get("forecast", {}).get("coverage", {}).get(level) for run in runs]


def _pinball(runs: Sequence[Result]) -> Figures | None:
    found = [run["pinball"] for run in runs if run.get("pinball")]
    if not found:
        return None
    names = ("headway", "rate", "requirement")
    figures: Figures = {name: _median([one[name] for one in found]) for name in names}
    for name in names[1:]:
        figures[f"against_{name}"] = _ratio([(one["headway"], one[name]) for one in found])
    return figures


def _curve(seeds: Sequence[Sequence[Point]]) -> list[list[float]]:
    """Cost, attainment and knob: the median over seeds of each setting, cheapest first."""
    points = [
        [median(p.gpu_hours for p in same), median(p.attainment for p in same), same[0].knob]
        for same in zip(*seeds, strict=True)
    ]
    return sorted(points, key=lambda point: (point[0], point[1]))


def _ratio(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    """By how much the first is more than the second, the median over seeds."""
    ratios = []
    for ours, theirs in pairs:
        if ours is None and theirs is not None:
            ratios.append(INFINITE)
        elif ours is not None:
            ratios.append(ours / theirs - 1.0 if theirs else -1.0)
    return median(ratios) if ratios else None


def _spread(values: Sequence[float | None]) -> list[float] | None:
    """Median, least and most."""
    known = [value for value in values if value is not None]
    return [median(known), min(known), max(known)] if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _median_of_all(values: Sequence[float | None]) -> float | None:
    """A seed that never got there is one that cost more than any: the median says so where most did not."""
    found = median(INFINITE if value is None else value for value in values)
    return None if found == INFINITE else found
