"""What a policy sees of one workload: exact gauges and whole-minute rates, or what a scrape would say."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from autoscaler.core.observation import (
    ARRIVALS,
    GPU_MEMORY,
    KV_USE,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    ROUTER_REQUESTS,
    RUNNING,
    WAITING,
    Reading,
)
from autoscaler.core.profile import Profile
from autoscaler.replay.fluid import Queue
from autoscaler.replay.offered import Rates

GPU_MEMORY_IN_USE = 0.9  # engines take their pool at start, so it says nothing of load
KV_WHEN_FULL = 0.9
RATES = (ARRIVALS, PROMPT_TOKENS, OUTPUT_TOKENS)
Readings = Mapping[str, Reading]


class View(Protocol):
    """`due` is the next instant at which something is measured whether or not anyone asks."""

    due: float

    def measure(self, now: float) -> None: ...

    def readings(self, at: float) -> Readings: ...


class _Sample(NamedTuple):
    at: float
    asked: float
    prompt_tokens: float
    output_tokens: float


class Exact:
    """Gauges at the instant of asking; rates over the last complete window. Kinder than life."""

    __slots__ = ("_last", "_places", "_queue", "_rates", "_routed", "_window", "due")

    def __init__(
        self, queue: Queue, profile: Profile, before: Rates, *, start: float, window: float, routed: bool
    ) -> None:
        self._queue, self._places, self._window, self._routed = queue, profile.places, window, routed
        self.due = start + window
        self._last = _Sample(start, 0.0, 0.0, 0.0)
        self._rates = dict(zip(RATES, _rates(before, start), strict=True))

    def measure(self, now: float) -> None:
        sample = _sample(self._queue, now)
        self._rates = dict(zip(RATES, _between(self._last, sample, self._queue), strict=True))
        self._last = sample
        self.due = now + self._window

    def readings(self, at: float) -> Readings:
        readings = self._rates.copy()
        _gauges(readings, self._queue, self._places, at, routed=self._routed)
        return readings


class Scraped:
    """As of the last scrape, each workload at its own offset; rates between the scrapes of the window."""

    __slots__ = ("_every", "_places", "_queue", "_readings", "_routed", "_samples", "_window", "due")

    def __init__(
        self,
        queue: Queue,
        profile: Profile,
        before: Rates,
        *,
        start: float,
        every: float,
        window: float,
        offset: float,
        routed: bool,
    ) -> None:
        self._queue, self._places, self._routed = queue, profile.places, routed
        self._every, self._window = every, window
        self.due = start + offset
        # Scrapes before the start saw the minute before it go on for ever.
        scrapes = [self.due - every * n for n in range(int(window // every) + 1, 0, -1)]
        self._samples = deque(_back(at, start, before) for at in scrapes)
        self._readings = dict(zip(RATES, _rates(before, scrapes[-1]), strict=True))
        _gauges(self._readings, queue, self._places, scrapes[-1], routed=routed)

    def measure(self, now: float) -> None:
        self._samples.append(_sample(self._queue, now))
        while self._samples[0].at < now - self._window - 1e-6:
            self._samples.popleft()
        rates = _between(self._samples[0], self._samples[-1], self._queue)
        self._readings = dict(zip(RATES, rates, strict=True))
        _gauges(self._readings, self._queue, self._places, now, routed=self._routed)
        self.due = now + self._every

    def readings(self, at: float) -> Readings:
        return self._readings


def _gauges(readings: dict[str, Reading], queue: Queue, places: int, at: float, *, routed: bool) -> None:
    if queue.has_blanks and queue.blind(at):
        unseen = Reading(None, at)
        readings[WAITING] = readings[RUNNING] = readings[KV_USE] = readings[GPU_MEMORY] = unseen
        if routed:
            readings[ROUTER_REQUESTS] = unseen
        return
    ready, busy = queue.capacity, queue.busy
    running = busy if busy < ready else ready
    readings[WAITING] = Reading(queue.waiting() if queue.backlog > 0.0 else 0.0, at)
    readings[RUNNING] = Reading(running * places, at)
    readings[KV_USE] = Reading(KV_WHEN_FULL * running / ready if ready > 0.0 else 0.0, at)
    readings[GPU_MEMORY] = Reading(GPU_MEMORY_IN_USE, at)
    if routed:
        readings[ROUTER_REQUESTS] = Reading(queue.arrived_last(at), at)


def _sample(queue: Queue, now: float) -> _Sample:
    prompt, output = queue.tokens_served(now)
    return _Sample(now, queue.asked(now), prompt, output)


def _back(at: float, start: float, before: Rates) -> _Sample:
    since = at - start
    return _Sample(at, before.requests * since, before.prompt_tokens * since, before.output_tokens * since)


def _between(first: _Sample, last: _Sample, queue: Queue) -> tuple[Reading, Reading, Reading]:
    """Arrivals, prompt and output tokens a second; unknown where one sample is all, or nobody looked."""
    seconds = last.at - first.at
    if seconds <= 0.0 or (queue.has_blanks and queue.blank_within(first.at, last.at)):
        return (unknown := Reading(None, last.at)), unknown, unknown
    return (
        Reading((last.asked - first.asked) / seconds, last.at),
        Reading((last.prompt_tokens - first.prompt_tokens) / seconds, last.at),
        Reading((last.output_tokens - first.output_tokens) / seconds, last.at),
    )


def _rates(before: Rates, at: float) -> tuple[Reading, Reading, Reading]:
    return Reading(before.requests, at), Reading(before.prompt_tokens, at), Reading(before.output_tokens, at)
