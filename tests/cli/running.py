"""Commands as a user gives them, and a small trace to give them."""

import math
from pathlib import Path

import pytest

from autoscaler.cli import main

MONDAY = 1_736_121_600
DAYS = 2


def run(*arguments: str | Path, rc: int = 0) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert (left.value.code or 0) == rc


def write_trace(path: Path, *, days: float = DAYS, start: int = MONDAY, level: float = 600.0) -> Path:
    """A quiet day and night, a row a minute."""
    rows = ["timestamp,requests"]
    for minute in range(int(days * 1440)):
        rows.append(f"{start + 60 * minute},{level * (1.5 - math.cos(math.tau * minute / 1440)):.0f}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write_trace(tmp_path / "chat.csv")
