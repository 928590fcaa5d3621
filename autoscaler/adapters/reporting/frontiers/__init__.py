"""The page of the benchmark: tables, and attainment against cost for each series. One file, no network."""

from autoscaler.adapters.reporting.frontiers.page import Chart, Curve, Dot, Page, Table, render

__all__ = ["Chart", "Curve", "Dot", "Page", "Table", "render"]
