"""Predictive scaling beside target tracking, in the manner of Amazon EC2 Auto Scaling.

Source: Amazon EC2 Auto Scaling documentation "Predictive scaling" (hourly, SchedulingBufferTime 300 s, scales
out only) and "Target tracking scaling policies" (alarms on one-minute points: above the target for
3 minutes out, more than 10 % below it for 15 minutes in).
"""

from math import ceil, floor
from typing import ClassVar

import numpy as np

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Past, Readings, Setup, in_flight

TARGET = 0.70
OUT_AFTER = 3  # minutes above the target
IN_AFTER = 15  # minutes below 90 % of it
LOW = 0.9 * TARGET
EARLY_S = 300.0  # SchedulingBufferTime
HOUR_S, DAY_S = 3_600.0, 86_400.0
DAYS = 7


class Tracking:
    """Target tracking: two alarms on the use of a place, minute by minute."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._minute: float | None = None
        self._total, self._count = 0.0, 0
        self._above = self._below = 0

    def wanted(self, at: float, readings: Readings, servers: Fleet, current: int) -> int:
        minute = at // 60.0
        to = current
        if self._minute is not None and minute != self._minute and self._count:
            to = self._judge(self._total / self._count, servers.ready, current)
            self._total, self._count = 0.0, 0
        self._minute = minute
        flight = in_flight(readings)
        if flight is not None and servers.ready:  # a minute without a point changes no alarm: "missing"
            # A utilisation: it ends at 1, however much waits, so that one step out is at most 1 / 0.7.
            self._total += min(flight / (self._places * servers.ready), 1.0)
            self._count += 1
        return to

    def _judge(self, use: float, ready: int, current: int) -> int:
        self._above = self._above + 1 if use > TARGET else 0
        self._below = self._below + 1 if use < LOW else 0
        proportional = ceil(ready * use / TARGET - 1e-9)  # what warms up is part of what was asked for
        if self._above >= OUT_AFTER:
            return max(current, proportional)
        if self._below >= IN_AFTER:
            return min(current, max(proportional, 1))
        return current


class Hourly:
    """The mean load of the same hour over the past week, as a capacity at the target."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._known: dict[float, int] = {}  # by the start of the hour

    def minimum(self, at: float) -> int:
        """For this hour, and for the next from five minutes before it."""
        hour = floor(at / HOUR_S) * HOUR_S
        least = self._of(hour, at)
        if at + EARLY_S >= hour + HOUR_S:
            least = max(least, self._of(hour + HOUR_S, at))
        return least

    def _of(self, hour: float, at: float) -> int:
        if hour not in self._known:
            self._known = {h: n for h, n in self._known.items() if h >= hour - HOUR_S}
            self._known[hour] = self._forecast(hour, at)
        return self._known[hour]

    def _forecast(self, hour: float, at: float) -> int:
        sums = [self._past(hour - d * DAY_S, hour - d * DAY_S + HOUR_S, 60.0) for d in range(1, DAYS + 1)]
        work = np.concatenate(sums)
        work = work[~np.isnan(work)]
        return ceil(float(work.mean()) / TARGET - 1e-9) if work.size else 0


class Aws:
    """The larger of the hour's forecast and target tracking; only tracking goes down."""

    name: ClassVar[str] = "aws"
    nodes_follow: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._tracking = Tracking(setup.workload.profile.places)
        self._hourly = Hourly(setup.past)

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        tracked = self._tracking.wanted(at, readings, servers, servers.desired)
        return max(tracked, self._hourly.minimum(at))
