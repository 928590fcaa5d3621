"""`headway forecast TRACE --at TIME`: what was expected at an instant of a past, against what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from autoscaler.cli.errors import BadInput
from autoscaler.cli.moments import DAY, parse_instant
from autoscaler.cli.replay import known_forecaster, seconds_of
from autoscaler.cli.traces import find_traces

if TYPE_CHECKING:
    from autoscaler.replay.setting import Setting
    from autoscaler.replay.trace import Trace
    from forecasting.series import FloatArray

MINUTE = 60.0
LEVELS = (0.9, 0.97, 0.99)
LONGEST_S = 3600.0  # methods look no further ahead
HISTORY_DAYS = 28.0
ROWS = 10


def command(
    trace: Annotated[
        str, typer.Argument(metavar="TRACE", help="A CSV file, a formula or a name in HEADWAY_TRACES.")
    ],
    at: Annotated[str, typer.Option(metavar="TIME", help="ISO, 'day 10 09:00' or seconds since the start.")],
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="How to forecast; the controller's way if left out.")
    ] = None,
    horizon: Annotated[str, typer.Option(metavar="TIME", help="How far ahead, up to 1h.")] = "30m",
    seed: Annotated[int, typer.Option(min=0, help="Of a formula.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """What was expected at an instant of a past, against what came."""
    ahead_s = seconds_of("--horizon", horizon)
    if ahead_s is None or not MINUTE <= ahead_s <= LONGEST_S:
        raise BadInput(f"--horizon {horizon}: forecasts look from 1m to 1h ahead")
    name = known_forecaster(method)
    if name == "none":
        raise BadInput("--method none: no forecast to show; name a method or leave it out")
    found = find_traces([trace], seed)
    if len(found) != 1:
        raise BadInput(f"{trace}: {len(found)} workloads ({', '.join(found)}); give a trace of one")
    (one,) = found.values()
    instant = parse_instant(at, one.start) // MINUTE * MINUTE
    _check_instant(one, at, instant, ahead_s)
    seen = look(one, instant, ahead_s, name)
    print_json(one, seen) if as_json else print_table(one, seen)


class Seen(NamedTuple):
    """A forecast and what came of it; row k of `came` covers the minute k from `at` on."""

    at: float
    method: str
    levels: Sequence[float]
    paths: FloatArray  # levels × minutes
    came: FloatArray
    now: float  # the newest value known


def look(trace: Trace, at: float, ahead_s: float, name: str | None) -> Seen:
    """The controller's own forecast at that instant, and the same quantity as it turned out."""
    import numpy as np

    from autoscaler.assembly import make_forecaster

    history, came = _requirement(trace, at, ahead_s)
    fitted = make_forecaster(name).fit(history)
    forecast = fitted.forecast(history.last(fitted.memory), ahead_s, LEVELS)
    known = history.values[0][np.isfinite(history.values[0])]
    return Seen(
        at, forecast.method, forecast.levels, forecast.paths[:, 0, : len(came)], came, float(known[-1])
    )


def _requirement(trace: Trace, at: float, ahead_s: float) -> tuple[Any, FloatArray]:
    """What forecasters learn from, and how it went on: servers that keep waits short."""
    import numpy as np

    from autoscaler.core.history import History
    from autoscaler.replay.cluster import SimulatedCluster
    from forecasting.series import Panel

    setting = _setting(trace, at, ahead_s)
    past = SimulatedCluster(setting.policy, setting.offered, setting.world).history(
        at - HISTORY_DAYS * DAY, at, MINUTE
    )
    offered = setting.offered[trace.name]
    each = round(MINUTE / offered.step)
    minutes = offered.steps // each
    after = offered.work[: minutes * each].reshape(minutes, each).sum(axis=1) / MINUTE
    values = np.concatenate([past[trace.name].values[0], after])
    whole = History({trace.name: _wait(setting, trace.name)})
    end = at + minutes * MINUTE
    start = end - values.size * MINUTE
    whole.seed({trace.name: Panel(start=start, step=MINUTE, values=values[np.newaxis])}, end)
    panel = whole.panel()
    return panel.until(at), panel.values[0, panel.until(at).steps :]


def _setting(trace: Trace, at: float, ahead_s: float) -> Setting:
    from autoscaler.replay.setting import measured_setting

    until = trace.between(trace.start, at + max(ahead_s, trace.step))
    return measured_setting({trace.name: until}, score=(until.end - at) / DAY, interpolate=False)


def _wait(setting: Setting, name: str) -> float:
    return setting.policy.workloads[name].objective.wait_s


def _check_instant(trace: Trace, text: str, at: float, ahead_s: float) -> None:
    from autoscaler.adapters.reporting.units import duration, instant

    span = f"{trace.name} goes from {instant(trace.start)} to {instant(trace.end)}"
    if at >= trace.end or at < trace.start:
        raise BadInput(f"--at {text}: {instant(at)} is outside the trace; {span}")
    if at + ahead_s > trace.end + 1e-6:
        raise BadInput(
            f"--at {text}: the trace ends {duration(trace.end - at)} later, "
            f"and the horizon is {duration(ahead_s)}; {span}"
        )
    if at - trace.start < DAY:
        raise BadInput(
            f"--at {text}: {duration(at - trace.start)} of history by then, and a day is needed; {span}"
        )


def _number(value: float) -> float | None:
    return None if value != value else round(value, 4)


def print_json(trace: Trace, seen: Seen) -> None:
    import json

    from autoscaler.cli.compare import moment

    rows = []
    for k, came in enumerate(seen.came.tolist()):
        row: dict[str, Any] = {"minutes": k + 1, "came": _number(came)}
        row |= {
            f"{level:g}": _number(float(path[k])) for level, path in zip(seen.levels, seen.paths, strict=True)
        }
        rows.append(row)
    shown = {
        "trace": trace.name,
        "at": moment(seen.at),
        "method": seen.method,
        "unit": "servers",
        "now": _number(seen.now),
        "ahead": rows,
    }
    typer.echo(json.dumps(shown, indent=2, allow_nan=False))


def print_table(trace: Trace, seen: Seen) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from autoscaler.adapters.reporting.units import instant, number, percent

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("minutes", "median", *(f"{percent(level)} bound" for level in LEVELS), "came", "inside"):
        table.add_column(column, justify="right", no_wrap=True)
    paths = dict(zip(seen.levels, seen.paths, strict=True))
    every = max(len(seen.came) // ROWS, 1)
    for k in range(every - 1, len(seen.came), every):
        bounds = [float(paths[level][k]) for level in LEVELS]
        came = float(seen.came[k])
        said = ("[green]yes[/]" if came <= bounds[1] else "[red]no[/]") if came == came else "–"
        table.add_row(str(k + 1), number(float(paths[0.5][k])), *map(number, bounds), number(came), said)
    console = Console()
    for line in (
        f"[bold]{escape(trace.name)}[/] at {instant(seen.at)}, by {seen.method}, in servers; "
        "nearly the busiest second of the trace needs 32.",
        f"The newest known value is {number(seen.now)}. Inside: what came is within the 97 % bound.",
        "",
    ):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(table)
