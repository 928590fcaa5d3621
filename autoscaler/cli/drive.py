"""`headway drive`: decide for somebody else's world, over pipes; docs/drive.md has the form of the lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from autoscaler.adapters.pipe import History, Names, PipeError, PipeWorld, Tick, read_line
from autoscaler.adapters.reporting.words import words
from autoscaler.control.controller import Controller
from autoscaler.core.decision import Scale
from autoscaler.core.record import TickRecord
from autoscaler.settings import load


def command(
    config: Annotated[Path, typer.Option(metavar="FILE", help="A configuration, as configs/README.md says.")],
) -> None:
    """Read one line of JSON a tick on standard input, and answer each with one line on standard output."""
    from autoscaler.assembly import drive

    settings = load(config)
    world = PipeWorld(settings.policy)
    controller = drive(
        settings.policy,
        signals=world,
        cluster=world,
        actuator=world,
        forecaster=settings.forecaster,
        least=settings.calendar().least,
    )
    # A byte that is no text spoils its own line, which is then told as any other mistake.
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for line in answers(sys.stdin, world, Names(settings.policy), controller):
        print(line, flush=True)


def answers(lines: Iterable[str], world: PipeWorld, names: Names, controller: Controller) -> Iterator[str]:
    """One answer for each tick. A line that cannot be used raises PipeError, and nothing is decided."""
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        line = read_line(text, number, names)
        try:
            world.hear(line)
        except PipeError as error:
            raise PipeError(f"line {number}: {error}") from None
        if not isinstance(line, History):
            yield answer(line, controller.tick(line.at))


def answer(tick: Tick, record: TickRecord) -> str:
    """What was decided, in the names and the kind of time that the tick used."""
    targets = {
        tick.called.get(v.target, str(v.target)): {
            "from": _known(v.current),
            "to": _known(v.to if isinstance(v, Scale) else v.current),
            "reasons": [words(why, v.target, record.at) for why in v.why],
        }
        for v in record.decision.verdicts
    }
    notes = {"notes": list(record.notes)} if record.notes else {}
    return json.dumps({"at": tick.given, "targets": targets, **notes}, ensure_ascii=False)


def _known(count: int) -> int | None:
    """A target that was never read has no count."""
    return count if count >= 0 else None
