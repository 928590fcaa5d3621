"""`headway bench`: every policy on every series, in the measured setting, and whether the goals are met."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autoscaler.cli.errors import BadInput
from autoscaler.cli.progress import counted
from autoscaler.cli.replay import make_where
from autoscaler.cli.traces import FOLDER

if TYPE_CHECKING:
    from autoscaler.bench.bench import Measured
    from autoscaler.bench.plan import Bench, Series

TITLE = "Decision quality"
NAME = "decisions"
ENDINGS = ("md", "json", "html")
MOST_SEEDS = 100
QUICK_DAYS, QUICK_EVERY = 2.0, 2
Folder = Annotated[
    Path | None,
    typer.Option("--traces", metavar="DIR", help="Files NAME.60s.csv.gz; without it, HEADWAY_TRACES says."),
]
Seeds = Annotated[str, typer.Option(metavar="1-5|1,3", help="Of start times, failures and formulas.")]
Policies = Annotated[
    str, typer.Option(metavar="NAMES|all", help="In the tables; knobs are turned for those that have one.")
]
Only = Annotated[str | None, typer.Option(metavar="NAMES", help="These series alone, separated by commas.")]
Worlds = Annotated[
    Literal["measured", "life", "both"],
    typer.Option("--world", help="The measured setting, one as hard as life, or both."),
]
Backend = Annotated[
    Literal["loky", "dask", "ray"], typer.Option(help="This machine's cores, or a cluster of Dask or Ray.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a cluster that is there; without it, one is started here."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes on this machine; default all cores.")]
Score = Annotated[
    float | None, typer.Option(min=0.01, help="Days scored; default a week, or half of the trace.")
]
Quick = Annotated[bool, typer.Option("--quick", help="One seed, two scored days, half of each knob.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where results are kept and reports are written.")]
Ablation = Annotated[bool, typer.Option("--ablation", help="Also Headway without one part after another.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the results that are kept there.")]


def command(
    traces: Folder = None,
    seeds: Seeds = "1-5",
    policies: Policies = "all",
    only: Only = None,
    world: Worlds = "measured",
    backend: Backend = "loky",
    scheduler: Scheduler = None,
    workers: Workers = None,
    score: Score = None,
    quick: Quick = False,
    out: Out = Path("out/bench"),
    ablation: Ablation = False,
    fresh: Fresh = False,
) -> None:
    """Every policy on every series beside the optimum, with knobs turned in hindsight; goals met or not.

    What is done is kept, so that a run that was cut off goes on where it was.
    """
    from autoscaler.bench.bench import run
    from autoscaler.bench.plan import Bench
    from autoscaler.bench.store import Store

    asked = Bench(
        series=chosen_series(traces, only),
        seeds=parse_seeds(seeds)[:1] if quick else parse_seeds(seeds),
        policies=chosen_policies(policies),
        worlds=("measured", "life") if world == "both" else (world,),
        scored_days=QUICK_DAYS if quick and score is None else score,
        every=QUICK_EVERY if quick else 1,
        ablation=ablation,
    )
    where = make_where(backend, scheduler, workers or -1)
    check_page()
    with counted() as told:
        measured = run(asked, Store(out / "results.jsonl", fresh=fresh), where, told)
    typer.echo(write(measured, out, said(asked, only, policies, world, quick)))
    typer.echo(
        f"{headline(measured)} Written to {out}: {', '.join(f'{NAME}.{e}' for e in ENDINGS)}", err=True
    )


def parse_seeds(text: str) -> list[int]:
    """`1-5` or `1,3,7`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadInput(f"--seeds {text}: say a range like 1-5, or numbers like 1,3")
        if int(last or first) - int(first) >= MOST_SEEDS:
            raise BadInput(f"--seeds {text}: at most {MOST_SEEDS}")
        seeds += range(int(first), int(last or first) + 1)
        if len(seeds) > MOST_SEEDS:
            raise BadInput(f"--seeds {text}: at most {MOST_SEEDS}")
    if not seeds:
        raise BadInput(f"--seeds {text}: the first is larger than the last")
    return sorted(set(seeds))


def chosen_series(folder: Path | None, only: str | None) -> list[Series]:
    from autoscaler.bench.plan import found_series

    named = os.environ.get(FOLDER) if folder is None else str(folder)
    if named and not Path(named).is_dir():
        raise BadInput(f"{named}: no such folder; --traces names one with files NAME.60s.csv.gz")
    series = found_series(Path(named) if named else None)
    if only is None:
        return series
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    known = [one.name for one in series]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        name = unknown[0] if unknown else "so"
        raise BadInput(f"--only {only}: no series is called {name}; there are {', '.join(known)}")
    return [one for one in series if one.name in wanted]


def chosen_policies(text: str) -> tuple[str, ...]:
    from autoscaler.assembly import POLICIES

    if text == "all":
        return POLICIES
    asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in POLICIES]
    if unknown or not asked:
        raise BadInput(
            f"--policies {text}: no policy is called {unknown[0] if unknown else 'so'}; "
            f"there are {', '.join(POLICIES)}, and all"
        )
    return tuple(name for name in POLICIES if name in asked)


def check_page() -> None:
    """Found out before the work, not after it."""
    from autoscaler.adapters.reporting.report.library import SCRIPT, ReportError, library_file

    try:
        library_file(SCRIPT)
    except ReportError as error:
        raise BadInput(str(error)) from error


def said(bench: Bench, only: str | None, policies: str, world: str, quick: bool) -> list[str]:
    """What was run, in words; the command names no folder of this machine."""
    command = ["headway bench"]
    command += [f"--only {only}"] if only else []
    command += [f"--policies {policies}"] if policies != "all" else []
    command += [f"--world {world}"] if world != "measured" else []
    command += [f"--score {bench.scored_days:g}"] if bench.scored_days is not None and not quick else []
    command += ["--quick"] if quick else [f"--seeds {_range(bench.seeds)}"]
    command += ["--ablation"] if bench.ablation else []
    given = "HEADWAY_TRACES=/path/to/traces " if any(one.path is not None for one in bench.series) else ""
    return [
        f"`{given}{' '.join(command)}`: {len(bench.series)} series, {len(bench.seeds)} "
        f"{'seed' if len(bench.seeds) == 1 else 'seeds'}, {len(bench.policies)} policies. "
        "The setting, the series and every figure are explained in [bench.md](bench.md).",
    ]


def _range(seeds: Sequence[int]) -> str:
    whole = list(seeds) == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1
    return f"{seeds[0]}-{seeds[-1]}" if whole else ",".join(map(str, seeds))


def write(measured: Measured, out: Path, about: Sequence[str]) -> str:
    """The same three times: for a reader, for a program, and with pictures. Returns the first."""
    import json

    from autoscaler.adapters.reporting.frontiers import Page, Table, render
    from autoscaler.bench.charts import charts
    from autoscaler.bench.markdown import markdown

    shown = measured.sections()
    bench = measured.bench
    page = Page(
        title=TITLE,
        headline=headline(measured),
        about=about,
        tables=[Table(*section) for section in shown],
        charts=charts(measured.series, bench.world),
    )
    found = {**measured.to_json(), "command": about[0]}
    text = markdown(TITLE, [headline(measured), *about], shown)
    written = (text, json.dumps(found, indent=1, allow_nan=False) + "\n", render(page))
    for ending, content in zip(ENDINGS, written, strict=True):
        (out / f"{NAME}.{ending}").write_text(content, encoding="utf-8")
    return text


def headline(measured: Measured) -> str:
    judged = [row for row in measured.goals if row.met is not None]
    met = sum(1 for row in judged if row.met)
    return f"{met} of {len(judged)} goals met."
