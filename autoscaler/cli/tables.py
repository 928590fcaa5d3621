"""Policies in a table, and the sentence that sums them up. Reads the figures of `replay --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autoscaler.adapters.reporting.units import duration, hours, number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Figures = Mapping[str, Any]
TITLES = {
    "headway": "Headway",
    "headway-calm": "Headway, calm",
    "oracle": "perfect foresight",
    "static": "static peak",
    "hpa": "HPA v2",
    "keda": "KEDA, queue",
    "keda-llmd": "KEDA, llm-d",
    "kpa": "Knative KPA",
    "apa": "AIBrix APA",
    "phpa": "PHPA",
    "planner": "planner-like",
    "aws": "AWS-like",
    "seasonal": "seasonal",
    "reactive": "reactive rule",
}
CLAIRVOYANT = "oracle"  # knows the future: shown, and never the best of those who do not
WIDE = 104
NARROW_WITHOUT = (6, 8)  # p99 wait and turns a day
CLOSE = 0.005  # of a percent: what is printed as 99.00 meets 99


def title(name: str) -> str:
    return TITLES.get(name, name)


def meets(figures: Figures, objective: float) -> bool:
    return bool(figures["attainment"] >= objective - CLOSE)


def ranked(policies: Mapping[str, Figures], objective: float) -> list[str]:
    """Those that meet the objective first, by cost; then the others, by attainment."""

    def place(name: str) -> tuple[float, ...]:
        figures = policies[name]
        if meets(figures, objective):
            return (0.0, figures["cost"])
        return (1.0, -figures["attainment"], figures["cost"])

    return sorted(policies, key=place)


def best(policies: Mapping[str, Figures], objective: float) -> str | None:
    """The cheapest that meets the objective and does not know the future."""
    able = [n for n in ranked(policies, objective) if n != CLAIRVOYANT and meets(policies[n], objective)]
    return able[0] if able else None


def wide_console() -> Console:
    """The terminal as it is; a file or a pipe has room for every column."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


def policy_table(policies: Mapping[str, Figures], objective: float, wait_s: float, width: int) -> Table:
    """All columns where there is room, else those that matter most."""
    from rich.table import Table

    columns = (
        "",
        f"≤ {duration(wait_s)}",
        "GPU-hours",
        "÷ optimum",
        "cost",
        "p95 wait",
        "p99 wait",
        "up/down",
        "turns/day",
    )
    shown = [n for n in range(len(columns)) if width >= WIDE or n not in NARROW_WITHOUT]
    table = Table(header_style="bold", pad_edge=False, box=None)
    for n in shown:
        table.add_column(columns[n], justify="right" if n else "left", no_wrap=True)
    winner = best(policies, objective)
    for name in ranked(policies, objective):
        cells = _cells(name, policies[name], objective)
        table.add_row(*(cells[n] for n in shown), style="bold" if name == winner else "")
    return table


def _cells(name: str, figures: Figures, objective: float) -> list[str]:
    missed = objective - figures["attainment"]
    colour = "green" if meets(figures, objective) else "yellow" if missed < 1.0 else "red"
    return [
        title(name),
        f"[{colour}]{figures['attainment']:.2f} %[/]",
        hours(figures["gpu_hours"]),
        of_optimum(figures, "–"),
        hours(figures["cost"]),
        duration(figures["p95_wait_s"]),
        duration(figures["p99_wait_s"]),
        f"{figures['scale_ups']}/{figures['scale_downs']}",
        number(figures["reversals_per_day"], 2),
    ]


def of_optimum(figures: Figures, missing: str = "") -> str:
    ratio = figures.get("of_optimum")
    return missing if ratio is None else f"{ratio:.2f}x"


def verdict(policies: Mapping[str, Figures], objective: float, wait_s: float) -> str:
    """Headway, then the rival that most people use, then the cheapest that did as well."""
    ours = policies["headway"]
    text = f"Headway served {ours['attainment']:.2f} % within {duration(wait_s)} for {_price(ours)}"
    if not meets(ours, objective):
        text += f", {objective - ours['attainment']:.2f} points short of the objective of {objective:g} %"
    rivals = [name for name in policies if not name.startswith("headway") and name != CLAIRVOYANT]
    if not rivals:
        return text + "."
    told = ["hpa"] if "hpa" in rivals else rivals[:1]
    cheapest = best({name: policies[name] for name in rivals}, objective)
    if cheapest is not None and cheapest not in told:
        told.append(cheapest)
    others = [f"{title(n)} took {_price(policies[n])} for {policies[n]['attainment']:.2f} %" for n in told]
    if cheapest is None:
        others.append(f"no other policy reached {objective:g} %")
    elif len(rivals) > 1 and cheapest == told[-1] and cheapest != "hpa":
        others[-1] += ", the cheapest of the others that met the objective"
    return f"{text}; {'; '.join(others)}."


def optimum_line(optimum: Figures | None) -> str:
    if not optimum or optimum.get("gpu_hours") is None:
        return "The optimum is not known for this setting."
    return (
        "The least that anyone who knows the future could spend: "
        f"{hours(optimum['gpu_hours'])} GPU-hours for {optimum['attainment']:.2f} % ({optimum['kind']})."
    )


def _price(figures: Figures) -> str:
    ratio = figures.get("of_optimum")
    if ratio is None:
        return f"{hours(figures['gpu_hours'])} GPU-hours"
    return f"{ratio:.2f}x the optimum"
