"""The goals, each with what was measured: over all series, over those that were looked at, over the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any, NamedTuple

from autoscaler.bench.known import BUILT_ON, HELD_OUT, Goal, named_goals

Figures = Mapping[str, Any]
Some = Mapping[str, Figures]
Value = Callable[[Figures], float | None]
Holds = Callable[[list[float]], bool]
Said = Callable[[list[float]], str]
SEASON = 0.3  # autocorrelation at a day or a week from which a series has a season
TOLERANCES = {"0.9": 0.02, "0.97": 0.01, "0.99": 0.005}
CLOSE = 0.005  # what is printed as 99.00 meets 99


class Row(NamedTuple):
    """`met` None: nothing that was run says."""

    goal: str
    asked: str
    measured: str
    built_on: str
    held_out: str
    met: bool | None

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


def goal_rows(series: Mapping[str, Figures], world: str) -> list[Row]:
    """Those of one series first, then those over all."""
    named = [_named(goal, series[goal.series], world) for goal in named_goals() if goal.series in series]
    return [*named, *_over_all(series)]


def _named(goal: Goal, figures: Figures, world: str) -> Row:
    asked = f"≥ {goal.attainment:g} % @ ≤ {goal.of_optimum:g}"
    if goal.reversals_per_day is not None:
        asked += f", ≤ {goal.reversals_per_day:g} reversals a day"
    run = figures["policies"][world].get(goal.policy)
    if run is None:
        return Row(f"{goal.series}, {goal.policy}", asked, "–", "", "", None)
    attainment, cost = run["attainment"][0], run["of_optimum"][0]
    measured = f"{attainment:.2f} % @ {cost:.3f}"
    met = attainment >= goal.attainment - CLOSE and cost <= goal.of_optimum
    if goal.reversals_per_day is not None:
        measured += f", {run['reversals_per_day']:.1f}"
        met = met and run["reversals_per_day"] <= goal.reversals_per_day
    return _in_its_half(f"{goal.series}, {goal.policy}", asked, measured, figures, met)


def _in_its_half(goal: str, asked: str, measured: str, figures: Figures, met: bool) -> Row:
    built_on, held_out = (measured if figures["half"] == half else "" for half in (BUILT_ON, HELD_OUT))
    return Row(goal, asked, measured, built_on, held_out, met)


def _over_all(series: Mapping[str, Figures]) -> list[Row]:
    seasonal = {name: one for name, one in series.items() if (one["season"] or 0.0) >= SEASON}

    def row(
        goal: str, asked: str, value: Value, holds: Holds, said: Said | None = None, among: Some | None = None
    ) -> Row:
        return _row(goal, asked, series if among is None else among, value, holds, said or _middle)

    rule = "against the best reactive rule tuned in hindsight at 99 %"
    gap = "share of the gap closed by forecasting"
    rows = [
        row("GPU-hours against the HPA's defaults", "median ≤ −20 %", _hpa, lambda v: median(v) <= -0.20),
        row("… with a season", "median ≤ −25 %", _hpa, lambda v: median(v) <= -0.25, among=seasonal),
        row(rule, "median ≤ −8 %", _tuned, lambda v: median(v) <= -0.08),
        row("… its worst series", "≤ +2 %", _tuned, lambda v: max(v) <= 0.02, _most),
        row(f"{gap}, with a season", "median ≥ 33 %", _gap, lambda v: median(v) >= 0.33, among=seasonal),
        row("… its worst series, season or not", "≥ −5 %", _gap, lambda v: min(v) >= -0.05, _least),
    ]
    for level, within in TOLERANCES.items():
        rows += _coverage(series, level, within)
    for name, least in (("rate", 0.5), ("requirement", 0.1)):
        rows += _pinball(series, name, least)
    return [*rows, *_dead(series)]


def _row(goal: str, asked: str, series: Some, value: Value, holds: Holds, said: Said) -> Row:
    """One number a series: what it is over all and over each half, and whether the goal holds over all."""
    halves = [[one for one in series.values() if one["half"] == half] for half in (BUILT_ON, HELD_OUT)]
    everything, built_on, held_out = (_known(value, some) for some in (series.values(), *halves))
    shown, of_built_on, of_held_out = (said(v) if v else "–" for v in (everything, built_on, held_out))
    return Row(goal, asked, shown, of_built_on, of_held_out, holds(everything) if everything else None)


def _known(value: Value, series: Iterable[Figures]) -> list[float]:
    return [number for one in series if (number := value(one)) is not None]


def _coverage(series: Mapping[str, Figures], level: str, within: float) -> list[Row]:
    def off(one: Figures) -> float | None:
        share = one["coverage"][level]
        return None if share is None else share - float(level)

    def worst(values: list[float]) -> str:
        return _off(max(values, key=abs))

    return [
        _row(f"coverage of the {level} bound", f"median ± {within:g}", series, off,
             lambda v: abs(median(v)) <= within, lambda v: _off(median(v))),
        _row("… its worst series", f"± {2 * within:g}", series, off,
             lambda v: max(map(abs, v)) <= 2 * within, worst),
    ]  # fmt: skip


def _pinball(series: Mapping[str, Figures], name: str, least: float) -> list[Row]:
    def against(one: Figures) -> float | None:
        return None if one["pinball"] is None else one["pinball"][f"against_{name}"]

    return [
        _row(f"pinball at .97 against persistence of the {name}", f"median ≤ −{100 * least:g} %", series,
             against, lambda v: median(v) <= -least, _middle),
        _row("… its worst series", "≤ 0 %", series, against, lambda v: max(v) <= 0.0, _most),
    ]  # fmt: skip


def _dead(series: Mapping[str, Figures]) -> list[Row]:
    """Without a forecaster, as it comes, beside the reactive rule."""
    asked = "served ≥ the reactive rule's − 0.1 pt, cost ≤ its + 10 %"
    worst = [one["dead"] for one in series.values() if one["dead"] is not None]
    if not worst:
        return []
    short, dearer = min(one["points"] for one in worst), max(one["cost"] for one in worst)
    met = short >= -0.1 and dearer <= 0.10
    said = f"worst {short:+.2f} pt, {100 * dearer:+.1f} %".replace("-", "−")
    return [Row("forecaster dead (one that lies is tested elsewhere)", asked, said, "", "", met)]


def _hpa(one: Figures) -> float | None:
    ratio: float | None = one["against_hpa"]
    return ratio


def _tuned(one: Figures) -> float | None:
    ratio: float | None = one["against_tuned"]
    return ratio


def _gap(one: Figures) -> float | None:
    closed = one["gap_closed"]
    return None if closed is None else float(closed[0])


def _middle(values: list[float]) -> str:
    return _percent(median(values))


def _most(values: list[float]) -> str:
    return _percent(max(values))


def _least(values: list[float]) -> str:
    return _percent(min(values))


def _percent(share: float) -> str:
    return "never gets there" if abs(share) == float("inf") else f"{100 * share:+.0f} %".replace("-", "−")


def _off(share: float) -> str:
    return f"{share:+.3f}".replace("-", "−")
