"""Steps of the past, as they were written → work offered per second on the controller's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autoscaler.adapters.pipe.lines import History, Signals
from autoscaler.core.observation import ARRIVALS, OUTPUT_TOKENS, PROMPT_TOKENS, WAITING
from autoscaler.core.policy import Policy
from autoscaler.core.profile import Profile
from forecasting.series import FloatArray, Panel

MEASURED_SHARE = 0.5  # of a step must have been measured, else it is a gap


class PastWork:
    """What the history lines said, by workload: pieces of time with their work."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._pieces: dict[str, list[tuple[float, float, float]]] = {name: [] for name in policy.workloads}

    def add(self, history: History) -> None:
        for name, steps in history.workloads.items():
            start = history.at - history.step * len(steps)
            work = offered(steps, history.step, self._policy.workloads[name].profile)
            self._pieces[name] += [
                (start + k * history.step, start + (k + 1) * history.step, value)
                for k, value in enumerate(work)
                if value is not None
            ]

    def panels(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        """By workload, the whole steps from the first one known, or `start`, to `end`."""
        found: dict[str, Panel] = {}
        for name, pieces in self._pieces.items():
            first = min((begin for begin, _, _ in pieces), default=end)
            steps = int((end - max(first, start)) // step)
            if steps > 0:
                values = resampled(sorted(pieces), end - steps * step, step, steps)
                found[name] = Panel(start=end - steps * step, step=step, values=values[None, :])
        return found


def offered(steps: Sequence[Signals | None], step: float, profile: Profile) -> list[float | None]:
    """Server-seconds a second that users asked for in each step; None where that cannot be told."""
    work: list[float | None] = []
    before: float | None = None
    for signals in steps:
        given = signals or {}
        waiting = given.get(WAITING)
        growth = (waiting - before) / step if waiting is not None and before is not None else 0.0
        work.append(_offered(given, growth, profile))
        before = waiting
    return work


def _offered(given: Signals, growth: float, profile: Profile) -> float | None:
    """Tokens are throughput: they belong to what was begun, the arrivals less what the queue gained."""
    arrivals, prompt, output = given.get(ARRIVALS), given.get(PROMPT_TOKENS), given.get(OUTPUT_TOKENS)
    if arrivals is None:
        if prompt is None or output is None:
            return None
        served = output / profile.output_tokens
        return max(profile.work(prompt, output, served) + growth * profile.usual_work, 0.0)
    begun = arrivals - growth
    if prompt is None or output is None or begun <= 1e-9 or prompt + output <= 0.0:
        return arrivals * profile.usual_work
    return arrivals * profile.work(prompt / begun, output / begun)


def resampled(
    pieces: Sequence[tuple[float, float, float]], start: float, step: float, steps: int
) -> FloatArray:
    """The mean over each step, of what was measured of it; NaN where that is too little."""
    edges = start + step * np.arange(steps + 1)
    rows = np.array(pieces, dtype=float)
    begins, ends, values = rows[:, 0], rows[:, 1], rows[:, 2]
    # A later line may speak of the same time again: what was said first ends where the next begins.
    ends = np.minimum(ends, np.append(begins[1:], np.inf))
    knots = np.column_stack([begins, ends]).ravel()
    measured = np.column_stack([np.zeros_like(ends), ends - begins]).ravel().cumsum()
    work = np.column_stack([np.zeros_like(ends), (ends - begins) * values]).ravel().cumsum()
    seconds = np.diff(np.interp(edges, knots, measured))
    total = np.diff(np.interp(edges, knots, work))
    known = seconds >= MEASURED_SHARE * step
    return np.where(known, total / np.where(known, seconds, 1.0), np.nan)
