"""TRACE arguments → traces: a file, a formula, or a name in the folder that HEADWAY_TRACES gives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autoscaler.cli.errors import BadInput

if TYPE_CHECKING:
    from autoscaler.replay.trace import Trace

FOLDER = "HEADWAY_TRACES"
ENDINGS = ("", ".csv", ".csv.gz", ".60s.csv.gz", ".60s.csv")


def find_traces(arguments: Sequence[str], seed: int) -> dict[str, Trace]:
    """Every workload of every argument, by name. A name that comes twice is a mistake."""
    traces: dict[str, Trace] = {}
    for argument in arguments:
        for name, trace in _one(argument, seed).items():
            if name in traces:
                raise BadInput(
                    f"{argument}: a workload called {name} was given before; rename the file or the column"
                )
            traces[name] = trace
    return traces


def _one(argument: str, seed: int) -> dict[str, Trace]:
    from autoscaler.replay.synthetic import FORMULAS, formula
    from autoscaler.replay.trace_file import read_trace

    path = Path(argument)
    if path.is_file():
        return (
            _journal(path)
            if path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson"))
            else read_trace(path)
        )
    if path.is_dir():
        raise BadInput(
            f"{argument}: a folder; name a file in it, or set {FOLDER}={argument} and give its name"
        )
    if argument in FORMULAS:
        return {argument: formula(argument, seed)}
    found = _in_folder(argument)
    if found is not None:
        return read_trace(found)
    folder = os.environ.get(FOLDER)
    there = f"nor in {folder} ({FOLDER})" if folder else f"and {FOLDER} names no folder of traces"
    raise BadInput(f"{argument}: no such file, {there}; give a CSV file or a formula: {', '.join(FORMULAS)}")


def _journal(path: Path) -> dict[str, Trace]:
    """What a controller saw, as demand."""
    from autoscaler.control.memory import read_records
    from autoscaler.replay.journal import journal_traces

    found = journal_traces(read_records(path))
    if not found:
        raise BadInput(f"{path}: no arrivals in this journal; a trace needs requests")
    return found


def _in_folder(name: str) -> Path | None:
    folder = os.environ.get(FOLDER)
    if not folder or "/" in name:
        return None
    return next((path for ending in ENDINGS if (path := Path(folder) / f"{name}{ending}").is_file()), None)
