"""One function for each mode: settings in, a wired controller out. The only place that wires."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autoscaler.control.choices import Layer, Tuner
from autoscaler.control.clock import VirtualClock, WallClock
from autoscaler.control.controller import Config, Controller, Least, no_floors
from autoscaler.control.fits import Fits, FitsHere, FitsInChild
from autoscaler.control.memory import FileJournal, MemoryLedger, NoJournal
from autoscaler.core.policy import Limits, Objective, Policy
from autoscaler.core.record import TickRecord
from autoscaler.replay.baselines import BASELINES, BaselineDriver
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.journal import RecordedWorld, decisions_again, header, read_beginning
from autoscaler.replay.oracle import Oracle
from autoscaler.replay.outcome import Outcome
from autoscaler.replay.run import run
from autoscaler.replay.scorecard import Checked, Scorecard, score
from autoscaler.replay.setting import Setting
from autoscaler.replay.world import World

if TYPE_CHECKING:
    from autoscaler.ports import Actuator, Clock, ClusterView, Journal, LedgerStore, SignalSource
    from forecasting.forecaster import Forecaster

FORECASTER = "ensemble"
OURS = ("headway", "headway-calm", "oracle")
POLICIES = (*BASELINES, *OURS)
HISTORY_DAYS = 28.0
DAY = 86_400.0
MINUTE = 60.0
CALM_SHARE = 0.998
CALM_COOLDOWN_S = 1_800.0


class UnknownPolicy(ValueError):
    """A policy that nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """One policy's replay: the curves, the figures and, of a controller, its records that moved something."""

    name: str
    outcome: Outcome
    scorecard: Scorecard
    moves: tuple[TickRecord, ...] = ()
    checked: tuple[Bounds, ...] = ()


class Bounds(NamedTuple):
    """What was said of one instant ahead, and what came: one point of the band in a report."""

    at: float
    workload: str
    levels: tuple[float, ...]
    bounds: tuple[float, ...]
    came: float


class Watched(NamedTuple):
    """What one who watches a replay is told after each whole tick."""

    at: float
    record: TickRecord | None
    cluster: SimulatedCluster


def replay(
    setting: Setting,
    name: str,
    *,
    seed: int = 1,
    forecaster: str | None = None,
    optimum_gpu_hours: float | None = None,
    journal: Journal | None = None,
    on_tick: Callable[[Watched], None] | None = None,
    least: Least = no_floors,
    target: float | None = None,
    without: frozenset[Layer] = frozenset(),
) -> PolicyRun:
    """One policy through one setting. `target`: the share of its places that a baseline is to fill;
    `without`: layers of the controller that are left out, to see what they are worth."""
    if name not in POLICIES:
        raise UnknownPolicy(f"no policy is called {name!r}; there are {', '.join(POLICIES)}")
    if name in BASELINES:
        return _replay_baseline(setting, name, seed, optimum_gpu_hours, on_tick, target)
    policy = calm(setting.policy) if name == "headway-calm" else setting.policy
    cluster = SimulatedCluster(policy, setting.offered, setting.world, seed)
    clock = VirtualClock(setting.start)
    controller = Controller(
        Config(
            policy=policy,
            fits=_fits_for(name, forecaster, policy, setting),
            # Foresight has nothing to choose.
            tuner=None if name == "oracle" else make_tuner(forecaster),
            least=least,
            without=without,
        ),
        signals=cluster,
        cluster=cluster,
        actuator=cluster,
        clock=clock,
        ledger=MemoryLedger(),
        journal=journal or NoJournal(),
    )
    driver = _Watching(controller)

    def told(at: float) -> None:
        if on_tick is not None:
            on_tick(Watched(at, driver.last, cluster))

    outcome = run(cluster, driver, start=setting.start, end=setting.end, on_tick=told)
    checked = _checked(controller)
    card = score(outcome, optimum_gpu_hours=optimum_gpu_hours, checked=_every_five_minutes(checked))
    return PolicyRun(name=name, outcome=outcome, scorecard=card, moves=tuple(driver.moves), checked=checked)


def calm(policy: Policy) -> Policy:
    """The same wishes at a share of 99.8 %, and half an hour between moves down if none is stated."""

    def slow(limits: Limits) -> Limits:
        return (
            limits if limits.cooldown_down_s is not None else replace(limits, cooldown_down_s=CALM_COOLDOWN_S)
        )

    return Policy(
        workloads={
            n: replace(w, objective=_calm_objective(w.objective), servers=slow(w.servers))
            for n, w in policy.workloads.items()
        },
        pools={n: replace(p, nodes=slow(p.nodes)) for n, p in policy.pools.items()},
    )


def make_fits(name: str | None, *, child: bool) -> Fits | None:
    """Where the named forecaster is fitted: in a child beside a live tick, at once in a replay."""
    if name == "none":
        return None
    made = make_forecaster(name)
    return FitsInChild(made) if child else FitsHere(made)


def make_forecaster(name: str | None) -> Forecaster:
    from forecasting.catalogue import make

    return make(name or FORECASTER)


def make_tuner(forecaster: str | None) -> Tuner | None:
    """What chooses settings from the past; without a forecaster they stay what they are by default."""
    if forecaster == "none":
        return None
    from autoscaler.replay.tune import Tuning

    return Tuning(make_forecaster(forecaster))


def drive(
    policy: Policy,
    *,
    signals: SignalSource,
    cluster: ClusterView,
    actuator: Actuator,
    forecaster: str | None = None,
    least: Least = no_floors,
    clock: Clock | None = None,
    ledger: LedgerStore | None = None,
    journal: Journal | None = None,
) -> Controller:
    """The controller behind somebody else's world. Fits are made at once: that world's clock is not ours."""
    return Controller(
        Config(
            policy=policy,
            fits=make_fits(forecaster, child=False),
            tuner=make_tuner(forecaster),
            least=least,
        ),
        signals=signals,
        cluster=cluster,
        actuator=actuator,
        clock=clock or WallClock(),
        ledger=ledger or MemoryLedger(),
        journal=journal or NoJournal(),
    )


class _Watching:
    """The controller as a driver: keeps the newest record and those that moved something."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.last: TickRecord | None = None
        self.moves: list[TickRecord] = []

    def tick(self, at: float, scope: Any) -> None:
        record = self._controller.tick(at, scope)
        self.last = record
        if record.decision.moves:
            self.moves.append(record)


def _replay_baseline(
    setting: Setting,
    name: str,
    seed: int,
    optimum_gpu_hours: float | None,
    on_tick: Callable[[Watched], None] | None,
    target: float | None,
) -> PolicyRun:
    factory = BASELINES[name]
    world: World = replace(setting.world, nodes_follow=factory.nodes_follow)
    cluster = SimulatedCluster(setting.policy, setting.offered, world, seed)
    driver = BaselineDriver(factory, setting.policy, cluster, target)

    def told(at: float) -> None:
        if on_tick is not None:
            on_tick(Watched(at, None, cluster))

    outcome = run(cluster, driver, start=setting.start, end=setting.end, on_tick=told)
    return PolicyRun(
        name=name, outcome=outcome, scorecard=score(outcome, optimum_gpu_hours=optimum_gpu_hours)
    )


def _fits_for(name: str, forecaster: str | None, policy: Policy, setting: Setting) -> Fits | None:
    if name != "oracle":
        return make_fits(forecaster, child=False)
    waits = {n: w.objective.wait_s for n, w in policy.workloads.items()}
    return FitsHere(Oracle(setting.offered, waits, MINUTE))


def _calm_objective(objective: Objective) -> Objective:
    return replace(objective, share=max(objective.share, CALM_SHARE))


def _checked(controller: Controller) -> tuple[Bounds, ...]:
    foresight = controller.foresight
    return () if foresight is None else tuple(Bounds(*realised) for realised in foresight.reckoning.realised)


def _every_five_minutes(bounds: Sequence[Bounds]) -> list[Checked]:
    return [
        Checked(level, bound, one.came)
        for one in bounds
        if one.at % 300.0 < 1.0
        for level, bound in zip(one.levels, one.bounds, strict=True)
    ]


def open_journal(path: Path, setting: Setting, forecaster: str | None) -> FileJournal:
    """A journal that can be lived again: it begins with what the controller begins with."""
    cluster = SimulatedCluster(setting.policy, setting.offered, setting.world, 0)
    past = cluster.history(setting.start - HISTORY_DAYS * DAY, setting.start, MINUTE)
    return FileJournal(path, header(setting.policy, forecaster or FORECASTER, past, None))


def relive(path: Path) -> Iterator[tuple[TickRecord, TickRecord]]:
    """Each tick of a journal, and the same tick decided anew from what it saw."""
    beginning = read_beginning(path)
    world = RecordedWorld(beginning)
    controller = drive(
        beginning.policy,
        signals=world,
        cluster=world,
        actuator=world,
        forecaster=beginning.forecaster,
        least=world.least,
        ledger=MemoryLedger(beginning.ledger),
    )
    return decisions_again(path, controller.tick, world)
