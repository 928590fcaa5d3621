"""Results that are kept: a line of JSON for each, under a key of the job, the code and the trace's content.

A run that was cut off goes on where it was; one after a change of the code begins anew by itself. A last line
that was cut is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

import autoscaler
import forecasting
from autoscaler.bench.jobs import Job, Result

# What decides; what prints does not.
MATTERS = ("core", "control", "replay", "assembly.py", "ports.py", "bench/jobs.py")


class Store:
    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        if fresh:
            path.unlink(missing_ok=True)
        self._kept = dict(_lines(path))

    def get(self, job: Job) -> Result | None:
        return self._kept.get(key(job))

    def add(self, job: Job, result: Result) -> None:
        """Kept at once: what was done is not lost when the next job fails."""
        self._kept[key(job)] = result
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"key": key(job), "job": job._asdict(), "result": result})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


@cache
def key(job: Job) -> str:
    """The path itself does not count: a trace that moved is the same trace."""
    content = None if job.path is None else _digest_of_file(job.path)
    said = json.dumps([job._replace(path=None)._asdict(), source_digest(), content], sort_keys=True)
    return sha256(said.encode()).hexdigest()[:32]


@cache
def source_digest() -> str:
    """Of all code that can change a figure, and of the version of numpy."""
    ours = Path(autoscaler.__file__).parent
    files = [file for name in MATTERS for file in _python(ours / name)]
    files += _python(Path(forecasting.__file__).parent)
    digest = sha256(np.__version__.encode())
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _python(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@cache
def _digest_of_file(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def _lines(path: Path) -> Iterator[tuple[str, Result]]:
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            kept = json.loads(line)
            yield kept["key"], kept["result"]
        except (ValueError, KeyError, TypeError):
            continue
