"""A Page → one HTML file. Its layout lies beside it; the chart library and the style are the report's.

Without more it is the page of the benchmark; another page says its own note, keys and unit.
"""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from re import sub
from string import Template
from typing import NamedTuple

from autoscaler.adapters.reporting.report.library import SCRIPT, STYLE, library_file

REPORT = "autoscaler.adapters.reporting.report"
NOTE = (
    "Each dot is a policy as it comes, each line a policy whose knob is turned; up and to the left is "
    "better. The share in time is drawn by what misses: 90, 99 and 99.9 % are equally far apart. What lies "
    "outside stands on the edge. Point at a dot for its figures."
)
KEYS = (
    ("headway", "Headway, at other shares asked for"),
    ("rule", "Headway without a forecaster, at every headroom"),
    ("oracle", "Headway with the true future"),
    ("tuned", "reactive rules, tuned in hindsight"),
)


class Table(NamedTuple):
    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Curve(NamedTuple):
    """A policy with a knob: cost, attainment and the knob's value, cheapest first."""

    name: str
    kind: str  # which colour: headway, rule, oracle or tuned
    knob: str
    points: Sequence[tuple[float, float, float]]


class Dot(NamedTuple):
    """A policy as it comes."""

    name: str
    cost: float
    attainment: float


class Chart(NamedTuple):
    name: str
    half: str
    goal: float  # percent
    curves: Sequence[Curve]
    dots: Sequence[Dot]
    unit: str = "the optimum"  # what a cost of 1 is


class Page(NamedTuple):
    title: str
    headline: str
    about: Sequence[str]
    tables: Sequence[Table]
    charts: Sequence[Chart]
    product: str = "benchmark of decisions"
    note: str = NOTE
    keys: Sequence[tuple[str, str]] = KEYS  # of each kind of curve, what it is


def render(page: Page) -> str:
    """The whole page. Raises ReportError where the chart library is not installed."""
    first, rest = page.tables[:1], page.tables[1:]
    return Template(_file(__package__, "page.html")).substitute(
        product=escape(page.product),
        title=escape(page.title),
        headline=escape(page.headline),
        about="".join(f"<p>{_prose(text)}</p>" for text in page.about),
        note=_prose(page.note),
        keys="".join(f'<li><i class="{kind}"></i>{escape(words)}</li>' for kind, words in page.keys),
        first="".join(map(_table, first)),
        rest="".join(map(_table, rest)),
        library_style=library_file(STYLE),
        style=_file(REPORT, "page.css") + _file(__package__, "page.css"),
        library_script=library_file(SCRIPT).replace("</", "<\\/"),
        script=_file(__package__, "page.js"),
        values=_values(page.charts),
    )


def _values(charts: Sequence[Chart]) -> str:
    plain = [
        {
            "name": chart.name,
            "half": chart.half,
            "goal": chart.goal,
            "curves": [curve._asdict() for curve in chart.curves],
            "dots": [dot._asdict() for dot in chart.dots],
            "unit": chart.unit,
        }
        for chart in charts
    ]
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    body = "".join(_row(row) for row in table.rows)
    notes = "".join(f'<p class="note">{_prose(note)}</p>' for note in table.notes)
    shown = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    wide = f'<div class="wide" tabindex="0">{shown}</div>'
    return f"<section><h2>{escape(table.title)}</h2>{notes}{wide}</section>"


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return (
        f'<tr><th scope="row">{_prose(first)}</th>{"".join(f"<td>{_prose(cell)}</td>" for cell in rest)}</tr>'
    )


def _prose(text: str) -> str:
    """The little Markdown that our words use: **bold** and `code`. A page stands alone: links are words."""
    out = sub(r"\[([^]]*)\]\([^)]*\)", r"\1", escape(text))
    for mark, tag in (("**", "b"), ("`", "code")):
        parts = out.split(mark)
        opened = [f"<{tag}>{part}</{tag}>" if n % 2 else part for n, part in enumerate(parts)]
        out = "".join(opened) if len(parts) % 2 else out
    return out


def _file(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
