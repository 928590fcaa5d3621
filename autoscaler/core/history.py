"""Demand after Demand on a regular grid, and the requirement it amounts to; gaps stay gaps.

The requirement at a step is the least constant capacity that keeps first-in-first-out waits within the
objective: the largest of work(L) ÷ (L + wait) over windows of length L that end there. All rows share one
grid, so that a thousand workloads are one array.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from forecasting.series import FloatArray, Panel

WINDOWS = (1, 2, 3, 5, 7, 10, 15)  # in steps
# Capacity has followed by then; a longer window would hold on to a spike of minutes for as long.
LONGEST_WINDOW_S = 900.0


def windows_for(step: float) -> tuple[int, ...]:
    return tuple(length for length in WINDOWS if length == 1 or length * step <= LONGEST_WINDOW_S)


def requirement(work: FloatArray, step: float, wait: FloatArray) -> FloatArray:
    """Work a second (rows × steps) → requirement, with the same gaps. A window over a gap says nothing."""
    rows, steps = work.shape
    known = np.isfinite(work)
    total = np.zeros((rows, steps + 1))
    count = np.zeros((rows, steps + 1))
    np.cumsum(np.where(known, work, 0.0) * step, axis=1, out=total[:, 1:])
    np.cumsum(known, axis=1, out=count[:, 1:])
    best = np.where(known, 0.0, np.nan)
    for length in windows_for(step):
        if length > steps:
            break
        seconds = length * step
        rate = (total[:, length:] - total[:, :-length]) / (seconds + wait[:, None])
        whole = count[:, length:] - count[:, :-length] == length
        part = best[:, length - 1 :]
        np.maximum(part, np.where(whole, rate, 0.0), out=part, where=known[:, length - 1 :])
    return best


class History:
    """The past of every workload on one grid. It grows by whole steps and forgets what is too old."""

    def __init__(self, waits: Mapping[str, float], *, step: float = 60.0, days: float = 28.0):
        self.names: Sequence[str] = tuple(waits)
        self.step = step
        self._windows = windows_for(step)
        self.start = 0.0
        self._wait = np.array(list(waits.values()), dtype=float)
        self._keep = int(days * 86_400.0 / step)
        self._used = 0
        self._work = np.full((len(self.names), 0), np.nan)
        self._need = self._work

    @property
    def end(self) -> float:
        return self.start + self._used * self.step

    @property
    def steps(self) -> int:
        return self._used

    def seed(self, panels: Mapping[str, Panel], end: float) -> None:
        """Take over what is known of the time before `end`; a workload nobody knew is all gap."""
        known = [round((end - panel.start) / self.step) for panel in panels.values() if panel.steps]
        steps = min(max(known, default=0), self._keep)
        self.start = end - steps * self.step
        work = np.full((len(self.names), steps), np.nan)
        for row, name in enumerate(self.names):
            panel = panels.get(name)
            if panel is not None and panel.steps:
                if abs(panel.step - self.step) > 1e-9:
                    raise ValueError(f"history of {name} has steps of {panel.step:g} s, want {self.step:g} s")
                # Each step goes where it belongs: one that ended early is followed by a gap, not shifted.
                first = round((panel.start - self.start) / self.step)
                skip = max(-first, 0)
                part = panel.values[0, skip : max(steps - first, 0)]
                work[row, first + skip : first + skip + part.size] = part
        self._used = steps
        self._allot(work)
        self._recompute()

    def recall(self, panels: Mapping[str, Panel]) -> None:
        """What is known of the time before the first step, taken over late; what came since stays."""
        own = self._work[:, : self._used].copy()
        self.seed(panels, self.start)
        work = np.concatenate([self._work[:, : self._used], own], axis=1)
        self._used = work.shape[1]
        self._allot(work)
        self._recompute()

    def skip_to(self, at: float) -> None:
        """A jump beyond all that is kept begins anew, empty; so does a clock that went back an hour."""
        if at - self.end > self._keep * self.step or self.end - at > 3_600.0:
            self._used = 0
            self.start = at // self.step * self.step
            empty = np.full((len(self.names), 0), np.nan)
            self._need = self._work = empty

    def close(self, work: Sequence[float]) -> None:
        """One more step, measured for every row (NaN: nobody measured)."""
        if self._used == self._work.shape[1]:
            self._allot(self._work)
        k = self._used
        self._work[:, k] = work
        self._used = k + 1
        first = max(0, k + 1 - self._windows[-1])
        if len(self.names) == 1:
            self._close_one(k, self._work[0, first : k + 1].tolist())
            return
        recent = self._work[:, first : k + 1]
        self._need[:, k] = requirement(recent, self.step, self._wait)[:, -1]

    def _close_one(self, k: int, recent: list[float]) -> None:
        """One row in plain floats: a replay of one workload closes a thousand steps a second."""
        self._need[0, k] = _newest_requirement(recent, self._windows, self.step, float(self._wait[0]))

    def panel(self) -> Panel:
        """The requirement: what the forecaster learns from. A view; read, never written."""
        return Panel(start=self.start, step=self.step, values=self._need[:, : self._used])

    def recent(self, steps: int) -> Panel:
        """The newest of the requirement."""
        first = max(self._used - steps, 0)
        start = self.start + first * self.step
        return Panel(start=start, step=self.step, values=self._need[:, first : self._used])

    def need_at(self, end: float) -> FloatArray:
        """The requirement of the step that ended at `end`, for every row."""
        column: FloatArray = self._need[:, round((end - self.start) / self.step) - 1]
        return column

    def work(self) -> Panel:
        return Panel(start=self.start, step=self.step, values=self._work[:, : self._used])

    def _recompute(self) -> None:
        used = self._used
        if used:
            self._need[:, :used] = requirement(self._work[:, :used], self.step, self._wait)

    def _allot(self, work: FloatArray) -> None:
        """Room for half a day to come; what is too old goes. Copied twice a day, not every step."""
        drop = max(0, self._used - self._keep)
        self.start += drop * self.step
        kept = self._used - drop
        room = kept + max(int(43_200.0 / self.step), 1)

        def moved(old: FloatArray) -> FloatArray:
            new = np.full((len(self.names), room), np.nan)
            if old.shape[1] >= self._used:
                new[:, :kept] = old[:, drop : self._used]
            return new

        self._need, self._work = moved(self._need), moved(work)
        self._used = kept


def _newest_requirement(work: list[float], windows: tuple[int, ...], step: float, wait: float) -> float:
    """`requirement` of one row's newest step in plain floats: ten times faster than arrays of one row."""
    newest = work[-1]
    if newest != newest:
        return newest
    best = 0.0
    totals = list(accumulate([value * step for value in reversed(work)]))
    for length in windows:
        if length > len(totals):
            break
        rate = totals[length - 1] / (length * step + wait)
        if rate != rate:
            break
        if rate > best:
            best = rate
    return best
