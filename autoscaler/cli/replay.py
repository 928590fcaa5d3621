"""`headway replay TRACE...`: what Headway and others would have done with a past, and its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from autoscaler.cli.claims import broken, parse_claim
from autoscaler.cli.compare import Comparison, Least, Plan, as_object, chosen, compare, setting_words
from autoscaler.cli.errors import BadInput
from autoscaler.cli.progress import shown
from autoscaler.cli.traces import find_traces

if TYPE_CHECKING:
    from autoscaler.replay.setting import Setting
    from autoscaler.replay.sweep import Where
    from autoscaler.replay.trace import Trace
    from autoscaler.replay.world import World

FAILED = 1
Traces = Annotated[
    list[str],
    typer.Argument(
        metavar="TRACE",
        help="CSV files, journals, formulas (smooth ramps flash shift noise cron), or names of files in the "
        "folder HEADWAY_TRACES. Several are several workloads.",
    ),
]
Against = Annotated[str, typer.Option(metavar="NAMES|all|none", help="Other policies, separated by commas.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Your workloads and pools; without it, the setting of the benchmark."
    ),
]
Score = Annotated[
    str, typer.Option(metavar="auto|all|DAYS", help="How much of the end is scored; auto is a week or half.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of start times, failures and formulas.")]
Tokens = Annotated[float | None, typer.Option(min=0.0, help="Of a request, where the trace has no tokens.")]
Scrape = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Show policies what a Prometheus sees that scrapes so often, as 30s."),
]
Window = Annotated[str | None, typer.Option(metavar="TIME", help="Rates are taken over so long, as 2m.")]
Packing = Annotated[Literal["perfect", "replicaset"], typer.Option(help="How servers leave nodes.")]
Interpolate = Annotated[
    bool, typer.Option("--interpolate", help="Fill gaps by straight lines instead of going blind.")
]
Method = Annotated[str | None, typer.Option("--forecaster", metavar="NAME|none", help="How to forecast.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report that opens in any browser.")]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Write what Headway saw and said, for explain; gzip if it ends in .gz.",
    ),
]
Backend = Annotated[
    Literal["loky", "dask", "ray"] | None,
    typer.Option(help="Run the policies at once: on this machine's cores, or on a cluster of Dask or Ray."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a cluster that is there; without it, one is started here."),
]
Claims = Annotated[
    list[str] | None,
    typer.Option(
        "--assert", metavar="CLAIM", help="Fail unless it holds, as 'attainment>=99' or 'hpa.cost<200'."
    ),
]


def command(
    trace: Traces,
    against: Against = "hpa,reactive",
    config: ConfigFile = None,
    score: Score = "auto",
    seed: Seed = 1,
    prompt_tokens: Tokens = None,
    output_tokens: Tokens = None,
    scrape: Scrape = None,
    window: Window = None,
    packing: Packing = "perfect",
    interpolate: Interpolate = False,
    forecaster: Method = None,
    as_json: AsJson = False,
    html: Html = None,
    journal: JournalFile = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    claims: Claims = None,
) -> None:
    """A past through the real controller, beside other policies and the least anyone could have spent."""
    names = chosen(against)
    parsed = [parse_claim(text, names) for text in claims or ()]
    world = make_world(scrape, window, packing)
    traces = find_traces(trace, seed)
    wish = Wish(config, parse_score(score), prompt_tokens, output_tokens, interpolate, forecaster)
    plan = make_plan(wish, traces, world, names, seed)
    writable(html, journal)
    comparison = run(plan, journal, make_where(backend, scheduler))
    title = ", ".join(traces)
    if html is not None:
        write_report(comparison, title, html)
    if as_json:
        print_json(comparison, title)
    else:
        print_table(comparison, html, journal)
    failures = [text for claim in parsed if (text := broken(claim, comparison.figures())) is not None]
    for text in failures:
        typer.echo(text, err=True)
    if failures:
        raise typer.Exit(FAILED)


class Wish(NamedTuple):
    """How the setting is made."""

    config: Path | None
    score: Literal["auto", "all"] | float
    prompt_tokens: float | None
    output_tokens: float | None
    interpolate: bool
    forecaster: str | None


def make_world(scrape: str | None, window: str | None, packing: Literal["perfect", "replicaset"]) -> World:
    from autoscaler.replay.world import World

    scrape_s, window_s = seconds_of("--scrape", scrape), seconds_of("--window", window)
    if scrape_s is not None and window_s is not None and window_s < 2 * scrape_s:
        raise BadInput(
            f"--window {window} holds fewer than two scrapes of {scrape}; say {2 * scrape_s:g}s or more"
        )
    default = 60.0 if scrape_s is None else max(60.0, 4 * scrape_s)
    return World(packing=packing, scrape_s=scrape_s, window_s=default if window_s is None else window_s)


def parse_score(text: str) -> Literal["auto", "all"] | float:
    if text == "auto":
        return "auto"
    if text == "all":
        return "all"
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < float("inf"):
        raise BadInput(f"--score {text}: say auto, all or a number of days above 0")
    return days


def make_plan(wish: Wish, traces: Mapping[str, Trace], world: World, names: Sequence[str], seed: int) -> Plan:
    if wish.config is None:
        setting = _benchmark(wish, traces, world)
        return Plan(setting, names, seed, known_forecaster(wish.forecaster))
    if wish.prompt_tokens is not None or wish.output_tokens is not None:
        raise BadInput(
            "--prompt-tokens and --output-tokens: with --config FILE, the profile of the workload says them"
        )
    setting, forecaster, least = _stated(wish, wish.config, traces, world)
    return Plan(setting, names, seed, known_forecaster(wish.forecaster or forecaster), least)


def _benchmark(wish: Wish, traces: Mapping[str, Trace], world: World) -> Setting:
    from autoscaler.replay.setting import OUTPUT_TOKENS, PROMPT_TOKENS, measured_setting

    return measured_setting(
        traces,
        prompt_tokens=PROMPT_TOKENS if wish.prompt_tokens is None else wish.prompt_tokens,
        output_tokens=OUTPUT_TOKENS if wish.output_tokens is None else wish.output_tokens,
        score=wish.score,
        interpolate=wish.interpolate,
        world=world,
    )


def _stated(
    wish: Wish, config: Path, traces: Mapping[str, Trace], world: World
) -> tuple[Setting, str, Least]:
    from autoscaler.replay.stated import stated_setting
    from autoscaler.settings import load

    settings = load(config)
    setting = stated_setting(
        settings.policy, traces, score=wish.score, interpolate=wish.interpolate, world=world
    )
    return setting, settings.forecaster, settings.calendar().least


def known_forecaster(name: str | None) -> str | None:
    """None stands for the default. Raises BadInput for a name that nobody knows."""
    if name is None or name == "none":
        return name
    from forecasting.catalogue import FORECASTERS

    if name not in FORECASTERS:
        raise BadInput(f"no forecaster is called {name}; there are {', '.join(FORECASTERS)} and none")
    return name


def writable(*paths: Path | None) -> None:
    """Found out before the work, not after it."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise BadInput(f"{path}: there is no folder {path.parent}; create it first")
        if path is not None and path.is_dir():
            raise BadInput(f"{path}: a folder; name a file")


def make_where(backend: str | None, scheduler: str | None, workers: int = -1) -> Where | None:
    """None: one after another, in this process."""
    if backend is None:
        if scheduler is not None:
            raise BadInput(f"--scheduler {scheduler}: say --backend dask or --backend ray with it")
        return None
    from autoscaler.replay.sweep import Where

    return Where(backend, workers, scheduler)


def run(plan: Plan, journal: Path | None, where: Where | None = None) -> Comparison:
    from autoscaler.assembly import open_journal

    with shown(plan.names) as told:
        if journal is None:
            return compare(plan, told=told, where=where)
        kept = open_journal(journal, plan.setting, plan.forecaster)
        try:
            return compare(plan, journal=kept, told=told, where=where)
        finally:
            kept.close()


def write_report(comparison: Comparison, title: str, path: Path) -> None:
    from autoscaler.adapters.reporting.report import ReportError, render
    from autoscaler.cli.sections import report_input

    try:
        path.write_text(render(report_input(comparison, title)), encoding="utf-8")
    except ReportError as error:
        raise BadInput(str(error)) from error


def print_json(comparison: Comparison, title: str) -> None:
    import json

    typer.echo(json.dumps(as_object(comparison, title), indent=2, allow_nan=False))


def print_table(comparison: Comparison, html: Path | None, journal: Path | None) -> None:
    from rich.markup import escape

    from autoscaler.cli.tables import optimum_line, policy_table, verdict, wide_console

    figures, objective = comparison.figures(), comparison.objective
    console = wide_console()
    say: Callable[[str], None] = lambda text: console.print(text, highlight=False, soft_wrap=True)  # noqa: E731
    words = setting_words(comparison.plan)
    for key, value in words.items():
        console.print(f"{key}: {value}", style="dim", highlight=False, markup=False, soft_wrap=True)
    console.print()
    console.print(policy_table(figures, objective, comparison.wait_s, console.width))
    say("\n" + optimum_line(as_object(comparison, "")["optimum"]))
    say(f"[bold]{verdict(figures, objective, comparison.wait_s)}[/]")
    if html is not None:
        say(escape(f"Report: {html}"))
    if journal is not None:
        say(escape(f"Journal: {journal}  (headway explain {journal})"))


def seconds_of(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    from autoscaler.settings.units import seconds

    try:
        value = seconds(text)
    except ValueError as error:
        raise BadInput(f"{option}: {error}") from error
    if value <= 0:
        raise BadInput(f"{option} {text}: a time longer than nothing is needed")
    return value
