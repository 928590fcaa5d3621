"""What `headway tune` found: sentences, tables, the page and the object that `--json` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoscaler.adapters.reporting.chosen import headroom, hold, price, since
from autoscaler.adapters.reporting.units import duration, number, percent
from autoscaler.replay.choice import (
    WORTH,
    Best,
    Candidate,
    Point,
    best_of,
    come_to,
    may_miss,
    worth_reading,
)
from autoscaler.replay.frontier import Point as Turned
from autoscaler.replay.frontier import efficient

if TYPE_CHECKING:
    from rich.table import Table

    from autoscaler.adapters.reporting.frontiers import Chart, Curve
    from autoscaler.cli.tune import Tuned
    from autoscaler.core.policy import Workload

NOTE = (
    "Each line is a setting that is turned, each of its points the same days lived again; up and to the left "
    "is better. The share of the work in time is drawn by what misses: 90, 99 and 99.9 % are equally far "
    "apart. What lies outside stands on the edge. Point at a line for its figures."
)
KEYS = (
    ("headway", "the forecast at every price of lateness, with the hold that was chosen"),
    ("rule", "the reactive rule at every headroom, with that hold"),
    ("tuned", "the same with other holds"),
)


def sentences(tuned: Tuned) -> list[str]:
    """What was chosen and why, for one workload."""
    workload, chosen = tuned.workload, tuned.chosen
    missed, spent = come_to(tuned.frontier.points, chosen)
    aim = f"{percent(workload.objective.share)} within {duration(workload.objective.wait_s)}"
    said = [
        f"For {aim}, {since(chosen.days)}; a day a week older counts half.",
        _reads(tuned),
        f"{_upper(hold(chosen.hold_s))}"
        + (", and as long lies between two moves down." if chosen.hold_s else "."),
        f"{_upper(headroom(chosen.headroom))}.",
        worth(tuned),
        f"Lived again with these settings, those days have {percent(1.0 - missed, 2)} of the work in time "
        f"for {number(spent, 4)} GPU-hours for each one of work.",
    ]
    return [*said, stated(workload)]


def worth(tuned: Tuned) -> str:
    """What the forecast is worth beside the best reactive rule, at the same misses."""
    by_forecast, by_rule = best_of(tuned.frontier.points, tuned.workload)
    left = f"{percent(may_miss(tuned.frontier.points, tuned.workload), 3)} of the work late"
    spent = number(by_rule.spent, 4)
    rule = f"the best reactive rule (headroom {percent(by_rule.knob)}, {held(by_rule)}) {spent}x"
    if by_forecast.broken or by_rule.broken:
        return _broken(by_forecast, by_rule, left)
    gain = 1.0 - by_forecast.spent / by_rule.spent
    costs = f"at {left} it costs {number(by_forecast.spent, 4)}x the work, {rule}"
    if not worth_reading(by_forecast, by_rule):
        return f"The forecast is not worth reading here, and the rule plans alone: {costs}."
    if gain < 0.0:
        return (
            f"The forecast is dearer than the best reactive rule by {percent(-gain)}, and is read all the "
            f"same as long as it is no more than {percent(WORTH - 1.0)}: {costs}."
        )
    return f"A forecast is worth {percent(gain)} against the best reactive rule: {costs}."


def _broken(by_forecast: Best, by_rule: Best, left: str) -> str:
    """Where one of the two, or both, cannot keep the promise with the margin."""
    if by_forecast.broken and by_rule.broken:
        nearer = "the forecast" if worth_reading(by_forecast, by_rule) else "the reactive rule"
        return f"Nothing that was tried stays at {left}; {nearer} comes nearest and plans."
    if by_rule.broken:
        spent = number(by_forecast.spent, 4)
        return f"No reactive rule stays at {left}; a forecast does, for {spent}x the work."
    return (
        f"No reading of the forecast stays at {left}; the reactive rule does, for "
        f"{number(by_rule.spent, 4)}x the work, and plans alone."
    )


def _reads(tuned: Tuned) -> str:
    level = tuned.workload.level
    if level is not None:
        return f"Counts are read at the level of {level:g} that is stated, and no price is chosen."
    return f"{_upper(price(tuned.chosen.late_price))}."


def held(best: Best) -> str:
    return f"held {duration(best.hold_s)}" if best.hold_s else "not held"


def stated(workload: Workload) -> str:
    """What the operator said: it is never overridden."""
    limits, said = workload.servers, []
    if workload.level is not None:
        said.append(f"level {workload.level:g}")
    if workload.headroom is not None:
        said.append(f"headroom {percent(workload.headroom)}")
    if limits.stabilisation_s is not None:
        said.append(f"stabilisation {duration(limits.stabilisation_s)}")
    if limits.cooldown_down_s is not None:
        said.append(f"cooldown_down {duration(limits.cooldown_down_s)} (and plans hold no shorter)")
    if workload.miss_price is not None:
        said.append(f"miss_price {number(workload.miss_price)} (the price of lateness goes no lower)")
    if not said:
        return "Stated: nothing of this. A stated level, headroom, stabilisation or cooldown_down stands."
    return f"Stated, and never overridden: {', '.join(said)}."


def tables(tuned: Tuned) -> list[tuple[str, Sequence[str], Sequence[Sequence[tuple[str, bool]]]]]:
    """Title, columns, rows; of each cell whether it keeps the promise with the margin."""
    points = tuned.frontier.points
    may = may_miss(points, tuned.workload)
    found = {p.candidate: p for p in points}
    holds = list(dict.fromkeys(p.candidate.hold_s for p in points))
    columns = [("held " + duration(h) if h else "not held") + _mark(h, tuned) for h in holds]

    def rows(
        knob: Callable[[Candidate], float | None], show: Callable[[float], str]
    ) -> list[list[tuple[str, bool]]]:
        by_knob: dict[float, dict[float, Point]] = {}
        for candidate, point in found.items():
            value = knob(candidate)
            if value is not None:
                by_knob.setdefault(value, {})[candidate.hold_s] = point
        return [
            [(show(value), False), *(_cell(line[h], may) for h in holds)] for value, line in by_knob.items()
        ]

    return [
        (_knob(tuned.workload), columns, rows(lambda c: c.late_price, _value(tuned.workload))),
        (
            "reactive rule, headroom",
            columns,
            rows(lambda c: c.headroom if c.late_price is None else None, percent),
        ),
    ]


def _knob(workload: Workload) -> str:
    return "price of lateness" if workload.level is None else "the level stated"


def _value(workload: Workload) -> Callable[[float], str]:
    return number if workload.level is None else lambda _: f"{workload.level:g}"


def _mark(hold_s: float, tuned: Tuned) -> str:
    return " ←" if hold_s == tuned.chosen.hold_s else ""


def _cell(point: Point, may: float) -> tuple[str, bool]:
    return f"{100.0 * (1.0 - point.missed):.2f} % @{point.spent:.3f}", point.missed <= may


def print_tables(tuned: Mapping[str, Tuned], html: Path | None) -> None:
    from rich.markup import escape

    from autoscaler.cli.tables import wide_console

    console = wide_console()
    for name, one in tuned.items():
        console.print(f"[bold]{escape(name)}[/]", highlight=False)
        for sentence in sentences(one):
            console.print(sentence, highlight=False, markup=False, soft_wrap=True)
        console.print()
        for title, columns, rows in tables(one):
            console.print(_table(title, columns, rows))
            console.print()
    console.print(
        "Each cell: the share of the work in time @ GPU-hours ÷ work, all days together. Green keeps the "
        "promise with a margin for the weeks to come; ← is the hold that was chosen. "
        "What is chosen may lie between two rows.",
        style="dim",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if html is not None:
        console.print(escape(f"Page: {html}"), highlight=False, soft_wrap=True)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[tuple[str, bool]]]) -> Table:
    from rich.table import Table

    table = Table(header_style="bold", pad_edge=False, box=None)
    table.add_column(title, justify="left", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(f"[green]{text}[/]" if keeps else text for text, keeps in row))
    return table


def page(tuned: Mapping[str, Tuned]) -> str:
    from autoscaler.adapters.reporting.frontiers import Page, Table, render

    shown = []
    for name, one in tuned.items():
        for title, columns, rows in tables(one):
            plain = [[f"**{text}**" if keeps else text for text, keeps in row] for row in rows]
            shown.append(Table(f"{name}: {title}", [], [title, *columns], plain))
    named = {name: f"{name}: " if len(tuned) > 1 else "" for name in tuned}
    summary = [[named[name] + sentence] for name, one in tuned.items() for sentence in sentences(one)]
    first = Table("What is chosen", ["Chosen anew every night, for each workload."], ["settings"], summary)
    return render(
        Page(
            title="Settings chosen from the past",
            headline="; ".join(f"{name}: {_short(one)}" for name, one in tuned.items()) + ".",
            about=[
                "The past days lived again at every candidate. Each cell is the share of the work in time @ "
                "GPU-hours ÷ work; **bold** ones keep the promise with a margin for the weeks to come."
            ],
            tables=[first, *shown],
            charts=[chart(name, one) for name, one in tuned.items()],
            product="tune",
            note=NOTE,
            keys=KEYS,
        )
    )


def _short(one: Tuned) -> str:
    chosen = one.chosen
    level = one.workload.level
    reads = f"price of lateness {number(chosen.late_price, 2)}" if level is None else f"level {level:g}"
    reads = reads if chosen.forecast > 0.0 else "no forecast"
    kept = f"plans hold {duration(chosen.hold_s)}" if chosen.hold_s else "plans are not held"
    return f"{reads}, {kept}, headroom {percent(chosen.headroom)}"


def chart(name: str, one: Tuned) -> Chart:
    from autoscaler.adapters.reporting.frontiers import Chart, Dot

    holds = dict.fromkeys(p.candidate.hold_s for p in one.frontier.points)
    curves = [curve for h in holds for curve in _curves(h, one)]
    missed, spent = come_to(one.frontier.points, one.chosen)
    return Chart(
        name,
        f"{number(one.frontier.days)} days",
        round(100.0 * one.workload.objective.share, 4),
        sorted(curves, key=lambda curve: curve.kind != "tuned"),
        [Dot("headway", round(spent, 4), round(100.0 * (1.0 - missed), 4))],
        "the work",
    )


def _curves(hold_s: float, one: Tuned) -> list[Curve]:
    from autoscaler.adapters.reporting.frontiers import Curve

    ours = [p for p in one.frontier.points if p.candidate.hold_s == hold_s]
    kept = "held " + duration(hold_s) if hold_s else "not held"
    kinds = ("headway", "rule") if hold_s == one.chosen.hold_s else ("tuned", "tuned")
    priced = [(p, p.candidate.late_price) for p in ours if p.candidate.late_price is not None]
    ruled = [(p, p.candidate.headroom) for p in ours if p.candidate.late_price is None]
    return [
        Curve(f"forecast, {kept}", kinds[0], "price", _drawn(priced)),
        Curve(f"reactive rule, {kept}", kinds[1], "headroom", _drawn(ruled)),
    ]


def _drawn(points: Sequence[tuple[Point, float]]) -> list[tuple[float, float, float]]:
    """Only what no other point of the same line beats in both."""
    kept = efficient([Turned(100.0 * (1.0 - p.missed), p.spent, knob) for p, knob in points])
    return [(round(p.gpu_hours, 4), round(p.attainment, 4), p.knob) for p in kept]


def as_object(tuned: Mapping[str, Tuned]) -> dict[str, Any]:
    """What `headway tune --json` prints; docs/tune.md says what each name means."""
    return {"workloads": {name: _object(one) for name, one in tuned.items()}}


def _object(one: Tuned) -> dict[str, Any]:
    workload, chosen, points = one.workload, one.chosen, one.frontier.points
    missed, spent = come_to(points, chosen)
    by_forecast, by_rule = best_of(points, workload)
    return {
        "objective": {"wait_s": workload.objective.wait_s, "share": workload.objective.share},
        "days": round(one.frontier.days, 4),
        "chosen": {
            "late_price": round(chosen.late_price, 4),
            "hold_s": chosen.hold_s,
            "headroom": round(chosen.headroom, 4),
            "forecast": chosen.forecast > 0.0,
            "attainment": round(100.0 * (1.0 - missed), 4),
            "of_work": round(spent, 4),
        },
        "at_margin": {
            "missed": round(may_miss(points, workload), 6),
            "forecast": _best(by_forecast, "late_price"),
            "rule": _best(by_rule, "headroom"),
        },
        "stated": {
            "level": workload.level,
            "headroom": workload.headroom,
            "stabilisation_s": workload.servers.stabilisation_s,
            "cooldown_down_s": workload.servers.cooldown_down_s,
            "miss_price": workload.miss_price,
        },
        "frontier": [
            {
                "late_price": p.candidate.late_price,
                "headroom": p.candidate.headroom if p.candidate.late_price is None else None,
                "hold_s": p.candidate.hold_s,
                "attainment": round(100.0 * (1.0 - p.missed), 4),
                "of_work": round(p.spent, 4),
            }
            for p in points
        ],
    }


def _best(best: Best, knob: str) -> dict[str, float]:
    return {
        knob: round(best.knob, 4),
        "hold_s": best.hold_s,
        "of_work": round(best.spent, 4),
        "broken": round(best.broken, 6),
    }


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
