"""The ports over what the lines said: signals, counts, and an actuator whose act is the answer."""

from __future__ import annotations

from collections.abc import Mapping

from autoscaler.adapters.pipe.lines import Count, History, PipeError, Tick
from autoscaler.adapters.pipe.past import PastWork
from autoscaler.adapters.pipe.starts import Starts
from autoscaler.core.cluster import ClusterState, Target
from autoscaler.core.decision import Actuation, Decision
from autoscaler.core.observation import ARRIVALS, ROUTER_REQUESTS, Observation, Reading
from autoscaler.core.policy import Policy
from autoscaler.ports import Unavailable
from forecasting.series import Panel


class PipeWorld:
    """SignalSource, ClusterView and Actuator of whoever writes the lines. `hear` one, then tick."""

    def __init__(self, policy: Policy) -> None:
        self._past = PastWork(policy)
        self._starts = Starts(policy)
        self._now: Tick | None = None

    def hear(self, line: Tick | History) -> None:
        """Take in one line. Raises PipeError where its time does not go on from the one before."""
        if isinstance(line, History):
            if self._now is not None:
                raise PipeError("history comes before the first tick; the past is read only once")
            self._past.add(line)
            return
        if self._now is not None and line.at <= self._now.at:
            raise PipeError(f"at: {line.given} is not later than the tick before, {self._now.given}")
        self._now = line

    def observe(self, at: float) -> Observation:
        told = self._told()
        return Observation(
            at=at,
            workloads={
                name: {signal: Reading(value, told.at) for signal, value in _with_routers(signals).items()}
                for name, signals in told.workloads.items()
            },
        )

    def history(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        return self._past.panels(start, end, step)

    def state(self, at: float) -> ClusterState:
        counts: Mapping[Target, Count] = self._told().targets
        fleets, stages = self._starts.follow(counts, at)
        return ClusterState(at=at, fleets=fleets, stages=tuple(stages))

    def apply(self, decision: Decision) -> Actuation:
        """Nothing to do but to remember what was asked for, and when: the answer itself is the act."""
        for move in decision.moves:
            if move.to > move.current:
                self._starts.asked(move.target, move.to - move.current, decision.at)
        return Actuation(applied=tuple(move.target for move in decision.moves))

    def _told(self) -> Tick:
        if self._now is None:
            raise Unavailable("no tick was told yet")
        return self._now


def _with_routers(signals: Mapping[str, float | None]) -> Mapping[str, float | None]:
    """What arrives passes the routers, unless they are measured on their own."""
    if ROUTER_REQUESTS in signals or ARRIVALS not in signals:
        return signals
    return {**signals, ROUTER_REQUESTS: signals[ARRIVALS]}
