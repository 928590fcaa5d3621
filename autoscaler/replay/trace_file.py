"""Traces in CSV files, gzipped or not: `timestamp,requests,prompt_tokens,output_tokens[,workload]`.

Every fault is one line that names the file, the line or column, what is wrong and what would be right.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autoscaler.replay.trace import DAY, Trace, TraceError
from forecasting.series import FloatArray

COLUMNS = ("timestamp", "requests", "prompt_tokens", "output_tokens")
GZIP_MAGIC = b"\x1f\x8b"
LONGEST_HOLE_DAYS = 7.0  # rows left out; more is rather a wrong date than a hole
FIRST_DATE = 10 * 365 * DAY  # smaller timestamps count from the start of the source, larger ones are dates
MOST = 1e12  # in a step; more is a broken counter
MILLISECONDS = 1e11  # seconds do not reach this before the year 5138
NAN = float("nan")


class _Row(NamedTuple):
    line: int
    at: float
    values: tuple[float, float, float]


def read_trace(path: str | Path) -> dict[str, Trace]:
    """All workloads of one file: one under the file's name, or each value of a column `workload`."""
    path = Path(path)
    rows = _by_workload(path, csv.reader(io.StringIO(_text(path), newline="")))
    return {name: _assembled(path, name, found) for name, found in rows.items()}


def to_csv(traces: Iterable[Trace], path: str | Path) -> None:
    """Write traces so that `read_trace` gives them back; a column `workload` when there are several."""
    traces, path = list(traces), Path(path)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    several = len(traces) > 1
    writer.writerow([*COLUMNS, "workload"] if several else COLUMNS)
    for trace in traces:
        for row in _written(trace):
            writer.writerow([*row, trace.name] if several else row)
    content = text.getvalue().encode()
    # No file name and no time in the header: the same trace gives the same bytes.
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def trace_name(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".csv"):
        name = name.removesuffix(suffix)
    return name


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content[:2] == GZIP_MAGIC:
            content = gzip.decompress(content)
        elif path.suffix == ".gz":
            raise TraceError(f"{path}: no gzip file although its name ends in .gz; compress or rename it")
        text = content.decode("utf-8-sig")
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise TraceError(f"{path}: a damaged gzip file ({error}); compress the CSV again") from error
        raise TraceError(f"{path}: {error.strerror}; give the path of a CSV file") from error
    except (EOFError, zlib.error) as error:
        raise TraceError(f"{path}: a damaged or cut gzip file; compress the CSV again") from error
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not text (byte {error.start}); a trace is CSV in UTF-8") from error
    if not text.strip():
        raise TraceError(f"{path}: empty; expected a header {','.join(COLUMNS)} and one row for each step")
    return text


def _by_workload(path: Path, reader: Iterator[list[str]]) -> dict[str, list[_Row]]:
    try:
        header = [column.strip() for column in next(reader)]
        places, workload = _places(path, header)
        found: dict[str, list[_Row]] = {}
        for line, cells in enumerate(reader, start=2):
            if not cells:
                continue
            if len(cells) != len(header):
                raise TraceError(f"{path}:{line}: {len(cells)} columns; the header has {len(header)}")
            name = trace_name(path) if workload is None else cells[workload].strip()
            if not name:
                raise TraceError(f"{path}:{line}: column workload is blank; every row needs a name")
            found.setdefault(name, []).append(_row(path, line, cells, places))
    except csv.Error as error:
        raise TraceError(f"{path}: not CSV ({error}); expected {','.join(COLUMNS)}") from error
    if not found:
        raise TraceError(f"{path}: a header and no rows; expected one row for each step")
    return found


def _places(path: Path, header: Sequence[str]) -> tuple[tuple[int | None, ...], int | None]:
    """Where each known column stands (requests and timestamp must), and where `workload` does."""
    for column in ("timestamp", "requests"):
        if column not in header:
            raise TraceError(
                f"{path}: no column {column!r} among {', '.join(header[:8]) or 'none'}; "
                f"expected {','.join(COLUMNS)} (the token columns may be left out)"
            )
    twice = [
        column for column, count in Counter(header).items() if count > 1 and column in (*COLUMNS, "workload")
    ]
    if twice:
        raise TraceError(f"{path}: column {twice[0]!r} stands twice; each may stand once")
    places = tuple(header.index(column) if column in header else None for column in COLUMNS)
    return places, header.index("workload") if "workload" in header else None


def _row(path: Path, line: int, cells: Sequence[str], places: tuple[int | None, ...]) -> _Row:
    stamp, *counts = places
    assert stamp is not None
    requests, prompt, output = (
        NAN if place is None else _count(path, line, column, cells[place])
        for column, place in zip(COLUMNS[1:], counts, strict=True)
    )
    return _Row(line, _instant(path, line, cells[stamp]), (requests, prompt, output))


def _count(path: Path, line: int, column: str, cell: str) -> float:
    cell = cell.strip()
    if not cell:
        return NAN
    try:
        value = float(cell)
    except ValueError:
        value = NAN
    if MOST < value < float("inf"):
        raise TraceError(f"{path}:{line}: {column} is {cell!r}; nobody asks for more than {MOST:g} in a step")
    if not 0 <= value < float("inf"):
        raise TraceError(
            f"{path}:{line}: {column} is {cell!r}; expected a number from 0 up, or blank (a gap)"
        )
    return value


def _instant(path: Path, line: int, cell: str) -> float:
    cell = cell.strip()
    try:
        at = float(cell)
        if at != at:
            raise ValueError
    except ValueError:
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            raise TraceError(
                f"{path}:{line}: timestamp is {cell!r}; expected seconds or ISO 8601, as 2024-05-12T00:00:00Z"
            ) from None
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not abs(at) < MILLISECONDS:
        raise TraceError(
            f"{path}:{line}: timestamp {cell} is no date in seconds; divide milliseconds by 1000"
        )
    return at


def _assembled(path: Path, name: str, rows: Sequence[_Row]) -> Trace:
    where = _whole_steps(path, name, rows)
    step = (rows[1].at - rows[0].at) / (where[1] - where[0])
    values = np.full((3, where[-1] + 1), NAN)
    values[:, where] = np.array([row.values for row in rows]).T
    if np.isnan(values[0]).all():
        raise TraceError(f"{path}: column requests is blank in all rows of {name}; expected counts")
    return Trace(
        name=name,
        start=rows[0].at,
        step=step,
        requests=values[0],
        prompt_tokens=_or_none(values[1]),
        output_tokens=_or_none(values[2]),
    )


def _whole_steps(path: Path, name: str, rows: Sequence[_Row]) -> list[int]:
    """The step at which each row stands. Rows left out are gaps; anything but whole steps is an error."""
    if len(rows) < 2:
        raise TraceError(f"{path}:{rows[0].line}: one row for {name}; two at least show the step")
    apart = [after.at - before.at for before, after in pairwise(rows)]
    for row, gone in zip(rows[1:], apart, strict=True):
        if gone <= 0:
            wrong = "repeats the time before" if gone == 0 else f"goes back by {-gone:g} s"
            raise TraceError(f"{path}:{row.line}: timestamp {wrong}; times must grow from row to row")
    step = Counter(apart).most_common(1)[0][0]
    where = [0]
    for row, gone in zip(rows[1:], apart, strict=True):
        steps = round(gone / step)
        if steps < 1 or abs(steps * step - gone) > 1e-3 * step:
            raise TraceError(
                f"{path}:{row.line}: {gone:g} s after the row before; expected a multiple of {step:g} s"
            )
        if gone > LONGEST_HOLE_DAYS * DAY and steps > 1:
            raise TraceError(
                f"{path}:{row.line}: {gone / DAY:.1f} days after the row before; "
                f"up to {LONGEST_HOLE_DAYS:g} days may be missing, else cut the file in two"
            )
        where.append(where[-1] + steps)
    return where


def _or_none(values: FloatArray) -> FloatArray | None:
    return None if np.isnan(values).all() else values


def _written(trace: Trace) -> Iterator[list[str]]:
    dated = trace.start >= FIRST_DATE
    columns = (trace.requests, trace.prompt_tokens, trace.output_tokens)
    lists = [[NAN] * trace.steps if values is None else values.tolist() for values in columns]
    for k, cells in enumerate(zip(*lists, strict=True)):
        at = trace.start + k * trace.step
        stamp = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z") if dated else _number(at)
        yield [stamp, *map(_number, cells)]


def _number(value: float) -> str:
    """The shortest text that reads back the same; a gap is blank."""
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
