"""Every port that needs no world, in memory; and the journal as a file.

A journal is JSON lines, gzipped where its name ends in .gz: one header line with what a rerun needs, then one
line a tick. A last line cut off by a crash is skipped and counted.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from autoscaler.core.decision import Actuation, Decision
from autoscaler.core.ledger import Ledger
from autoscaler.core.record import TickRecord, record_from_plain, record_to_line


class JournalError(ValueError):
    """A journal that cannot be read: says which file and line."""


class MemoryLedger:
    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger
        self.saves = 0

    def load(self) -> Ledger | None:
        return self.ledger

    def save(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.saves += 1


class MemoryJournal:
    def __init__(self) -> None:
        self.records: list[TickRecord] = []

    def write(self, record: TickRecord) -> None:
        self.records.append(record)


class NoJournal:
    def write(self, record: TickRecord) -> None:
        return None


class SayingActuator:
    """Does nothing and keeps what it was told: a dry run is this actuator."""

    def __init__(self) -> None:
        self.last: Decision | None = None

    def apply(self, decision: Decision) -> Actuation:
        self.last = decision
        return Actuation()


class FileJournal:
    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._file: IO[str] = gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w")  # noqa: SIM115
        self._file.write(json.dumps({"headway": dict(header)}, separators=(",", ":"), sort_keys=True) + "\n")

    def write(self, record: TickRecord) -> None:
        self._file.write(record_to_line(record) + "\n")

    def close(self) -> None:
        self._file.close()


def read_header(path: Path) -> Mapping[str, Any]:
    """The first line of a journal."""
    for line in _lines(path):
        return _header(line, path)
    raise JournalError(f"{path}: empty; a journal begins with a header line")


def read_records(path: Path) -> Iterator[TickRecord]:
    """The ticks of a journal in order. A cut last line ends it."""
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise JournalError(f"{path}: empty; a journal begins with a header line")
    _header(first, path)
    pending: tuple[int, str] | None = None
    for number, line in enumerate(lines, start=2):
        if pending is not None:
            yield _record(pending[1], path, pending[0])
        pending = number, line
    if pending is not None:
        try:
            yield _record(pending[1], path, pending[0])
        except JournalError:
            return  # the process was cut off while it wrote this line


def _lines(path: Path) -> Iterator[str]:
    try:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()  # noqa: SIM115
        with opened as file:
            yield from file
    except EOFError:
        return  # a gzip stream that was cut off: what came before it stands
    except FileNotFoundError:
        raise JournalError(f"{path}: no such file; headway replay … --journal FILE writes one") from None
    except (gzip.BadGzipFile, zlib.error):
        raise JournalError(f"{path}: damaged, or no gzip file though its name ends in .gz") from None
    except UnicodeDecodeError:
        raise JournalError(f"{path}: not text; a journal is lines of JSON") from None
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error


def _header(line: str, path: Path) -> Mapping[str, Any]:
    try:
        header = json.loads(line)["headway"]
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"{path}:1: no journal of headway; write one with --journal FILE") from error
    if not isinstance(header, dict):
        raise JournalError(f"{path}:1: the header is no mapping")
    return header


def _record(line: str, path: Path, number: int) -> TickRecord:
    try:
        return record_from_plain(json.loads(line)["tick"])
    except KeyError as error:
        raise JournalError(f"{path}:{number}: not a tick: it has no {error}") from error
    except (ValueError, TypeError) as error:
        raise JournalError(f"{path}:{number}: not a tick: {error}") from error
