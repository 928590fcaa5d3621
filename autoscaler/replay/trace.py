"""Demand of one workload over time, as a value. Knows no file format, no fleet and no policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from forecasting.series import FloatArray

DAY = 86_400.0
MOST_DAYS_USED = 21.0  # older demand says little of next week's
MOST_DAYS_SCORED = 7.0
LEAST_DAYS_BEFORE = 1.0  # with less, every daily method would be judged on its first guess


class TraceError(Exception):
    """A trace that cannot be read or replayed: one line that says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Requests and tokens that arrive in each step; step k covers [start + k*step, start + (k+1)*step).

    NaN requests: nobody looked (a gap), which is not zero. Tokens are sums over the requests that arrive;
    None where the source has none, NaN where one step's are missing.
    """

    name: str
    start: float
    step: float
    requests: FloatArray
    prompt_tokens: FloatArray | None = None
    output_tokens: FloatArray | None = None

    @property
    def steps(self) -> int:
        return int(self.requests.shape[0])

    @property
    def end(self) -> float:
        return self.start + self.steps * self.step

    @property
    def days(self) -> float:
        return self.steps * self.step / DAY

    def between(self, start: float, end: float) -> Trace:
        """The whole steps that lie within [start, end)."""
        first = max(int(np.ceil((start - self.start) / self.step - 1e-6)), 0)
        until = min(int(np.floor((end - self.start) / self.step + 1e-6)), self.steps)
        cut = slice(first, max(until, first))
        return replace(self._each(lambda values: values[cut]), start=self.start + first * self.step)

    def last(self, days: float) -> Trace:
        return self.between(self.end - days * DAY, self.end)

    def interpolated(self) -> Trace:
        """Gaps filled by straight lines between their neighbours; the ends by the nearest value."""
        return self._each(_without_gaps)

    def _each(self, change: Callable[[FloatArray], FloatArray]) -> Trace:
        return replace(
            self,
            requests=change(self.requests),
            prompt_tokens=None if self.prompt_tokens is None else change(self.prompt_tokens),
            output_tokens=None if self.output_tokens is None else change(self.output_tokens),
        )


class Parts(NamedTuple):
    """What of a trace is used, and from when on it is scored; what lies before is history."""

    used: Trace
    start: float

    @property
    def end(self) -> float:
        return self.used.end


def split(trace: Trace, score: Literal["auto", "all"] | float = "auto") -> Parts:
    """The last 21 days at most are used and the last week of them, or half if that is less, is scored.

    `score` may be a number of days instead; "all" uses and scores everything.
    """
    if score == "all":
        return Parts(trace, trace.start)
    used = trace.last(MOST_DAYS_USED)
    wanted = min(MOST_DAYS_SCORED, used.days / 2) if score == "auto" else float(score)
    scored = max(int(wanted * DAY / used.step + 1e-6), 1)
    start = used.end - scored * used.step
    if start - used.start < LEAST_DAYS_BEFORE * DAY:
        needed = LEAST_DAYS_BEFORE + (LEAST_DAYS_BEFORE if score == "auto" else wanted)
        raise TraceError(
            f"{trace.name}: {max(start - used.start, 0.0) / DAY:.2f} days of history before the scored part; "
            f"at least {LEAST_DAYS_BEFORE:g} is needed (a trace of {needed:g} days or more), "
            "or --score all to score everything"
        )
    return Parts(used, start)


def common(parts: Mapping[str, Parts]) -> tuple[float, float]:
    """From when to when all of them are scored; that somebody looked then is made sure of."""
    start, end = max(part.start for part in parts.values()), min(part.end for part in parts.values())
    if end <= start:
        raise TraceError(f"{', '.join(parts)}: no time at which all are scored; give traces that overlap")
    for name, part in parts.items():
        if np.isnan(part.used.between(start, end).requests).all():
            raise TraceError(
                f"{name}: nobody looked at any time that is scored, all of it is gaps; "
                "score more days with --score, or give a trace that ends with what was measured"
            )
    return start, end


def _without_gaps(values: FloatArray) -> FloatArray:
    known = np.flatnonzero(~np.isnan(values))
    if known.size in (0, values.size):
        return values
    return np.interp(np.arange(values.size), known, values[known])
