"""The example of docs/extending.md runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def example() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "extending.md").read_text(), re.M | re.S)
    return str(code)


def test_the_toy_world_lives_its_hour_and_gets_what_it_needs() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", example()],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": ""},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    *moves, end = run.stdout.splitlines()
    assert any("chat/servers" in move for move in moves)
    assert any("h100/nodes" in move for move in moves)
    found = re.fullmatch(r"(\d+) servers on (\d+) nodes, (\d+) requests waiting", end)
    assert found is not None, end
    ready, machines, waiting = map(int, found.groups())
    assert 80 * 0.148 < ready <= 2 * machines
    assert waiting == 0


def test_the_example_is_short_enough_to_be_read() -> None:
    lines = [line for line in example().splitlines() if line.strip()]
    assert len(lines) <= 100
