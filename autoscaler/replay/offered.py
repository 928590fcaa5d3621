"""A trace as work offered to one workload's servers, on the simulation's own steps. Knows no fleet."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from autoscaler.core.profile import Profile
from autoscaler.replay.trace import Trace
from forecasting.series import FloatArray, Panel

LAST_MINUTE = 60.0


class Rates(NamedTuple):
    """Offered per second; work in busy servers."""

    requests: float
    prompt_tokens: float
    output_tokens: float
    work: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What arrives in each step from `start` on, and what is known of the time before. NaN is a gap."""

    start: float
    step: float
    requests: FloatArray
    work: FloatArray  # server-seconds
    prompt_tokens: FloatArray
    output_tokens: FloatArray
    history: Panel  # one row: work per second until `start`
    before: Rates  # in the minute before `start`; the first step's where nothing lies before

    @property
    def steps(self) -> int:
        return int(self.requests.shape[0])

    @property
    def end(self) -> float:
        return self.start + self.steps * self.step


def offer(trace: Trace, profile: Profile, *, start: float, end: float, step_s: float = 15.0) -> Offered:
    """The trace from `start` to `end` in steps of `step_s`, spread evenly; what lies before is history."""
    steps = round((end - start) / step_s)
    prompt, output = tokens(trace, profile)
    work = work_of(trace.requests, prompt, output, profile)
    columns = (trace.requests, prompt, output, work)
    requests, prompt, output, work_steps = (
        _regrid(trace, values, start, step_s, steps) for values in columns
    )
    known = Panel(start=trace.start, step=trace.step, values=(work / trace.step)[np.newaxis])
    return Offered(
        start=start,
        step=step_s,
        requests=requests,
        work=work_steps,
        prompt_tokens=prompt,
        output_tokens=output,
        history=known.until(start),
        before=_before(trace, columns, start),
    )


def tokens(trace: Trace, profile: Profile) -> tuple[FloatArray, FloatArray]:
    """Prompt and output tokens of each step; a usual request's where the trace has none."""
    filled = []
    for measured, usual in (
        (trace.prompt_tokens, profile.prompt_tokens),
        (trace.output_tokens, profile.output_tokens),
    ):
        assumed = trace.requests * usual
        filled.append(assumed if measured is None else np.where(np.isnan(measured), assumed, measured))
    return filled[0], filled[1]


def work_of(requests: FloatArray, prompt: FloatArray, output: FloatArray, profile: Profile) -> FloatArray:
    """Server-seconds of each step: `Profile.work` for whole rows. No request, no work."""
    compute = prompt / profile.prompt_tokens_per_second + output / profile.output_tokens_per_second
    held = (profile.first_token_s * requests + profile.per_token_s * output) / profile.places
    work: FloatArray = np.where(requests == 0, 0.0, np.maximum(compute, held))
    return np.where(np.isnan(requests), np.nan, work)


def _before(trace: Trace, columns: tuple[FloatArray, ...], start: float) -> Rates:
    """The minute before, or the newest that anyone measured, or (nothing before) the first of the trace."""
    rates = [
        _regrid(trace, values, start - LAST_MINUTE, LAST_MINUTE, 1)[0] / LAST_MINUTE for values in columns
    ]
    if not any(np.isnan(rates)):
        return Rates(*map(float, rates))
    cut = max(int((start - trace.start) / trace.step + 1e-6), 0)
    seen = np.flatnonzero(~np.isnan(trace.requests[:cut]))
    first = np.flatnonzero(~np.isnan(trace.requests))
    k = int(seen[-1] if seen.size else first[0])
    return Rates(*(float(values[k]) / trace.step for values in columns))


def _regrid(trace: Trace, sums: FloatArray, start: float, step: float, steps: int) -> FloatArray:
    """Sums of each step of another grid, spread evenly within a step; NaN where part of it was not seen."""
    edges = trace.start + trace.step * np.arange(trace.steps + 1)
    wanted = start + step * np.arange(steps + 1)
    grown = np.concatenate(([0.0], np.cumsum(np.nan_to_num(sums))))
    unseen = np.concatenate(([0.0], np.cumsum(np.isnan(sums))))
    values = np.diff(np.interp(wanted, edges, grown))
    gap = np.diff(np.interp(wanted, edges, unseen)) > 1e-9
    outside = (wanted[:-1] < trace.start - 1e-6) | (wanted[1:] > trace.end + 1e-6)
    return np.where(gap | outside, np.nan, values)


class Past:
    """Offered work of one workload, for any whole steps up to an instant. Built once, asked often."""

    __slots__ = ("_edges", "_unseen", "_work")

    def __init__(self, offered: Offered) -> None:
        history = offered.history
        older = history.start + history.step * np.arange(history.steps)
        newer = offered.start + offered.step * np.arange(offered.steps + 1)
        self._edges: FloatArray = np.concatenate((older, newer))
        sums = np.concatenate((history.values[0] * np.diff(self._edges[: history.steps + 1]), offered.work))
        self._work = np.concatenate(([0.0], np.cumsum(np.nan_to_num(sums))))
        self._unseen = np.concatenate(([0.0], np.cumsum(np.isnan(sums))))

    def panel(self, start: float, end: float, step: float) -> Panel:
        """Work per second in whole steps within [start, end); NaN where a part of the step was not seen."""
        edges = self._edges
        first = start + step * ceil(max(edges[0] - start, 0.0) / step - 1e-9)
        steps = max(int((min(end, edges[-1]) - first) / step + 1e-6), 0)
        wanted = first + step * np.arange(steps + 1)
        values = np.diff(np.interp(wanted, edges, self._work)) / step
        unseen = np.diff(np.interp(wanted, edges, self._unseen)) > 1e-9
        return Panel(start=first, step=step, values=np.where(unseen, np.nan, values)[np.newaxis])
