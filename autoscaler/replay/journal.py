"""A journal lived again: the same observations through the real controller, or its demand as a trace.

The header holds what a rerun needs beside the ticks: the policy, the forecaster's name and the history the
controller began with. With those, a journal from its first line gives its decisions and its forecasts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autoscaler.control.memory import JournalError, read_header, read_records
from autoscaler.core.cluster import ClusterState
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.decision import Actuation, Decision
from autoscaler.core.ledger import Ledger
from autoscaler.core.observation import ARRIVALS, MISSING, OUTPUT_TOKENS, PROMPT_TOKENS, Observation
from autoscaler.core.policy import Policy
from autoscaler.core.record import TickRecord
from autoscaler.replay.trace import Trace
from forecasting.series import Panel

MINUTE = 60.0


class Beginning(NamedTuple):
    """What the header of a journal says."""

    policy: Policy
    forecaster: str
    history: Mapping[str, Panel]
    ledger: Ledger | None


def header(
    policy: Policy, forecaster: str, history: Mapping[str, Panel], ledger: Ledger | None
) -> dict[str, Any]:
    """The first line of a journal that can be lived again."""
    panels = {
        name: {
            "start": panel.start,
            "step": panel.step,
            "work": [None if np.isnan(v) else float(v) for v in panel.values[0]],
        }
        for name, panel in history.items()
    }
    return {
        "version": 1,
        "policy": to_plain(policy),
        "forecaster": forecaster,
        "history": panels,
        "ledger": None if ledger is None else to_plain(ledger),
    }


def read_beginning(path: Path) -> Beginning:
    plain = read_header(path)
    try:
        history = {
            name: Panel(
                start=panel["start"],
                step=panel["step"],
                values=np.array([[np.nan if v is None else v for v in panel["work"]]], dtype=float),
            )
            for name, panel in plain["history"].items()
        }
        ledger = None if plain["ledger"] is None else from_plain(plain["ledger"], Ledger)
        return Beginning(from_plain(plain["policy"], Policy), str(plain["forecaster"]), history, ledger)
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{path}:1: the header lacks what a rerun needs: {error}") from error


class RecordedWorld:
    """The world as the journal saw it: four ports in one, moved on record by record."""

    def __init__(self, beginning: Beginning) -> None:
        self._beginning = beginning
        self._now: TickRecord | None = None

    def show(self, record: TickRecord) -> None:
        self._now = record

    @property
    def _record(self) -> TickRecord:
        if self._now is None:
            raise RuntimeError("no record is shown yet")
        return self._now

    def observe(self, at: float) -> Observation:
        return self._record.observation

    def history(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        return self._beginning.history

    def state(self, at: float) -> ClusterState:
        return ClusterState(at=at, fleets=self._record.inputs.fleets, stages=self._record.stages)

    def least(self, at: float) -> Mapping[str, int]:
        return self._record.inputs.calendar

    def apply(self, decision: Decision) -> Actuation:
        return self._record.actuation


def decisions_again(path: Path, tick: Any, world: RecordedWorld) -> Iterator[tuple[TickRecord, TickRecord]]:
    """Each recorded tick, and the same tick decided anew."""
    for record in read_records(path):
        world.show(record)
        yield record, tick(record.at, record.scope)


def journal_traces(records: Iterable[TickRecord], step: float = MINUTE) -> dict[str, Trace]:
    """The demand a journal saw, as traces: arrivals of each whole step, a gap where none was measured."""
    seen: dict[str, dict[int, tuple[float, float, float]]] = {}
    for record in records:
        for name, readings in record.observation.workloads.items():
            arrivals = readings.get(ARRIVALS, MISSING)
            if arrivals.value is not None:
                row = tuple(
                    (readings.get(s, MISSING).value or 0.0) * step
                    for s in (ARRIVALS, PROMPT_TOKENS, OUTPUT_TOKENS)
                )
                seen.setdefault(name, {})[round(arrivals.at / step) - 1] = row  # type: ignore[assignment]
    traces = {}
    for name, rows in seen.items():
        first, last = min(rows), max(rows)
        columns = np.full((3, last - first + 1), np.nan)
        for k, row in rows.items():
            columns[:, k - first] = row
        traces[name] = Trace(
            name=name,
            start=first * step,
            step=step,
            requests=columns[0],
            prompt_tokens=columns[1],
            output_tokens=columns[2],
        )
    return traces
