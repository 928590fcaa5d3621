"""One workload's queue as a fluid: work flows in, ready servers drain it, first come first served.

Python numbers and arrays only: this runs for every workload in every step. It knows when work arrives and
what has been served; it does not know where servers come from. Waits are computed afterwards (`waits`).
"""

from __future__ import annotations

from array import array

import numpy as np

from autoscaler.core.profile import Profile
from autoscaler.replay.offered import Offered
from forecasting.series import FloatArray


class Queue:
    """Arrivals of one workload, what waits in front of its routers and servers, and what was served."""

    __slots__ = (
        "_grown",
        "_head",
        "_start",
        "_step",
        "_steps",
        "_work",
        "arriving",
        "backlog",
        "blank",
        "busy",
        "capacity",
        "has_blanks",
        "held",
        "k",
        "passing",
        "per_request",
        "rate",
        "request_rates",
        "work_rates",
    )

    def __init__(self, offered: Offered, profile: Profile) -> None:
        self._start, self._step, self._steps = offered.start, offered.step, offered.steps
        self.blank: list[bool] = np.isnan(offered.requests).tolist()
        self.has_blanks = any(self.blank)
        columns = (offered.requests, offered.work, offered.prompt_tokens, offered.output_tokens)
        seen = [np.nan_to_num(values) for values in columns]
        # After the last step nothing arrives.
        self.request_rates = _numbers(seen[0] / self._step, [0.0])
        self.work_rates = _numbers(seen[1] / self._step, [0.0])
        usual = profile.usual_work
        self.per_request = _numbers(_per_request(seen[1], seen[0], usual), [usual])
        self._grown = [_numbers([0.0], np.cumsum(v)) for v in seen]
        self._work = self._grown[1]
        self._head = 0  # the step whose work is being served
        self.k = 0
        self.rate, self.arriving = self.work_rates[0], self.request_rates[0]
        self.capacity = 0.0  # ready servers
        self.passing = float("inf")  # requests a second that the routers let through
        self.held = 0.0  # requests in front of the routers
        self.backlog = 0.0  # server-seconds in front of the servers
        self.busy = offered.before.work  # servers at work over the last stretch

    def next_step(self) -> None:
        self.k = k = min(self.k + 1, self._steps)
        self.rate, self.arriving = self.work_rates[k], self.request_rates[k]

    def flow(self, now: float, seconds: float) -> None:
        """Let `seconds` pass within one step, with the capacity that there is."""
        if self.held > 0.0 or self.arriving > self.passing:
            self._flow_throttled(now, seconds)
        else:
            self._serve(self.rate * seconds, seconds)

    def _serve(self, work: float, seconds: float) -> None:
        before = self.backlog + work
        left = before - self.capacity * seconds
        if left > 0.0:
            self.busy = self.capacity
            self.backlog = left
        else:
            self.busy = before / seconds
            self.backlog = 0.0

    def _flow_throttled(self, now: float, seconds: float) -> None:
        """The same behind routers that are too small, up to the instant at which none wait there any more."""
        gain = self.arriving - self.passing
        stretch = min(seconds, self.held / -gain) if gain < 0.0 else seconds
        before = self._work_of(self.asked(now) - self.held)
        self.held = max(self.held + gain * stretch, 0.0)
        if stretch < seconds and gain < 0.0:
            self.held = 0.0
        if stretch > 0.0:
            self._serve(max(self._work_of(self.asked(now + stretch) - self.held) - before, 0.0), stretch)
        if seconds - stretch > 1e-6:
            self._serve(self.rate * (seconds - stretch), seconds - stretch)

    def asked(self, now: float) -> float:
        """Requests that have arrived since the start."""
        k = self.k
        return self._grown[0][k] + self.arriving * (now - self._start - k * self._step)

    def worked(self, now: float) -> float:
        """Server-seconds served since the start."""
        if self.held > 0.0:
            return self._work_of(self.asked(now) - self.held) - self.backlog
        k = self.k
        return self._work[k] + self.rate * (now - self._start - k * self._step) - self.backlog

    def tokens_served(self, now: float) -> tuple[float, float]:
        """Prompt and output tokens of the work served since the start: those that came with it, in order."""
        work, served, head = self._work, self.worked(now), self._head
        while head < self._steps and work[head + 1] <= served:
            head += 1
        self._head = head
        prompt, output = self._grown[2], self._grown[3]
        if head == self._steps:
            return prompt[head], output[head]
        part = max(served - work[head], 0.0) / (work[head + 1] - work[head])
        return (
            prompt[head] + part * (prompt[head + 1] - prompt[head]),
            output[head] + part * (output[head + 1] - output[head]),
        )

    def waiting(self) -> float:
        """Requests in front of the servers."""
        return self.backlog / self.per_request[self.k] if self.backlog > 0.0 else 0.0

    def blind(self, at: float) -> bool:
        """Whether nobody looked in the step that ends at, or contains, this instant."""
        return self.blank[self._step_before(at)]

    def blank_within(self, start: float, end: float) -> bool:
        """Whether nobody looked at some of the time between."""
        first = min(max(int((start - self._start) // self._step), 0), self._steps - 1)
        return any(self.blank[first : self._step_before(end) + 1])

    def arrived_last(self, at: float) -> float:
        """Requests a second over the step that ends at, or contains, this instant."""
        return self.request_rates[self._step_before(at)]

    def _step_before(self, at: float) -> int:
        k = -int((self._start - at) // self._step) - 1
        return min(max(k, 0), self._steps - 1)

    def _work_of(self, requests: float) -> float:
        """The work that the first so many requests brought."""
        asked, work = self._grown[0], self._work
        k = min(self.k, self._steps - 1)
        while k > 0 and asked[k] > requests:
            k -= 1
        several = asked[k + 1] - asked[k]
        part = (requests - asked[k]) / several if several > 0.0 else 0.0
        return work[k] + min(max(part, 0.0), 1.0) * (work[k + 1] - work[k])


def _numbers(*parts: FloatArray | list[float]) -> array[float]:
    """Python's own array: a number of it is read as fast as from a list, and takes a quarter of the room."""
    return array("d", np.concatenate(parts).tobytes())


def _per_request(work: FloatArray, requests: FloatArray, usual: float) -> FloatArray:
    some = requests > 0
    each = np.divide(work, requests, out=np.full(len(work), usual), where=some)
    return np.where(each > 0, each, usual)
