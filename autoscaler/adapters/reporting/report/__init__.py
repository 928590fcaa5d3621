"""The HTML report of a replay: one file that needs no network."""

from autoscaler.adapters.reporting.report.page import ReportError, render
from autoscaler.adapters.reporting.report.values import (
    Counts,
    Mark,
    PolicyRow,
    PoolSection,
    ReportInput,
    WorkloadSection,
)

__all__ = [
    "Counts",
    "Mark",
    "PolicyRow",
    "PoolSection",
    "ReportError",
    "ReportInput",
    "WorkloadSection",
    "render",
]
