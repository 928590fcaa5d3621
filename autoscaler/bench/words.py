"""Figures → sections of tables, worded once for the Markdown and for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autoscaler.bench.figures import COVERED
from autoscaler.bench.goals import Row
from autoscaler.bench.known import BUILT_ON, HELD_OUT
from autoscaler.bench.plan import TUNED

Figures = Mapping[str, Any]
NOTES = {
    "goals": """
        Medians and worst over all series, then over those that were looked at while this was built, and
        over those held out. Costs of one policy against another are at equal attainment, read off each
        one's own frontier. Who never gets there costs more than any.""",
    "policies": """
        Share of requests that began within 10 s, in percent, @ GPU-hours ÷ the clairvoyant lower bound;
        the median over seeds. The baselines are under their documented defaults.""",
    "ranges": "Least to most, and changes of direction a day.",
    "hindsight": """
        GPU-hours ÷ optimum at 99 %, the knob chosen on the scored part itself: on the rule's own
        frontier, and in brackets the cheapest setting that was tried and its knob (the share of places to
        fill; for reactive, the headroom). Nobody could have known it. –: no setting gets there. The last
        but one column reads Headway off its own frontier too; the last takes Headway as it comes, against
        the tuned rules at the share that it served.""",
    "frontiers": """
        The frontiers as numbers: GPU-hours ÷ optimum at each share of requests in time, for Headway /
        Headway without a forecaster / the best reactive rule tuned in hindsight / Headway with the true
        future. Nothing is extrapolated: who does better at its cheapest setting costs what that costs.""",
    "gap": """
        GPU-hours ÷ optimum at 99 %, each on its own frontier: R, Headway without a forecaster at every
        headroom; H, Headway at every share asked for; P, Headway with the true future at every headroom.
        Closed is (R − H) ÷ (R − P), the median over seeds, then least and most; all of it where only R
        never gets there. Season: the larger autocorrelation at a day or a week.""",
    "forecasts": """
        Share of five-minute marks at which the bound of each level held; and the pinball loss at .97 of
        the requirement a lead time ahead, ÷ the mean of what came: Headway's bound, and
        conformal persistence of the rate and of the requirement (last value × quantile of past ratios,
        spoken as early).""",
}
OURS = ("headway", "headway-calm", "oracle")
TITLES = {
    "measured": "Attainment @ GPU-hours ÷ optimum",
    "life": "As hard as life: scraped every 30 s, rates over 2 min, pods in the ReplicaSet's own order",
}


class Section(NamedTuple):
    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def sections(
    series: Mapping[str, Figures], goals: Sequence[Row], worlds: Sequence[str], world: str
) -> list[Section]:
    """Everything that was measured, the goals first."""
    shown = [_goals(goals)] if goals else []
    shown += [_policies(series, one) for one in worlds]
    shown.append(_ranges(series, world))
    one = next(iter(series.values()))
    if one["hindsight"]:
        shown.append(_hindsight(series))
    if one["frontiers"]:
        shown.append(_frontiers(series))
    if any(figures["at_99"]["rule"] is not None or figures["gap_closed"] for figures in series.values()):
        shown.append(_gap(series))
    if any(figures["pinball"] for figures in series.values()):
        shown.append(_forecasts(series))
    return shown


def in_halves(series: Mapping[str, Figures]) -> list[tuple[str, Figures]]:
    """Those that were looked at first."""
    return [(n, one) for half in (BUILT_ON, HELD_OUT) for n, one in series.items() if one["half"] == half]


def _goals(goals: Sequence[Row]) -> Section:
    met = {True: "met", False: "**not met**", None: "–"}
    return Section(
        "Goals",
        [_prose("goals")],
        ["goal", "asked", "measured", BUILT_ON, HELD_OUT, ""],
        [[row.goal, row.asked, row.measured, row.built_on, row.held_out, met[row.met]] for row in goals],
    )


def _policies(series: Mapping[str, Figures], world: str) -> Section:
    names = list(next(iter(series.values()))["policies"][world])
    rows = []
    for name, one in in_halves(series):
        cells = [_cell(one["policies"][world][policy]) for policy in names]
        rows.append([name, one["half"], *cells])
    notes = [_prose("policies"), *_bounded(series)]
    return Section(TITLES[world], notes, ["series", "half", *names], rows)


def _bounded(series: Mapping[str, Figures]) -> list[str]:
    """Where the ceiling cannot serve everything, the bound is for the largest share that it can."""
    found = [
        f"{name} ({one['optimum']['attainment']:.2f} %)"
        for name, one in series.items()
        if one["optimum"]["attainment"] < 100.0 - 1e-9
    ]
    return (
        [f"The bound is for less than everything where the ceiling is too low: {', '.join(found)}."]
        if found
        else []
    )


def _cell(run: Figures) -> str:
    return f"{run['attainment'][0]:.1f} @{run['of_optimum'][0]:.2f}"


def _ranges(series: Mapping[str, Figures], world: str) -> Section:
    names = [n for n in OURS if n in next(iter(series.values()))["policies"][world]]
    rows = []
    for name, one in in_halves(series):
        runs = [one["policies"][world][policy] for policy in names]
        cells = [f"{_range(r['attainment'], 2)} @{_range(r['of_optimum'], 3)}" for r in runs]
        rows.append([name, *cells, *(f"{r['reversals_per_day']:.1f}" for r in runs[:2])])
    columns = ["series", *names, *(f"reversals a day, {name}" for name in names[:2])]
    return Section("Headway over the seeds", [_prose("ranges")], columns, rows)


def _hindsight(series: Mapping[str, Figures]) -> Section:
    names = [n for n in TUNED if n in next(iter(series.values()))["hindsight"]]
    rows = []
    for name, one in in_halves(series):
        costs = one["at_99"]
        cells = [_tuned(one["hindsight"][policy]) for policy in names]
        rows.append(
            [
                name,
                *cells,
                _number(costs["tuned"]),
                _number(costs["headway"]),
                _signed(one["against_tuned"]),
                _signed(one["as_it_comes"]),
            ]
        )
    notes = [_prose("hindsight")]
    return Section(
        "Reactive rules tuned in hindsight",
        notes,
        ["series", *names, "best", "headway", "headway against it", "as it comes"],
        rows,
    )


def _tuned(one: Figures) -> str:
    if one["cost"] is None:
        return "–"
    return f"{one['cost']:.2f} ({_number(one['cheapest'])} at {one['knob']:g})"


def _frontiers(series: Mapping[str, Figures]) -> Section:
    asked = list(next(iter(series.values()))["costs"])
    rows = []
    for name, one in in_halves(series):
        cells = [
            " / ".join(_number(costs[who]) for who in ("headway", "rule", "tuned", "oracle"))
            for costs in one["costs"].values()
        ]
        rows.append([name, *cells])
    return Section(
        "Cost at other shares", [_prose("frontiers")], ["series", *(f"{a} %" for a in asked)], rows
    )


def _gap(series: Mapping[str, Figures]) -> Section:
    rows = []
    for name, one in in_halves(series):
        costs, closed = one["at_99"], one["gap_closed"]
        shown = "–" if closed is None else _signed(closed[0])
        spread = "" if closed is None else f"{_signed(closed[1])} … {_signed(closed[2])}"
        season = "–" if one["season"] is None else f"{one['season']:.2f}"
        cells = [_number(costs[family]) for family in ("rule", "headway", "oracle")]
        rows.append([name, season, *cells, shown, spread])
    notes = [_prose("gap")]
    columns = ["series", "season", "R", "H", "P", "gap closed", "over the seeds"]
    return Section("What forecasting is worth", notes, columns, rows)


def _forecasts(series: Mapping[str, Figures]) -> Section:
    rows = []
    for name, one in in_halves(series):
        held = [_number(one["coverage"][level], 3) for level in COVERED]
        loss = one["pinball"] or {}
        shown = [_number(loss.get(who), 4) for who in ("headway", "rate", "requirement")]
        against = [_signed(loss.get(f"against_{who}")) for who in ("rate", "requirement")]
        rows.append([name, *held, *shown, *against])
    notes = [_prose("forecasts")]
    columns = ["series", *(level.lstrip("0") for level in COVERED), "pinball", "of rate", "of requirement",
               "against rate", "against requirement"]  # fmt: skip
    return Section("What was forecast, and how often it held", notes, columns, rows)


def _range(spread: Sequence[float], digits: int) -> str:
    _, least, most = spread
    one, other = f"{least:.{digits}f}", f"{most:.{digits}f}"
    return one if one == other else f"{one}–{other}"


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _signed(share: float | None) -> str:
    if share is None:
        return "–"
    return "never" if abs(share) == float("inf") else f"{100 * share:+.0f} %".replace("-", "−")


def _prose(name: str) -> str:
    return " ".join(NOTES[name].split())
