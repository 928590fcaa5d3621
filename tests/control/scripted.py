"""A world that shows what a test tells it to, and keeps what it was asked to do."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from autoscaler.control.controller import Config, Controller
from autoscaler.control.memory import MemoryJournal, MemoryLedger
from autoscaler.core.cluster import ClusterState, Fleet, Target, nodes, servers
from autoscaler.core.decision import Actuation, Decision
from autoscaler.core.observation import Observation
from autoscaler.core.policy import Policy
from forecasting.forecast import Forecast
from forecasting.series import Panel
from tests.builders import AT, a_policy, readings


class ScriptedWorld:
    """Four ports in one. `fails` names the ports that raise, and with what."""

    def __init__(self, desired: int = 12) -> None:
        self.at = AT
        self.fleets: dict[Target, Fleet] = {
            servers("chat"): Fleet(desired, desired),
            nodes("h100"): Fleet(-(-desired // 2), -(-desired // 2)),
        }
        self.shown: Mapping | None = readings()
        self.past: dict[str, Panel] = {}
        self.fails: dict[str, Exception] = {}
        self.applied: list[Decision] = []
        self.refuses: tuple[tuple[Target, str], ...] = ()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def observe(self, at: float) -> Observation:
        self._maybe_fail("observe")
        return Observation(at=at, workloads={} if self.shown is None else {"chat": self.shown})

    def history(self, start: float, end: float, step: float) -> dict[str, Panel]:
        self._maybe_fail("history")
        return self.past

    def state(self, at: float) -> ClusterState:
        self._maybe_fail("state")
        return ClusterState(at=at, fleets=dict(self.fleets))

    def apply(self, decision: Decision) -> Actuation:
        self._maybe_fail("apply")
        self.applied.append(decision)
        if self.refuses:
            return Actuation(failed=self.refuses)
        for scale in decision.moves:
            self.fleets[scale.target] = Fleet(scale.to, scale.to)
        return Actuation(applied=tuple(scale.target for scale in decision.moves))

    def _maybe_fail(self, port: str) -> None:
        if port in self.fails:
            raise self.fails[port]

    def show(self, work: float, at: float) -> None:
        """So many busy servers, measured now."""
        per_request = a_policy().workloads["chat"].profile.usual_work
        self.shown = readings(work / per_request, at=at, running=min(work, 48.0) * 64)


def a_controller(world: ScriptedWorld, policy: Policy | None = None, *, ledger=None, fits=None, **config):
    store = ledger if isinstance(ledger, MemoryLedger) else MemoryLedger(ledger)
    journal = MemoryJournal()
    controller = Controller(
        Config(policy=policy or a_policy(), fits=fits, **config),
        signals=world,
        cluster=world,
        actuator=world,
        clock=world,
        ledger=store,
        journal=journal,
    )
    return controller, journal, store


def live(controller: Controller, world: ScriptedWorld, work, *, ticks: int, start: float = AT):
    """So many ticks of 15 s at a demand: a number, or a function of the tick. None: nothing is measured."""
    record = None
    for tick in range(ticks):
        at = start + 15.0 * tick
        now = work(tick) if callable(work) else work
        if now is None:
            world.shown = None
        else:
            world.show(now, at)
        record = controller.tick(at)
    return record


class Liar:
    """A forecaster that says what it is told to, or fails as it is told to."""

    name = "liar"
    memory = 1

    def __init__(self, value=None, error: Exception | None = None, in_fit: bool = False) -> None:
        self.value, self.error, self.in_fit = value, error, in_fit

    def fit(self, history: Panel):
        if self.in_fit and self.error:
            raise self.error
        return self

    def state(self):
        return {}

    def forecast(self, recent: Panel, horizon: float, levels) -> Forecast:
        if self.error:
            raise self.error
        asked = tuple(sorted({0.5, *levels}))
        ahead = max(int(horizon // recent.step) + 1, 1)
        paths = np.full((len(asked), recent.rows, ahead), float(self.value))
        return Forecast(origin=recent.end, step=recent.step, levels=asked, paths=paths, method=self.name)
