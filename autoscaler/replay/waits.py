"""Queue waits, exactly, from cumulative arrivals and capacity; weighted by requests. No object per request.

A request that arrives when W server-seconds of work have arrived begins to be served when W have been
served. Arrivals are even within a step and capacity is constant between its changes, so both curves are
straight between knots, the wait is straight in W between knots, and shares and quantiles need no sampling.
What still waits at the end is finished at the last capacity. It knows no nodes and no policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from forecasting.series import FloatArray

IntArray = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
SAME = 1e-7  # server-seconds or requests: below this, arithmetic, not work
CLOSE_ENOUGH_S = 1e-3


class Capacity(NamedTuple):
    """Piecewise constant: `level[i]` per second from `times[i]` to `times[i + 1]`, the last for ever."""

    times: FloatArray
    level: FloatArray


class Curve(NamedTuple):
    """A cumulative amount, straight between its knots."""

    times: FloatArray
    total: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Groups of requests whose wait goes evenly from `first` to `last` seconds."""

    step: float
    steps: int
    requests: FloatArray  # in each group
    first: FloatArray
    last: FloatArray
    arrived_in: IntArray  # the step in which the group arrived
    served: FloatArray  # server-seconds served within each step
    _total: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_total", float(self.requests.sum()))

    @property
    def total(self) -> float:
        """How many requests are scored."""
        return self._total

    @property
    def mean(self) -> float:
        return (
            float((self.requests * (self.first + self.last)).sum() / 2 / self._total) if self._total else 0.0
        )

    def within(self, limit: float) -> float:
        """Requests that waited at most `limit` seconds, as a share; all of none is all."""
        return float(self._on_time(limit).sum() / self._total) if self._total else 1.0

    def within_per_step(self, limit: float) -> FloatArray:
        """The same for the requests of each step; NaN where none arrived."""
        on_time = np.bincount(self.arrived_in, weights=self._on_time(limit), minlength=self.steps)
        arrived = np.bincount(self.arrived_in, weights=self.requests, minlength=self.steps)
        share: FloatArray = np.divide(on_time, arrived, out=np.full(self.steps, np.nan), where=arrived > 0)
        return share

    def worst_per_step(self) -> FloatArray:
        """The longest wait of the requests of each step, 0 where none arrived."""
        worst = np.zeros(self.steps)
        real = self.requests > SAME
        np.maximum.at(worst, self.arrived_in[real], np.maximum(self.first, self.last)[real])
        return worst

    def quantile(self, share: float) -> float:
        """The wait that `share` of the requests do not exceed, to the millisecond."""
        if self.within(0.0) >= share:
            return 0.0
        low, high = 0.0, float(np.maximum(self.first, self.last).max())
        while high - low > CLOSE_ENOUGH_S:
            middle = (low + high) / 2
            low, high = (low, middle) if self.within(middle) >= share else (middle, high)
        return high

    def _on_time(self, limit: float) -> FloatArray:
        least, most = np.minimum(self.first, self.last), np.maximum(self.first, self.last)
        spread = most - least
        part = np.divide(
            limit - least, spread, out=(least <= limit + 1e-9).astype(float), where=spread > 1e-9
        )
        on_time: FloatArray = self.requests * np.clip(part, 0.0, 1.0)
        return on_time


def measure(
    *,
    start: float,
    step: float,
    requests: FloatArray,
    work: FloatArray,
    servers: Capacity,
    routers: Capacity | None = None,
) -> Waits:
    """The waits of all requests of a run: arrivals per step (NaN, a gap, is none), capacity as it was.

    `servers` serve one server-second a second each; `routers`, where there are any, let so many requests
    a second pass, and what is over waits in front of them.
    """
    times = start + step * np.arange(len(requests) + 1, dtype=np.float64)
    asked = Curve(times, _grown(requests))
    offered = Curve(times, _grown(work))
    admitted = offered if routers is None else _admitted(asked, offered, routers)
    done = _through(admitted, servers)
    levels = np.unique(np.concatenate((offered.total, done.total)))
    weights = np.diff(np.interp(levels, offered.total, asked.total))
    arrived, begun = _crossed(offered, levels), _crossed(done, levels)
    middle = (arrived[0] + arrived[1]) / 2
    return Waits(
        step=step,
        steps=len(requests),
        requests=weights,
        first=np.maximum(begun[0] - arrived[0], 0.0),
        last=np.maximum(begun[1] - arrived[1], 0.0),
        arrived_in=np.clip(((middle - start) / step).astype(np.int64), 0, len(requests) - 1),
        served=np.diff(np.interp(times, done.times, done.total)),
    )


def _grown(amounts: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], np.cumsum(np.nan_to_num(amounts))))


def _admitted(asked: Curve, offered: Curve, routers: Capacity) -> Curve:
    """Work let through by the routers: requests in order, each with the work it brought."""
    passed = _through(asked, routers)
    # Work per request differs between steps, so the curve also bends where a step's last request passes.
    bends = _crossed(passed, np.unique(np.clip(asked.total, 0.0, passed.total[-1])))
    times = np.unique(np.concatenate((passed.times, *bends)))
    through = np.interp(times, passed.times, passed.total)
    return Curve(times, np.interp(through, asked.total, offered.total))


def _through(arrivals: Curve, capacity: Capacity) -> Curve:
    """What has passed a FIFO queue: able to pass, plus the least that arrivals ever were ahead of that."""
    level = np.append(capacity.level[:-1], max(float(capacity.level[-1]), 1e-9))
    capacity = Capacity(capacity.times, level)
    times = np.unique(np.concatenate((arrivals.times, capacity.times)))
    times = times[(times >= arrivals.times[0]) & (times <= arrivals.times[-1])]
    left = _lead(arrivals, capacity, times)
    waiting = float(left[-1] - min(left.min(), 0.0))
    if waiting > SAME:
        times = np.append(times, times[-1] + waiting / capacity.level[-1] + 1.0)
    times = np.unique(np.concatenate((times, _emptied(times, _lead(arrivals, capacity, times)))))
    lead = _lead(arrivals, capacity, times)
    arrived = np.interp(times, arrivals.times, arrivals.total)
    passed = arrived - (lead - np.minimum(np.minimum.accumulate(lead), 0.0))
    return Curve(times, np.maximum.accumulate(np.where(arrived - passed < SAME, arrived, passed)))


def _lead(arrivals: Curve, capacity: Capacity, times: FloatArray) -> FloatArray:
    """Arrived so far, less what could have passed so far."""
    knots = np.append(capacity.times, max(float(times[-1]), float(capacity.times[-1])) + 1.0)
    able = np.concatenate(([0.0], np.cumsum(np.diff(knots) * capacity.level)))
    lead = np.interp(times, arrivals.times, arrivals.total) - np.interp(times, knots, able)
    ahead: FloatArray = lead - lead[0]
    return ahead


def _emptied(times: FloatArray, lead: FloatArray) -> FloatArray:
    """The instants between knots at which the queue runs empty."""
    least = np.minimum(np.minimum.accumulate(lead), 0.0)[:-1]
    above, below = lead[:-1] - least, lead[1:] - least
    falls = (above > 0) & (below < 0)
    part = above[falls] / (above[falls] - below[falls])
    return times[:-1][falls] + part * np.diff(times)[falls]


def _crossed(curve: Curve, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each stretch between two levels: when the curve leaves the lower, and when it reaches the upper."""
    times, total = curve
    last = len(total) - 1
    after = np.clip(np.searchsorted(total, levels[:-1], side="right"), 1, last)
    until = np.clip(np.searchsorted(total, levels[1:], side="left"), 1, last)
    return _at_level(times, total, after, levels[:-1]), _at_level(times, total, until, levels[1:])


def _at_level(times: FloatArray, total: FloatArray, k: IntArray, level: FloatArray) -> FloatArray:
    rise = total[k] - total[k - 1]
    part = np.divide(level - total[k - 1], rise, out=np.ones(len(k)), where=rise > 0)
    return times[k - 1] + np.clip(part, 0.0, 1.0) * (times[k] - times[k - 1])
