"""`headway explain JOURNAL`: why counts moved or stayed, in sentences with numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoscaler.cli.errors import BadInput
from autoscaler.cli.moments import parse_instant

if TYPE_CHECKING:
    from autoscaler.core.record import TickRecord

NEAR_S = 600.0  # a journal has a tick every few seconds; further away is another time


def command(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="What `headway replay --journal` wrote.")
    ],
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The whole story of one tick: ISO, 'day 10 09:00' or seconds."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this one, as chat/servers, or all that chat has.")
    ] = None,
) -> None:
    """Why: every move in a line, or with --at the whole story of one tick."""
    from autoscaler.control.memory import read_records

    records = read_records(journal)
    if at is None:
        lines = list(_moves(records, journal, target))
    else:
        lines = _story(_nearest(records, journal, at), target)
    for line in lines:
        typer.echo(line)


def _moves(records: Iterator[TickRecord], journal: Path, target: str | None) -> Iterator[str]:
    """A line for each move, between a heading and nothing else."""
    from autoscaler.adapters.reporting.explain import summary
    from autoscaler.adapters.reporting.units import instant

    ticks, moves, first, last = 0, 0, None, None
    known: set[str] = set()
    for record in records:
        ticks, first, last = ticks + 1, first or record, record
        known |= {str(verdict.target) for verdict in record.decision.verdicts}
        for move in record.decision.moves:
            if _wanted(str(move.target), target):
                moves += 1
                yield summary(record, move)
    if first is None or last is None:
        raise BadInput(f"{journal}: no tick in it; it holds a header and nothing else")
    _check_target(target, known)
    span = f"from {instant(first.at)} to {instant(last.at)}"
    yield f"{moves} moves in {ticks} ticks {span}. Add --at TIME for a whole story."


def _nearest(records: Iterator[TickRecord], journal: Path, text: str) -> TickRecord:
    """The tick next to the time asked for. Raises BadInput where the journal has none near."""
    from autoscaler.adapters.reporting.units import instant

    first = next(records, None)
    if first is None:
        raise BadInput(f"{journal}: no tick in it; it holds a header and nothing else")
    wanted = parse_instant(text, first.at)
    best = last = first
    for record in records:
        last = record
        if record.scope == "all" and abs(record.at - wanted) < abs(best.at - wanted):
            best = record
        if record.at > wanted + NEAR_S:
            break
    if abs(best.at - wanted) > NEAR_S:
        raise BadInput(
            f"--at {text}: {instant(wanted)} is outside the journal, which goes from {instant(first.at)} to "
            f"{instant(_end(records, last))}"
        )
    return best


def _end(records: Iterator[TickRecord], last: TickRecord) -> float:
    for record in records:
        last = record
    return last.at


def _story(record: TickRecord, target: str | None) -> list[str]:
    from autoscaler.adapters.reporting.explain import story
    from autoscaler.adapters.reporting.units import instant

    known = {str(verdict.target) for verdict in record.decision.verdicts}
    _check_target(target, known)
    lines = [f"Tick of {instant(record.at)}"]
    for verdict in record.decision.verdicts:
        if not _wanted(str(verdict.target), target):
            continue
        told = story(record, verdict)
        lines += ["", told.title]
        for part in told.parts:
            for n, line in enumerate(part.lines):
                lines.append(f"  {part.heading if n == 0 else '':<11} {line}")
    return lines


def _wanted(name: str, target: str | None) -> bool:
    return target is None or name == target or name.startswith(f"{target}/")


def _check_target(target: str | None, known: set[str]) -> None:
    if not any(_wanted(name, target) for name in known):
        raise BadInput(f"--target {target}: no such target; the journal has {', '.join(sorted(known))}")
