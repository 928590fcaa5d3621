"""`headway demo`: one simulated day, live; then the table, the report, and how to do it on your own past."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from autoscaler.cli.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from autoscaler.assembly import PolicyRun
    from autoscaler.cli.compare import Comparison
    from autoscaler.cli.stage import Stage

RIVALS = ("hpa", "keda-llmd", "kpa", "aws", "reactive")
SEED = 1
NAME = "A Friday with a ramp, a rush and a node failure"
QUERY = "sum(increase(vllm:request_success_total[1m]))"
# Prometheus gives at most 11,000 points: a week of minutes.
FETCH = (
    "curl -fsG http://PROMETHEUS:9090/api/v1/query_range --data-urlencode "
    f"'query={QUERY}' -d start=$(($(date +%s) - 604800)) -d end=$(date +%s) -d step=60"
    """ | jq -r '"timestamp,requests", (.data.result[0].values[] | join(","))' > YOUR.csv"""
)
REPLAY = "replay YOUR.csv --against all --html report.html"


def command(
    html: Annotated[Path, typer.Option(metavar="FILE", help="Where the report goes.")] = Path(
        "out/demo.html"
    ),
    fast: Annotated[bool, typer.Option("--fast", help="Do not slow the day down for watching.")] = False,
) -> None:
    """One simulated day through the real controller, beside what people use today."""
    from autoscaler.cli.tables import wide_console

    if html.is_dir():
        raise BadInput(f"{html}: a folder; name a file")
    html.parent.mkdir(parents=True, exist_ok=True)  # found out before the work, not after it
    began = perf_counter()
    console = wide_console()
    comparison = run(console, fast)
    _show(console, comparison)
    _report(console, comparison, html)
    console.print(f"[dim]All of this took {perf_counter() - began:.0f} s.[/]\n", highlight=False)
    console.print("The same on your own past, here what a vLLM says to Prometheus:", highlight=False)
    for line in (FETCH, f"{program()} {REPLAY}"):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def program() -> str:
    """What to type for this command: `make demo` calls one that is not on the PATH."""
    called = sys.argv[0]
    return called if Path(called).name == "headway" and shutil.which("headway") is None else "headway"


def run(console: Console, fast: bool) -> Comparison:
    from autoscaler.cli.compare import OURS, Comparison, Plan, compare
    from autoscaler.cli.progress import shown
    from autoscaler.cli.stage import make_stage
    from autoscaler.replay.bound import bound

    stage = make_stage(SEED)
    console.print(
        f"[bold]{NAME}[/], 18 days of history before it. Simulated; the controller is the real one.\n"
    )
    optimum = bound(stage.setting)
    ours = _our_day(console, stage, optimum.gpu_hours, fast)
    with shown(RIVALS) as told:
        others = compare(Plan(stage.setting, RIVALS, SEED), told=told)
    return Comparison(Plan(stage.setting, (OURS, *RIVALS), SEED), optimum, {OURS: ours, **others.runs})


def _our_day(console: Console, stage: Stage, optimum_gpu_hours: float, fast: bool) -> PolicyRun:
    from autoscaler.assembly import replay
    from autoscaler.cli.compare import OURS
    from autoscaler.cli.live import PAUSE_S, watching

    with watching(console, stage.setting, stage.events, 0.0 if fast else PAUSE_S) as view:
        return replay(stage.setting, OURS, seed=SEED, optimum_gpu_hours=optimum_gpu_hours, on_tick=view.tick)


def _show(console: Console, comparison: Comparison) -> None:
    from autoscaler.cli.tables import policy_table, verdict

    figures, objective, wait_s = comparison.figures(), comparison.objective, comparison.wait_s
    console.print(policy_table(figures, objective, wait_s, console.width))
    console.print(f"\n[bold]{verdict(figures, objective, wait_s)}[/]", highlight=False)


def _report(console: Console, comparison: Comparison, path: Path) -> None:
    """The page, or one line that says what is missing: the table stands without it."""
    from autoscaler.adapters.reporting.report import ReportError, render
    from autoscaler.cli.sections import report_input

    try:
        page = render(report_input(comparison, NAME))
    except ReportError as error:
        console.print(f"No report: {error}", highlight=False, markup=False)
        return
    path.write_text(page, encoding="utf-8")
    console.print(f"Report, to open in any browser: {path}", highlight=False, markup=False, soft_wrap=True)
