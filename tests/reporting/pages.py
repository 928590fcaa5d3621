"""A report of two workloads over a week, with everything that a report may hold."""

import numpy as np

from autoscaler.adapters.reporting.report import (
    Counts,
    Mark,
    PolicyRow,
    PoolSection,
    ReportInput,
    WorkloadSection,
)

MONDAY = 1_736_121_600.0
STEP = 60.0
MINUTES = 7 * 1440


def a_report(
    *names: str, minutes: int = MINUTES, start: float = MONDAY, why: str = "So it is."
) -> ReportInput:
    seconds = STEP * np.arange(minutes)
    asked = 10.0 - 8.0 * np.cos(2 * np.pi * seconds / 86_400.0)
    ready = np.ceil(asked * 1.1 / 2) * 2
    counts = Counts(ready=ready, starting=np.maximum(np.roll(ready, -7) - ready, 0.0))
    moves = [
        Mark(at=start + STEP * k, target="", before=int(ready[k - 1]), after=int(ready[k]), sentence=why)
        for k in range(1, minutes)
        if ready[k] != ready[k - 1]
    ]
    sections = [
        WorkloadSection(
            name=name,
            start=start,
            step=STEP,
            asked=asked,
            served=np.minimum(asked, ready),
            servers=counts,
            routers=Counts(ready=np.ceil(asked / 8), starting=np.zeros(minutes)),
            worst_wait_s=np.where(seconds % 40_000 < 120, 45.0, 0.0),
            wait_limit_s=10.0,
            expected=asked,
            bound=asked * 1.1,
            came=asked,
            coverage=0.97,
            moves=[_of(move, f"{name}/servers") for move in moves],
        )
        for name in names or ("chat", "code")
    ]
    pool = PoolSection(
        name="gpu", start=start, step=STEP, nodes=counts, moves=[_of(move, "gpu/nodes") for move in moves]
    )
    return ReportInput(
        title="a week",
        headline="Headway served 99.31 % within 10 s.",
        policies=[a_row("Headway", best=True), a_row("HPA v2", attainment=97.0)],
        workloads=sections,
        pools=[pool],
        setting={"trace": "a week", "seed": "1"},
        objective=99.0,
        optimum="The least: 100 GPU-hours.",
    )


def a_row(name: str, *, attainment: float = 99.31, best: bool = False) -> PolicyRow:
    return PolicyRow(
        name=name,
        attainment=attainment,
        gpu_hours=1_420.0,
        of_optimum=1.13,
        p95_wait_s=1.2,
        p99_wait_s=8.0,
        cost=177.5,
        scale_ups=40,
        scale_downs=38,
        reversals_per_day=5.2,
        best=best,
    )


def _of(move: Mark, target: str) -> Mark:
    return Mark(at=move.at, target=target, before=move.before, after=move.after, sentence=move.sentence)
