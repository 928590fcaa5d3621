"""What the controller asks of the world, and the two errors the world may answer with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from autoscaler.core.cluster import ClusterState
from autoscaler.core.decision import Actuation, Decision
from autoscaler.core.ledger import Ledger
from autoscaler.core.observation import Observation
from autoscaler.core.record import TickRecord
from forecasting.series import Panel


class Unavailable(Exception):
    """The world did not answer. Hold, and try again."""


class Refused(Exception):
    """The world said no. Hold; an operator must act."""


class SignalSource(Protocol):
    def observe(self, at: float) -> Observation: ...

    def history(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        """Work offered per second, in busy servers, one row for each workload; NaN where nobody measured."""
        ...


class ClusterView(Protocol):
    def state(self, at: float) -> ClusterState: ...


class Actuator(Protocol):
    def apply(self, decision: Decision) -> Actuation: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class LedgerStore(Protocol):
    def load(self) -> Ledger | None: ...

    def save(self, ledger: Ledger) -> None: ...


class Journal(Protocol):
    def write(self, record: TickRecord) -> None: ...
