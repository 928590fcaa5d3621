"""`make bench`: every figure of speed and memory in one run, each also as a ratio to a fixed yardstick loop.

Machines are noisy and differ: compare ratios, and medians of several rounds taken in turn.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does; before numpy is imported

from benchmarks import fleet, memory, panel, values

ROUNDS = 3
HEADWAY = ("-c", "from autoscaler.cli import main; main()")


class Figure(NamedTuple):
    name: str
    value: float
    unit: str
    goal: str
    seconds: float | None = None  # what is divided by the yardstick


def yardstick() -> float:
    """Seconds of a fixed loop: three million additions and remainders."""
    began = time.perf_counter()
    total = 0
    for i in range(3_000_000):
        total += i * i % 7
    return time.perf_counter() - began


def median_of(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    return statistics.median(measure() for _ in range(rounds))


def figures() -> list[Figure]:
    found = []
    for label, goal, run in (
        ("reactive rule alone", "", ("none",)),
        ("last value", "", ("last-value",)),
        ("full controller, default forecaster", "≥ 2", ("ensemble",)),
        ("  the same, nothing chosen from the past", "", ("ensemble", "tuning")),
    ):
        seconds = median_of(lambda run=run: fleet.replay_day(*run))
        found.append(Figure(f"replay, {label}", 1.0 / seconds, "simulated days/s", goal, seconds))
    rate = median_of(fleet.settings_and_days_a_second)
    found.append(Figure("tune, settings × days", rate, "a second", "≥ 20", 1.0 / rate))
    for count, goal in ((50, "p99 ≤ 0.1"), (1_000, "< 1")):
        took = fleet.ticks(count)
        worst = sorted(took)[int(0.99 * (len(took) - 1))]
        found.append(Figure(f"tick of {count} workloads, p99", worst, "s", goal, worst))
        found.append(
            Figure(
                f"tick of {count} workloads, median",
                statistics.median(took),
                "s",
                "",
                statistics.median(took),
            )
        )
    fit, forecast = panel.fit_and_forecast(1_000)
    found.append(
        Figure("1,000 series × 7 days at 5 min: fit and forecast", fit + forecast, "s", "< 2", fit + forecast)
    )
    found.append(Figure("  of which forecast", forecast, "s", "", forecast))
    one_fit, one_forecast = panel.one_series()
    found.append(Figure("one series × 14 days at 1 min: fit", one_fit, "s", "", one_fit))
    found.append(Figure("  and one forecast of 12 steps", one_forecast * 1e6, "µs", "", one_forecast))
    cold = median_of(cold_start)
    found.append(Figure("cold start to first decision", cold, "s", "≤ 10", cold))
    bare = median_of(lambda: process(["-c", "pass"]), 5)
    help_ = median_of(lambda: process([*HEADWAY, "--help"]), 5)
    found.append(
        Figure("headway --help, more than a bare interpreter", help_ - bare, "s", "< 0.5", help_ - bare)
    )
    found.append(
        Figure("controller, 100 workloads × 28 days at 5 min", memory.controller_mebibytes(), "MiB", "≤ 256")
    )
    found += [Figure(name, micro, "µs", "", micro / 1e6) for name, micro in values.making()]
    return found


def process(arguments: list[str], text: str | None = None) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], input=text, text=True, capture_output=True, check=True)
    return time.perf_counter() - began


def cold_start() -> float:
    """From starting the process to its first decision, with seven days of history to read and to fit."""
    config = str(Path(__file__).parent / "bench.yaml")
    return process([*HEADWAY, "drive", "--config", config], memory.drive_input())


def main() -> None:
    sticks = [yardstick()]
    found = figures()
    sticks.append(yardstick())
    stick = statistics.median(sticks)
    width = max(len(figure.name) for figure in found)
    print(f"yardstick: {stick:.3f} s for three million additions and remainders\n")
    print(f"{'':{width}}  {'measured':>22}  {'goal':>9}  {'÷ yardstick':>11}")
    for figure in found:
        ratio = "" if figure.seconds is None else f"{figure.seconds / stick:.4g}"
        print(
            f"{figure.name:{width}}  {figure.value:>10.4g} {figure.unit:<11}  {figure.goal:>9}  {ratio:>11}"
        )
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps([figure._asdict() for figure in found], indent=1))


if __name__ == "__main__":
    main()
