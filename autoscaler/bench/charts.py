"""Figures → what the page draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoscaler.adapters.reporting.frontiers import Chart, Curve, Dot
from autoscaler.bench.figures import GOAL
from autoscaler.bench.plan import FAMILIES, GAP
from autoscaler.bench.words import in_halves
from autoscaler.replay.frontier import Point, efficient

NAMES = {"rule": "Headway without a forecaster", "headway": "Headway", "oracle": "perfect foresight"}
KNOBS = {"share": "asked for", "headroom": "headroom", "target": "places filled to"}


def charts(series: Mapping[str, Mapping[str, Any]], world: str) -> list[Chart]:
    """One for each series; of each curve only what no other of its settings beats."""
    return [_chart(name, one, world) for name, one in in_halves(series)]


def _chart(name: str, one: Mapping[str, Any], world: str) -> Chart:
    curves = []
    for family, found in one["frontiers"].items():
        kept = efficient([Point(share, cost, knob) for cost, share, knob in found])
        points = [(round(p.gpu_hours, 4), round(p.attainment, 4), p.knob) for p in kept]
        kind = family if family in GAP else "tuned"
        curves.append(Curve(NAMES.get(family, family), kind, KNOBS[FAMILIES[family].knob], points))
    dots = [
        Dot(policy, round(run["of_optimum"][0], 4), round(run["attainment"][0], 4))
        for policy, run in one["policies"][world].items()
    ]
    return Chart(name, one["half"], GOAL, sorted(curves, key=lambda c: c.kind != "tuned"), dots)
