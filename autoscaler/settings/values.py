"""What a configuration amounts to, as a value. Knows no file and no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoscaler.control.calendar import Calendar, Schedule
from autoscaler.core.cluster import Target
from autoscaler.core.lead_time import Lead, LeadTimes, lead_for
from autoscaler.core.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    policy: Policy
    forecaster: str  # a name of the catalogue, or "none"
    schedules: Mapping[str, tuple[Schedule, ...]] = field(default_factory=dict)  # by workload
    called: Mapping[Target, str] = field(default_factory=dict)  # what the operator calls a target
    warnings: tuple[str, ...] = ()  # what can be used, but hardly is what was meant

    def leads(self) -> Mapping[str, Lead]:
        """How long a start takes, by workload, as believed before one was seen."""
        policy = self.policy
        return {n: lead_for(LeadTimes(), w, policy.pools[w.pool]) for n, w in policy.workloads.items()}

    def calendar(self) -> Calendar:
        """The calendar floors, each from a slow start before it begins, so that its servers serve by then."""
        return Calendar(self.schedules, {name: lead.slow for name, lead in self.leads().items()})
