"""`headway check FILE`: load, validate, say what would be managed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autoscaler.cli.errors import BadInput
from autoscaler.control.calendar import Interval, zone
from autoscaler.control.clock import WallClock
from autoscaler.core.cluster import routers, servers
from autoscaler.core.policy import Limits, Objective, Policy, Pool, Workload
from autoscaler.core.share import nodes_for
from autoscaler.settings import Settings, load
from autoscaler.settings.units import show_seconds

WEEK = 7 * 86_400.0
FLOORS_SHOWN = 2


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A configuration, as configs/README.md says.")],
    at: Annotated[
        str | None,
        typer.Option(
            help="Show the scheduled floors as of this time, in ISO 8601, UTC by default; now, if left out."
        ),
    ] = None,
) -> None:
    """Load a configuration, find every mistake in it, and print what would be managed."""
    settings, now = load(file), _instant(at)
    console = Console()
    console.print(f"{file} can be used. It would manage:\n", highlight=False, markup=False, soft_wrap=True)
    console.print(workloads_table(settings, now), "")
    console.print(pools_table(settings), "")
    for line in remarks(settings):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for warning in settings.warnings:
        console.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False, soft_wrap=True)


def workloads_table(settings: Settings, now: float) -> Table:
    table = _table("workload")
    for name, workload in settings.policy.workloads.items():
        lead = settings.leads()[name]
        rows = {
            "servers": _servers(settings, workload),
            "objective": _objective(workload.objective),
            "start": f"{_rounded(lead.node)} for a node + {_rounded(lead.load)} to load; "
            f"costs {_rounded(lead.break_even)} of billed time",
            "cooldown": _cooldown(workload.servers, "auto; chosen every night from the past"),
            "routers": _routers(settings, workload),
            "floors": _floors(settings, name, now),
        }
        _add(table, name, {key: text for key, text in rows.items() if text})
    return table


def pools_table(settings: Settings) -> Table:
    table = _table("pool")
    for name, pool in settings.policy.pools.items():
        gpus = _range(pool.nodes, pool.gpus_per_node)
        rows = {
            "nodes": f"{_bounds(pool.nodes)} of {pool.gpus_per_node} GPUs: {gpus}",
            "cost": _cost(pool),
            "cooldown": _cooldown(pool.nodes, "auto; nodes follow servers that have settled"),
            "all ceilings": f"would need {_needed(settings.policy, pool)} of {pool.nodes.ceiling} nodes",
        }
        _add(table, name, rows)
    return table


def remarks(settings: Settings) -> list[str]:
    """What follows from the numbers, and is easily forgotten."""
    leads = settings.leads()
    return [
        f"{name} may sleep: the first request would then wait about {_rounded(leads[name].median)},"
        f" and one in fifty longer than {_rounded(leads[name].slow)}"
        for name, workload in settings.policy.workloads.items()
        if workload.servers.floor == 0
    ]


def _table(kind: str) -> Table:
    return Table(kind, "", "", box=SIMPLE, show_edge=False, pad_edge=False, header_style="bold")


def _add(table: Table, name: str, rows: Mapping[str, str]) -> None:
    for index, (key, text) in enumerate(rows.items()):
        table.add_row(f"[bold]{escape(name)}[/]" if index == 0 else "", key, text)
    table.add_section()


def _bounds(limits: Limits) -> str:
    return f"{limits.floor}–{limits.ceiling}{', [yellow]paused[/]' if limits.paused else ''}"


def _range(limits: Limits, each: float) -> str:
    return f"{limits.floor * each:g}–{limits.ceiling * each:g}"


def _servers(settings: Settings, workload: Workload) -> str:
    each, nodes = workload.profile.gpus_per_server, workload.profile.nodes_per_server
    spans = f" on {nodes} nodes" if nodes > 1 else ""
    size = f"{each} GPU{'s' if each > 1 else ''} each{spans}: {_range(workload.servers, each)}"
    called = settings.called.get(servers(workload.name))
    return f"{_bounds(workload.servers)} on {escape(workload.pool)}, {size}" + (
        f"\n{escape(called)}" if called else ""
    )


def _objective(objective: Objective) -> str:
    if objective.utilisation is not None:
        return f"{objective.utilisation:.0%} busy"
    return f"wait ≤ {show_seconds(objective.wait_s)} for {100 * objective.share:g} %"


def _cost(pool: Pool) -> str:
    budget = f", budget {pool.budget_per_hour:g}" if pool.budget_per_hour is not None else ""
    return f"{_range(pool.nodes, pool.price_per_hour)} an hour{budget}"


def _cooldown(limits: Limits, auto: str) -> str:
    return auto if limits.cooldown_down_s is None else show_seconds(limits.cooldown_down_s)


def _routers(settings: Settings, workload: Workload) -> str:
    if workload.routers is None:
        return "not ours to scale"
    text = f"{_bounds(workload.routers)}, {workload.profile.requests_per_router:g} requests a second each"
    called = settings.called.get(routers(workload.name))
    return f"{text}\n{escape(called)}" if called else text


def _floors(settings: Settings, name: str, now: float) -> str:
    """What holds now or comes next, by the schedule itself: servers are ordered a lead time before."""
    rows = settings.schedules.get(name, ())
    coming = sorted(i for row in rows for i in row.intervals(now, now + WEEK))[:FLOORS_SHOWN]
    return "\n".join(_interval(i, rows[0].start.timezone) for i in coming)


def _interval(interval: Interval, timezone: str) -> str:
    begin, end = (datetime.fromtimestamp(i, zone(timezone)) for i in (interval.start, interval.end))
    closing = end.strftime("%H:%M" if end.date() == begin.date() else "%a %H:%M")
    return f"at least {interval.servers}: {begin:%a %d %b %H:%M}–{closing} {begin:%Z}"


def _needed(policy: Policy, pool: Pool) -> int:
    wanted = [(w.servers.ceiling, w.profile) for w in policy.users(pool.name)]
    counts = [(count, p.gpus_per_server, p.nodes_per_server) for count, p in wanted]
    return nodes_for(counts, pool.gpus_per_node)


def _rounded(seconds: float) -> str:
    """Lead times are guesses: whole seconds under two minutes, then whole tens."""
    return show_seconds(round(seconds) if seconds < 120 else round(seconds, -1))


def _instant(at: str | None) -> float:
    if at is None:
        return WallClock().now().timestamp()
    try:
        told = datetime.fromisoformat(at)
    except ValueError:
        raise BadInput(f"--at: '{at}' is not a time; say one like 2026-03-30T08:00+02:00") from None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
