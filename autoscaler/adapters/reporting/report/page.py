"""A ReportInput → one HTML page. The layout lies beside it in page.html, page.css and page.js."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from autoscaler.adapters.reporting.report.library import SCRIPT, STYLE, ReportError, library_file
from autoscaler.adapters.reporting.report.series import pool_plain, workload_plain
from autoscaler.adapters.reporting.report.values import PolicyRow, ReportInput
from autoscaler.adapters.reporting.units import DATED, duration, hours, number

__all__ = ["ReportError", "render"]

COLUMNS = (
    ("policy", "Who decides"),
    ("in time", "Share of requests within the objective"),
    ("÷ optimum", "GPU-hours over the least that anyone who knows the future could spend"),
    ("GPU-hours", "From request to release"),
    ("cost", "Node-hours × price"),
    ("p95 wait", "Nineteen of twenty requests wait no longer"),
    ("p99 wait", "Ninety-nine of a hundred requests wait no longer"),
    ("ups", "Orders that add nodes"),
    ("downs", "Orders that release nodes"),
    ("reversals a day", "Changes of direction of node orders"),
)


def render(report: ReportInput) -> str:
    """The whole page. Raises ReportError where the chart library is not installed."""
    return Template(_file("page.html")).substitute(
        title=escape(report.title),
        headline=_prose(report.headline),
        optimum=_prose(report.optimum),
        shown=escape(report.shown),
        policies=_table(report.policies, report.objective),
        setting=_setting(report.setting),
        library_style=library_file(STYLE),
        style=_file("page.css"),
        library_script=library_file(SCRIPT).replace("</", "<\\/"),
        script=_file("page.js"),
        values=_in_html(json.dumps(_plain(report), separators=(",", ":"), allow_nan=False)),
    )


def _plain(report: ReportInput) -> Mapping[str, object]:
    starts = [w.start for w in report.workloads] + [p.start for p in report.pools]
    return {
        "dated": min(starts, default=0.0) >= DATED,
        "objective": report.objective,
        "workloads": [workload_plain(section) for section in report.workloads],
        "pools": [pool_plain(section) for section in report.pools],
    }


def _prose(text: str) -> str:
    """A number and its % or its x stay on one line."""
    return escape(text).replace(" %", "\u00a0%")


def _in_html(values: str) -> str:
    """JSON in which no HTML parser finds the end of a script, a comment or a tag."""
    return values.replace("<", "\\u003c")


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _table(rows: Sequence[PolicyRow], objective: float) -> str:
    head = "".join(f'<th scope="col" title="{escape(why)}">{escape(name)}</th>' for name, why in COLUMNS)
    body = "".join(_row(row, objective) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(row: PolicyRow, objective: float) -> str:
    met = row.attainment >= objective - 5e-3
    sign = (
        '<span class="met" title="meets the objective">✓</span>' if met else '<span class="missed">✗</span>'
    )
    cells = (
        f"{sign} {row.attainment:.2f} %",
        "–" if row.of_optimum is None else f"{row.of_optimum:.2f}",
        hours(row.gpu_hours),
        hours(row.cost),
        duration(row.p95_wait_s),
        duration(row.p99_wait_s),
        str(row.scale_ups),
        str(row.scale_downs),
        number(row.reversals_per_day, 2),
    )
    kind = ' class="best"' if row.best else ""
    return f'<tr{kind}><th scope="row">{escape(row.name)}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'


def _setting(setting: Mapping[str, str]) -> str:
    return "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in setting.items())
