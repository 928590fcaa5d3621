"""One queue against its wait limit, exactly: which requests are late, and which nobody could have saved.

Knows arrivals, capacity and the limit; refuses to know nodes, costs and policies. Work arrives evenly within
a step and capacity is constant within a step, so every curve is straight between a step's start, the moment
when the deadline of a step boundary falls into it, and its end. Checking these three moments is exact.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Arrivals and deadlines; the last columns are the steps after the end, for the last deadlines."""

    step: float
    wait_limit: float
    work: FloatArray  # replica-seconds for each step, (n,)
    arrived: FloatArray  # replica-seconds up to each boundary, (n + tail + 1,)
    moments: FloatArray  # seconds into a step at which curves may bend, (3,)
    slack: FloatArray  # arrived before the step minus what must be served by that moment, (3, n + tail)
    weight: FloatArray  # share of all requests whose deadline falls between two moments, (2, n + tail)
    tolerance: float  # replica-seconds; rounding in sums is no lateness

    @property
    def steps(self) -> int:
        return len(self.work)

    @property
    def waiting_limit(self) -> float:
        """The largest backlog ever allowed: the work of the last wait limit."""
        return float(self.slack[0].max(initial=0.0))

    def in_time(self, capacity: float) -> float:
        """The same for the largest fleet: what it cannot serve within the wait limit is late for everyone."""
        return min(self.waiting_limit, capacity * self.wait_limit)

    def room(self, capacity: FloatArray, first: int, last: int) -> FloatArray:
        """Largest backlog before steps first..last that is in time at each moment: (3, last - first, …)."""
        shape = (3, last - first) + (1,) * capacity.ndim
        moments = self.moments.reshape((3, 1) + (1,) * capacity.ndim)
        return self.slack[:, first:last].reshape(shape) + moments * capacity


def make_queue(
    work: FloatArray, *, step: float, wait_limit: float, requests: FloatArray | None = None
) -> Queue:
    """The queue of one workload; requests say how much a step's work counts in an attainment."""
    work = np.asarray(work, dtype=np.float64)
    counted = work if requests is None else np.asarray(requests, dtype=np.float64)
    _check(work, counted, step, wait_limit)
    tail = int(np.ceil(wait_limit / step))
    whole, part = divmod(wait_limit, step)
    moments = np.array([0.0, part, step])
    times = np.arange(len(work) + 1) * step
    instants = np.arange(len(work) + tail)[None, :] * step + moments[:, None] - wait_limit
    arrived = np.concatenate([[0.0], np.cumsum(work)])
    served_by = np.interp(instants, times, arrived)
    # The middle moment is a step boundary of the arrivals: taken by index, so no rounding of times enters.
    served_by[1] = arrived[np.clip(np.arange(instants.shape[1]) - int(whole), 0, len(work))]
    share = np.concatenate([[0.0], np.cumsum(counted)]) / max(float(counted.sum()), 1e-300)
    due = np.interp(instants, times, share)
    due[1] = share[np.clip(np.arange(instants.shape[1]) - int(whole), 0, len(work))]
    arrived = np.concatenate([arrived, np.full(tail, arrived[-1])])
    weight = np.maximum(np.diff(due, axis=0), 0.0)
    weight[weight < 1e-15] = 0.0
    tolerance = 1e-9 + 1e-12 * float(arrived[-1])
    slack = arrived[:-1] - served_by
    return Queue(
        step=step,
        wait_limit=wait_limit,
        work=work,
        arrived=arrived,
        moments=moments,
        slack=slack,
        weight=weight,
        tolerance=tolerance,
    )


def _check(work: FloatArray, requests: FloatArray, step: float, wait_limit: float) -> None:
    if work.ndim != 1 or len(work) == 0 or requests.shape != work.shape:
        raise ValueError("work and requests must be one row of equal, positive length")
    if not (
        np.isfinite(work).all() and np.isfinite(requests).all() and work.min() >= 0 and requests.min() >= 0
    ):
        raise ValueError(
            "work and requests must be finite and not negative; fill gaps before asking for an optimum"
        )
    if step <= 0 or wait_limit < 0:
        raise ValueError("step must be positive and the wait limit not negative")
    if bool(np.any((work > 0) & (requests <= 0))):
        raise ValueError("work without requests: nobody would notice it being late")


def late_share(backlog: FloatArray, left: FloatArray, right: FloatArray, tolerance: float) -> FloatArray:
    """Share of the deadlines between two moments that are missed; room runs straight from left to right."""
    width = np.maximum(np.abs(right - left), tolerance)
    share: FloatArray = np.clip((backlog - np.minimum(left, right) - tolerance) / width, 0.0, 1.0)
    return share


def backlog_under(queue: Queue, capacity: FloatArray) -> FloatArray:
    """Backlog at every boundary; after the end the last capacity goes on."""
    tail = len(queue.arrived) - 1 - queue.steps
    served = np.concatenate([capacity, np.full(tail, capacity[-1])]) * queue.step
    work = np.concatenate([queue.work, np.zeros(tail)])
    backlog, left = [0.0], 0.0
    # A loop, not sums: sums of a week round to 1e-8 replica-seconds, this does not.
    for gain in (work - served).tolist():
        left = max(0.0, left + gain)
        backlog.append(left)
    return np.array(backlog)


def late_pieces(queue: Queue, capacity: FloatArray, backlog: FloatArray) -> FloatArray:
    """Share of late deadlines in each half of each step, (2, n + tail); capacity for each of these steps."""
    room = queue.slack + queue.moments[:, None] * capacity[None, :]
    late = late_share(backlog[None, :-1], room[:-1], room[1:], queue.tolerance)
    return np.where(queue.weight > 0, late, 0.0)


def attainment_under(queue: Queue, capacity: FloatArray) -> float:
    """Share of requests served within the limit, first in, first out."""
    backlog = backlog_under(queue, capacity)
    whole = np.concatenate([capacity, np.full(len(backlog) - 1 - queue.steps, capacity[-1])])
    missed = float((late_pieces(queue, whole, backlog) * queue.weight).sum())
    return min(1.0, max(0.0, 1.0 - missed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What the largest fleet can do, and what every fleet that does as much must do as well."""

    share: float
    forced: BoolArray  # steps that need the largest fleet
    excused: BoolArray  # steps in which no wait is checked
    empty: BoolArray  # steps that must begin with an empty queue
    resume: dict[int, float]  # boundary → backlog found there whatever happened before
    end_excused: bool  # what is late at the end is late for everyone


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """A busy period of the largest fleet in which it is late (steps start..stop), and what is late in all."""

    start: int
    stop: int
    backlog: FloatArray
    room: FloatArray  # (3, n + tail)
    late: FloatArray  # share of each half step that is late, in order of time
    used: BoolArray  # half steps in which some request has its deadline


# First step that is not bound to the ceiling, and first step in which waits count again.
Release = Callable[[Queue, Overload], tuple[int, int]]


def when_unbound(queue: Queue, overload: Overload) -> tuple[int, int]:
    """For bounds: only what every fleet must do that serves the largest share."""
    start, late = overload.start, overload.late
    last = 2 * start + int(np.flatnonzero(late[2 * start : 2 * overload.stop])[-1])
    step, half = divmod(last, 2)
    if overload.backlog[step] < overload.room[half + 1, step] - queue.tolerance:
        return (
            step + 1,
            step + 1,
        )  # turns to in time while requests arrive: nothing to spare, the ceiling binds
    # It stays late until nobody arrives, or to the end: binding is only where late began amid arrivals.
    before = overload.room[:2].T.ravel() - queue.tolerance
    began = (late > 0) & (np.repeat(overload.backlog[:-1], 2) < before)
    begins = np.flatnonzero(began[2 * start : last + 1])
    binding = start + int(begins[-1]) // 2 + 1 if len(begins) else start
    following = np.flatnonzero(overload.used[last + 1 :])
    if not len(following):
        return binding, len(overload.backlog) - 1
    # Waits count from a whole step on: in a part of it arrivals before the pause would be held to theirs.
    back, half = divmod(last + 1 + int(following[0]), 2)
    return binding, back + (1 if half and queue.moments[1] > 0 else 0)


def when_recovered(queue: Queue, overload: Overload) -> tuple[int, int]:
    """For schedules: the ceiling until waits are kept again, or until nothing is left to be saved."""
    binding, back = when_unbound(queue, overload)
    if binding == back:
        return binding, back
    if overload.stop < len(overload.backlog) - 1:
        return overload.stop, overload.stop
    saved = np.flatnonzero(overload.used[2 * overload.start :] & (overload.late[2 * overload.start :] < 1))
    return overload.start + (int(saved[-1]) // 2 + 1 if len(saved) else 0), len(overload.backlog) - 1


def ceiling_of(queue: Queue, capacity: float, release: Release) -> Ceiling:
    """The steps in which only the largest fleet serves the largest share.

    A request in time under any fleet is in time under the largest. So the largest share means: all requests
    that the largest fleet serves in time. Where that fleet turns from late to in time, it has not one
    replica-second to spare: every other must have run at the ceiling since that queue was last empty.
    """
    whole, n = np.full(len(queue.arrived) - 1, capacity), queue.steps
    backlog = backlog_under(queue, whole[:n])
    late = late_pieces(queue, whole, backlog)
    forced, excused, empty = (np.zeros(n, dtype=np.bool_) for _ in range(3))
    resume: dict[int, float] = {}
    end_excused = False
    for overload in _overloads(queue, whole, backlog, late):
        binding, back = release(queue, overload)
        forced[overload.start : binding] = True
        excused[overload.start : back] = True
        empty[overload.start : overload.start + 1] |= binding > overload.start
        end_excused |= back >= n
        if back < n:
            resume[back] = float(backlog[back])
    share = min(1.0, max(0.0, 1.0 - float((late * queue.weight).sum())))
    return Ceiling(
        share=share, forced=forced, excused=excused, empty=empty, resume=resume, end_excused=end_excused
    )


def _overloads(
    queue: Queue, capacity: FloatArray, backlog: FloatArray, late: FloatArray
) -> Iterator[Overload]:
    room = queue.slack + queue.moments[:, None] * capacity[None, :]
    idle = np.flatnonzero(backlog <= queue.tolerance)
    missed = np.flatnonzero(late.any(axis=0))
    while len(missed):
        after = idle[idle > missed[0]]
        overload = Overload(
            start=int(idle[idle <= missed[0]][-1]),
            stop=int(after[0]) if len(after) else len(capacity),
            backlog=backlog,
            room=room,
            late=late.T.ravel(),
            used=queue.weight.T.ravel() > 0,
        )
        yield overload
        missed = missed[missed >= overload.stop]
