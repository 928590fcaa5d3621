"""One tick: read the world, decide, act, write down. The story on one page; the rules live in the core.

Live, dry run and replay differ only in what stands behind the ports. One thread; time is an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.control.choices import Layer, Tuner
from autoscaler.control.fits import Fits
from autoscaler.control.foresight import Foresight
from autoscaler.control.recent import RecentPlans, windows
from autoscaler.core.cluster import ClusterState, Target, servers
from autoscaler.core.decide import BELIEVED, Inputs, decide
from autoscaler.core.decision import NOTHING_DONE, Actuation, Decision, Scope
from autoscaler.core.demand import DOUBT, FRESH_S, FUTURE_S, NO_TRAIL, Demand, Trail, estimate_demand, fresh
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead, LeadTimes, lead_for
from autoscaler.core.ledger import UNMOVED, Ledger, Moves
from autoscaler.core.observation import MISSING, ROUTER_REQUESTS, Observation, Reading
from autoscaler.core.outlook import STALE_S
from autoscaler.core.policy import Policy
from autoscaler.core.record import TickRecord
from autoscaler.ports import (
    Actuator,
    Clock,
    ClusterView,
    Journal,
    LedgerStore,
    Refused,
    SignalSource,
    Unavailable,
)
from forecasting.series import Panel

PAST_AGAIN_S = 600.0  # after a history that could not be read
PAST_USELESS_S = 86_400.0  # of our own: the forecaster has its day, and what lies before matters little
LEARNED_S = 600.0  # between two saves of what was learned, where nothing moves
NO_FLOORS: Mapping[str, int] = {}
NO_LOADS: Mapping[str, float | None] = {}
NO_READINGS: Mapping[str, Reading] = {}
Least = Callable[[float], Mapping[str, int]]  # scheduled minimum servers by workload, at an instant


def no_floors(at: float) -> Mapping[str, int]:
    return NO_FLOORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a controller is told once: the policy, and where its forecasts and calendar floors come from."""

    policy: Policy
    fits: Fits | None = None  # None: no forecaster, the reactive rule alone
    least: Least = no_floors
    step_s: float = 60.0  # of the history: long enough for a rate, short enough for the half hour's jobs
    history_days: float = 28.0
    refit_s: float = 86_400.0
    tuner: Tuner | None = None  # None: settings that nobody stated stay what they are by default
    without: frozenset[Layer] = frozenset()  # layers that a benchmark leaves out


class Controller:
    """`tick` is all there is to it."""

    def __init__(
        self,
        config: Config,
        *,
        signals: SignalSource,
        cluster: ClusterView,
        actuator: Actuator,
        clock: Clock,
        ledger: LedgerStore,
        journal: Journal,
    ) -> None:
        self._config = config
        self._policy = config.policy
        self._signals = signals
        self._cluster = cluster
        self._actuator = actuator
        self._clock = clock
        self._store = ledger
        self._journal = journal
        kept = ledger.load() or Ledger()
        self._generation = kept.generation
        self._moves: dict[Target, Moves] = dict(kept.moves)
        self._trails: dict[str, Trail] = dict(kept.trails)
        self._lead_times = kept.lead_times
        self._reading = [
            name for name, w in config.policy.workloads.items() if w.profile.weights_gigabytes is not None
        ]
        self._starts: dict[str, int] = dict.fromkeys(self._reading, 1)
        self._leads = self._read_leads()
        self._recent: RecentPlans | None = None
        self._windowed: object = None  # what the windows of recent plans were made from
        self._routed = [name for name, w in config.policy.workloads.items() if w.routers is not None]
        self._foresight: Foresight | None = None
        self._kept = kept
        self._saved_at = float("-inf")
        self._past_due = float("inf")  # when a history that could not be read is asked for again

    def tick(self, at: float | None = None, scope: Scope = "all") -> TickRecord:
        """One pass at one instant: `all`, or the routers alone."""
        if at is None:
            at = self._clock.now().timestamp()
        notes: list[str] = []
        observation = self._observe(at, notes)
        state = self._state(at, notes)
        if self._foresight is None:
            self._foresight = self._begin(at, notes)
        elif at >= self._past_due:
            self._ask_past_again(self._foresight, at, notes)
        if self._count_starts(state) or state.stages:
            self._learn(state)
        demands = self._demands(observation, state, at) if scope == "all" else {}
        if scope == "all":
            self._foresight.advance(at, self._trails, demands, self._leads)
            if self._foresight.failures:
                notes += self._foresight.failures
                self._foresight.failures.clear()
        chosen, recent = self._foresight.choices.chosen, self._recent_plans()
        inputs = Inputs(
            at=at,
            scope=scope,
            generation=self._generation,
            fleets=state.fleets,
            demands=demands,
            outlooks=self._foresight.outlooks,
            leads=self._leads,
            router_loads=self._router_loads(observation, at),
            recents=recent.highest(at),
            calendar=self._config.least(at),
            moves=self._moves,
            chosen=chosen,
        )
        decision = decide(inputs, self._policy)
        recent.add(at, decision.plans)
        actuation = self._act(decision, notes)
        self._save_learned(at, notes)
        record = TickRecord(at, scope, observation, inputs, decision, actuation, state.stages, tuple(notes))
        self._journal.write(record)
        return record

    @property
    def foresight(self) -> Foresight | None:
        """What is expected, and how right that has been; None before the first tick."""
        return self._foresight

    def ledger(self) -> Ledger:
        """All that is remembered, as a value."""
        return Ledger(
            generation=self._generation,
            moves=dict(self._moves),
            lead_times=self._lead_times,
            trails=dict(self._trails),
            calibration=self._foresight.learned() if self._foresight is not None else self._kept.calibration,
        )

    def _recent_plans(self) -> RecentPlans:
        """Own plans of late, over windows that follow what is chosen."""
        assert self._foresight is not None
        chosen = self._foresight.choices.chosen
        if self._recent is None:
            self._recent = RecentPlans(windows(self._policy, chosen))
        elif chosen is not self._windowed:
            self._recent.window = windows(self._policy, chosen)
        self._windowed = chosen
        return self._recent

    def _observe(self, at: float, notes: list[str]) -> Observation:
        try:
            return self._signals.observe(at)
        except (Unavailable, Refused) as error:
            notes.append(f"signals: {error}")
            return Observation(at=at, workloads={})

    def _state(self, at: float, notes: list[str]) -> ClusterState:
        try:
            state = self._cluster.state(at)
        except (Unavailable, Refused) as error:
            notes.append(f"cluster: {error}")
            return ClusterState(at=at, fleets={})
        if -FUTURE_S <= at - state.at <= FRESH_S:
            return state
        notes.append(f"cluster: the view is {at - state.at:.0f} s old")
        return ClusterState(at=at, fleets={}, stages=state.stages)

    def _begin(self, at: float, notes: list[str]) -> Foresight:
        waits = {name: w.objective.wait_s for name, w in self._policy.workloads.items()}
        step = self._config.step_s
        end = at // step * step
        history = History(waits, step=step, days=self._config.history_days)
        history.seed(self._past(end, at, notes) or {}, end)
        return Foresight(
            history,
            self._policy,
            self._config.fits,
            self._leads,
            end,
            self._config.refit_s,
            self._kept.calibration,
            self._config.tuner,
            self._config.without,
        )

    def _past(self, end: float, at: float, notes: list[str]) -> Mapping[str, Panel] | None:
        """What is known of the time before `end`; None where nobody could say, and then we ask again."""
        self._past_due = float("inf")
        try:
            return self._signals.history(end - self._config.history_days * 86_400.0, end, self._config.step_s)
        except (Unavailable, Refused) as error:
            notes.append(f"history: {error}; asked for again in {PAST_AGAIN_S / 60:.0f} min")
            self._past_due = at + PAST_AGAIN_S
            return None

    def _ask_past_again(self, foresight: Foresight, at: float, notes: list[str]) -> None:
        history = foresight.history
        if history.steps * history.step >= PAST_USELESS_S:
            self._past_due = float("inf")
            notes.append("history: not asked for any more; what was seen since will do")
        elif (past := self._past(history.start, at, notes)) is not None:
            foresight.recall(past, at)
            notes.append("history: read at last")

    def _learn(self, state: ClusterState) -> None:
        self._lead_times = self._lead_times.learn(state.stages)
        self._leads = self._read_leads()

    def _read_leads(self) -> dict[str, Lead]:
        times: LeadTimes = self._lead_times
        return {
            name: lead_for(times, w, self._policy.pools[w.pool], starts=self._starts.get(name, 1))
            for name, w in self._policy.workloads.items()
        }

    def _count_starts(self, state: ClusterState) -> bool:
        """Starts at the same time share what their weights are read from; whether their number changed."""
        starts = {}
        for name in self._reading:
            fleet = state.fleets.get(servers(name))
            starts[name] = max(len(fleet.starting), 1) if fleet is not None else self._starts.get(name, 1)
        changed, self._starts = starts != self._starts, starts
        return changed

    def _demands(self, observation: Observation, state: ClusterState, at: float) -> dict[str, Demand | None]:
        demands: dict[str, Demand | None] = {}
        for name, workload in self._policy.workloads.items():
            readings = observation.workloads.get(name)
            if readings is None:
                demands[name] = None
                continue
            fleet = state.fleets.get(servers(name))
            demands[name], self._trails[name] = estimate_demand(
                readings,
                self._trails.get(name, NO_TRAIL),
                workload.profile,
                at=at,
                ready=fleet.ready if fleet is not None else 0,
                expected_requests=self._expected_requests(name, at),
            )
        return demands

    def _expected_requests(self, name: str, at: float) -> float:
        outlook = self._foresight.outlooks.get(name) if self._foresight is not None else None
        if outlook is None or not 0.0 <= at - outlook.origin <= STALE_S or outlook.trust < BELIEVED:
            return 0.0
        profile = self._policy.workloads[name].profile
        per_request = self._trails.get(name, NO_TRAIL).work_per_request or profile.usual_work
        return outlook.expected / per_request if per_request > 0.0 else 0.0

    def _router_load(self, name: str, readings: Mapping[str, Reading], at: float) -> float | None:
        """None where nobody measured, or what was measured is partial or a zero that the last hour denies."""
        reading = readings.get(ROUTER_REQUESTS, MISSING)
        load = fresh(reading, at, ROUTER_REQUESTS)
        if load is None or reading.suspect:
            return None
        if load == 0.0 and self._trails.get(name, NO_TRAIL).hourly * 60.0 > DOUBT:
            return None
        return load

    def _router_loads(self, observation: Observation, at: float) -> Mapping[str, float | None]:
        if not self._routed:
            return NO_LOADS
        return {
            name: self._router_load(name, observation.workloads.get(name, NO_READINGS), at)
            for name in self._routed
        }

    def _act(self, decision: Decision, notes: list[str]) -> Actuation:
        moves = decision.moves
        if not moves:
            return NOTHING_DONE
        before = self._moves
        self._moves = dict(before)
        for scale in moves:
            past = before.get(scale.target, UNMOVED)
            self._moves[scale.target] = past.moved(scale.current, scale.to, decision.at)
        self._generation = decision.generation
        # Saved before acting: after a crash between the two we believe we acted, and wait.
        try:
            self._save(decision.at)
        except (Unavailable, Refused) as error:
            self._moves, self._generation = before, self._generation - 1
            notes.append(f"ledger: {error}; nothing is moved that could not be remembered")
            return Actuation(failed=tuple((scale.target, f"ledger: {error}") for scale in moves))
        try:
            actuation = self._actuator.apply(decision)
        except Refused as error:
            notes.append(f"actuator: {error}")
            actuation = Actuation(failed=tuple((scale.target, str(error)) for scale in moves))
        except Unavailable as error:
            # It may have taken effect. Ups are tried again; downs count as made: two would be too many.
            notes.append(f"actuator: {error}")
            actuation = Actuation(failed=tuple((scale.target, str(error)) for scale in moves))
            before = {**before, **{s.target: self._moves[s.target] for s in moves if s.to < s.current}}
        if actuation.failed:
            self._forget_failed(actuation, before)
        return actuation

    def _save(self, at: float) -> None:
        self._store.save(self.ledger())
        self._saved_at = at

    def _save_learned(self, at: float, notes: list[str]) -> None:
        """What was learned is kept without a move too, every ten minutes."""
        if 0.0 <= at - self._saved_at < LEARNED_S:
            return
        try:
            self._save(at)
        except (Unavailable, Refused) as error:
            self._saved_at = at
            notes.append(f"ledger: {error}")

    def _forget_failed(self, actuation: Actuation, before: Mapping[Target, Moves]) -> None:
        """A move that was not made is not remembered as made."""
        for target, _ in actuation.failed:
            self._moves[target] = before.get(target, UNMOVED)
        self._store.save(self.ledger())
