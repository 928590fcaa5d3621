"""Sections → what the page's script reads: short rows, few digits, null for what is not known."""

from collections.abc import Sequence

import numpy as np

from autoscaler.adapters.reporting.report.thin import Grid, thinned
from autoscaler.adapters.reporting.report.values import Mark, PoolSection, WorkloadSection
from forecasting.series import FloatArray

MOST_MARKS = 1_500  # the newest; a page with more of them is slow on a phone

Plain = dict[str, object]


def workload_plain(section: WorkloadSection) -> Plain:
    rows = {
        "asked": section.asked,
        "served": section.served,
        "ready": section.servers.ready,
        "total": section.servers.ready + section.servers.starting,
        "wait": section.worst_wait_s,
    }
    if section.routers is not None:
        rows["routers"] = section.routers.ready
        rows["routers_total"] = section.routers.ready + section.routers.starting
    for name, row in (("expected", section.expected), ("bound", section.bound), ("came", section.came)):
        if row is not None:
            rows[name] = row
    grid, short = thinned(section.start, section.step, rows)
    return {
        "name": section.name,
        "limit": section.wait_limit_s,
        "level": section.bound_level,
        "coverage": section.coverage,
        **_grid(grid),
        "rows": {name: _numbers(row) for name, row in short.items()},
        **_marks(section.moves),
    }


def pool_plain(section: PoolSection) -> Plain:
    rows = {"ready": section.nodes.ready, "total": section.nodes.ready + section.nodes.starting}
    grid, short = thinned(section.start, section.step, rows)
    return {
        "name": section.name,
        **_grid(grid),
        "rows": {name: _numbers(row) for name, row in short.items()},
        **_marks(section.moves),
    }


def _grid(grid: Grid) -> Plain:
    return {"start": grid.start, "step": grid.step, "points": grid.points}


def _numbers(row: FloatArray) -> list[float | None]:
    """Four digits that mean something; a page shows no more."""
    known = np.isfinite(row)
    size = np.where(known & (row != 0), np.abs(row), 1.0)
    unit = 10.0 ** (3 - np.floor(np.log10(size)))
    rounded = (np.round(np.where(known, row, 0.0) * unit) / unit).tolist()
    return [_short(value) if there else None for value, there in zip(rounded, known.tolist(), strict=True)]


def _short(value: float) -> float:
    return int(value) if value == int(value) else float(f"{value:.4g}")


def _marks(moves: Sequence[Mark]) -> Plain:
    shown = moves[-MOST_MARKS:]
    return {
        "left_out": len(moves) - len(shown),
        "marks": [[round(m.at), m.target, m.before, m.after, m.sentence] for m in shown],
    }
