"""`make scorecard`: every policy on every trace, in the measured setting and in one as hard as life.

Writes docs/scorecard.md. Traces come from the folder that HEADWAY_TRACES names (files of one-minute steps, at
least six days of requests); the formulas are always there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from joblib import Parallel, delayed

from autoscaler.assembly import replay
from autoscaler.replay.bound import bound
from autoscaler.replay.setting import Setting, measured_setting
from autoscaler.replay.synthetic import FORMULAS, formula
from autoscaler.replay.trace import Trace, TraceError
from autoscaler.replay.trace_file import read_trace
from autoscaler.replay.world import World

POLICIES = ("static", "hpa", "kpa", "apa", "aws", "reactive", "headway", "headway-calm", "oracle")
WORLDS = {
    "measured": World(),
    "life": World(scrape_s=30.0, window_s=120.0, packing="replicaset"),
}
LEAST_DAYS = 6.0
TITLES = {
    "measured": "The measured setting",
    "life": "As hard as life: scraped every 30 s, rates over 2 min, pods in the ReplicaSet's own order",
}


class Cell(NamedTuple):
    trace: str
    world: str
    policy: str
    attainment: float
    of_optimum: float
    reversals: float
    coverage: dict[str, float]


def traces() -> dict[str, Trace]:
    found: dict[str, Trace] = {}
    folder = os.environ.get("HEADWAY_TRACES")
    if folder:
        for path in sorted(Path(folder).glob("*.60s.csv.gz")):
            try:
                (trace,) = read_trace(path).values()
            except TraceError:
                continue  # no requests in it: not for this table
            if trace.days >= LEAST_DAYS:
                found[path.name.removesuffix(".60s.csv.gz")] = trace
    return found | {name: formula(name, 1) for name in FORMULAS}


def one(name: str, trace: Trace, world: str, policy: str, least: float) -> Cell:
    run = replay(_setting(name, trace, world), policy, optimum_gpu_hours=least)
    total = run.scorecard.total
    coverage = dict(total.forecast.coverage) if total.forecast is not None else {}
    assert total.of_optimum is not None
    return Cell(name, world, policy, total.attainment, total.of_optimum, total.reversals_per_day, coverage)


def _setting(name: str, trace: Trace, world: str) -> Setting:
    return measured_setting({name: trace}, world=WORLDS[world])


def table(cells: list[Cell], world: str) -> list[str]:
    names = list(dict.fromkeys(cell.trace for cell in cells))
    by_place = {(c.trace, c.policy): c for c in cells if c.world == world}
    lines = [
        f"## {TITLES[world]}",
        "",
        "| trace | " + " | ".join(POLICIES) + " |",
        "|---" * (len(POLICIES) + 1) + "|",
    ]
    for name in names:
        shown = [_shown(by_place[name, policy]) for policy in POLICIES]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return [*lines, ""]


def _shown(cell: Cell) -> str:
    return f"{cell.attainment:.1f} @{cell.of_optimum:.2f}"


def forecasts(cells: list[Cell]) -> list[str]:
    lines = [
        "## What `headway` said, and how often it held",
        "",
        "Share of five-minute marks at which the bound of each level held, and changes of direction a day.",
        "",
        "| trace | .9 | .97 | .99 | reversals a day | of `headway-calm` |",
        "|---|---|---|---|---|---|",
    ]
    calm = {cell.trace: cell for cell in cells if cell.world == "measured" and cell.policy == "headway-calm"}
    for cell in cells:
        if cell.world == "measured" and cell.policy == "headway":
            held = " | ".join(f"{cell.coverage[level]:.3f}" for level in ("0.9", "0.97", "0.99"))
            lines.append(
                f"| {cell.trace} | {held} | {cell.reversals:.0f} | {calm[cell.trace].reversals:.1f} |"
            )
    return [*lines, ""]


def main() -> None:
    found = traces()
    least = {name: bound(_setting(name, trace, "measured")).gpu_hours for name, trace in found.items()}
    jobs = [(n, t, w, p, least[n]) for n, t in found.items() for w in WORLDS for p in POLICIES]
    cells: list[Any] = []
    for cell in Parallel(n_jobs=-1, return_as="generator")(delayed(one)(*job) for job in jobs):
        cells.append(cell)
        print(
            f"{len(cells)}/{len(jobs)}  {cell.trace} {cell.world} {cell.policy} {_shown(cell)}",
            file=sys.stderr,
        )
    text = (Path(__file__).parent / "scorecard.md.head").read_text()
    body = [*table(cells, "measured"), *table(cells, "life"), *forecasts(cells)]
    Path("docs/scorecard.md").write_text(text + "\n" + "\n".join(body))


if __name__ == "__main__":
    main()
