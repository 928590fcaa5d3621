"""The first method that has enough history, row by row; and forecasts across a gap at the end.

The first minutes are a guess that says so, the first hours hold the last value with bands from its own
errors, then the method that was asked for answers, with as many seasons as there has been time to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.forecast import Forecast
from forecasting.forecaster import Fitted, State
from forecasting.learned import Learned, Levels, Method, learn
from forecasting.methods.last_value import LastValue
from forecasting.past import HOUR, enough_origins, steps_in
from forecasting.rules import Index
from forecasting.series import FloatArray, Panel

_LEAST_STEPS = 30
_TOGETHER = 128  # rows fitted at once: more do not fit the processor's cache, and 1,000 take a GiB
_LONGEST_GAP = HOUR  # a newest value older than this is no present to start from
_BUCKET = 1.5


@lru_cache(maxsize=64)
def in_order(levels: Levels) -> Levels:
    """Ascending, each once, and always the median."""
    if not levels or not all(0.0 < level < 1.0 for level in levels):
        raise ValueError(f"levels lie between 0 and 1, got {list(levels)}")
    return tuple(sorted({*levels, 0.5}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The last value with a wide band, for the first minutes: nothing was learned yet."""

    name: str = "guess"
    memory: int = 1

    def paths(self, recent: Panel, ahead: int, levels: Levels) -> FloatArray:
        return guess(recent.values[:, -1], recent.step, ahead, levels)

    def state(self) -> State:
        return {"kind": "guess"}


def guess(now: FloatArray, step: float, ahead: int, levels: Levels) -> FloatArray:
    """After ten minutes a quarter more or less, with the root of time; never beyond a factor of e."""
    spread = np.minimum(0.25 * np.sqrt(step * np.arange(1, ahead + 1) / 600.0), 1.0)
    # The logistic quantile, scaled to unit variance: wider in the tails than the normal.
    odds = np.array([np.log(level / (1.0 - level)) for level in levels]) * np.sqrt(3.0) / np.pi
    band = np.exp(np.clip(odds[:, None, None] * spread, -3.0, 3.0))
    return np.asarray(np.nan_to_num(np.maximum(now, 0.0))[None, :, None] * band)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that one fit answers for."""

    rows: Index
    learned: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Each row by the method that knew enough of it."""

    name: str
    step: float
    rows: int
    groups: tuple[Group, ...]

    @property
    def memory(self) -> int:
        return max((group.learned.memory for group in self.groups), default=1)

    def forecast(self, recent: Panel, horizon: float, levels: Sequence[float]) -> Forecast:
        self._check(recent, horizon)
        ordered = in_order(tuple(levels))
        ahead = max(1, ceil(horizon / self.step - 1e-6))
        if len(self.groups) == 1 and recent.steps > 0 and _all_measured(recent.values[:, -1]):
            learned = self.groups[0].learned
            paths, method = learned.paths(recent, ahead, ordered), learned.name
        else:
            paths, method = self._by_group(recent, ahead, ordered)
        return Forecast(origin=recent.end, step=self.step, levels=ordered, paths=paths, method=method)

    def _check(self, recent: Panel, horizon: float) -> None:
        rows = recent.values.shape[0]
        if rows != self.rows:
            raise ValueError(f"fitted on {self.rows} row(s), asked about {rows}")
        if abs(recent.step - self.step) > 1e-6:
            raise ValueError(f"fitted on steps of {self.step} s, asked about steps of {recent.step} s")
        if not 0 < horizon < float("inf"):
            raise ValueError(f"a horizon lies ahead, got {horizon}")

    def _by_group(self, recent: Panel, ahead: int, levels: Levels) -> tuple[FloatArray, str]:
        paths = np.zeros((len(levels), self.rows, ahead))
        names: list[str] = []
        silent = _silent_steps(recent)
        longest = min(steps_in(_LONGEST_GAP, self.step), recent.steps - 1)
        for group in self.groups:
            for gap in np.unique(silent[group.rows]):
                at = np.flatnonzero(silent[group.rows] == gap)
                rows = group.rows[at]
                if gap > longest:
                    # Nothing recent enough: the newest value there is, or nothing at all.
                    paths[:, rows], name = _from_afar(recent, rows, ahead, levels), "guess"
                else:
                    part = Panel(
                        start=recent.start, step=recent.step, values=recent.values[:, : recent.steps - gap]
                    )
                    paths[:, rows] = _of_rows(group, at, part, ahead + int(gap), levels)[:, :, gap:]
                    name = group.learned.name
                names += [name] if name not in names else []
        return paths, "+".join(names)

    def state(self) -> State:
        groups = [{"rows": group.rows.tolist(), "learned": group.learned.state()} for group in self.groups]
        return {"kind": "grouped", "name": self.name, "step": self.step, "rows": self.rows, "groups": groups}


def _all_measured(newest: FloatArray) -> bool:
    return isfinite(newest[0]) if newest.size == 1 else bool(np.isfinite(newest).all())


def _silent_steps(recent: Panel) -> npt.NDArray[np.int64]:
    """Steps since the newest measured one, by row; all of them where nothing was measured."""
    seen = np.isfinite(recent.values[:, ::-1])
    newest = seen.argmax(axis=1) if recent.steps else 0
    return np.where(seen.any(axis=1), newest, recent.steps).astype(np.int64)


def _from_afar(recent: Panel, rows: Index, ahead: int, levels: Levels) -> FloatArray:
    values = recent.values[rows]
    now = np.zeros(len(rows))
    for i, row in enumerate(values):
        known = row[np.isfinite(row)]
        now[i] = known[-1] if known.size else 0.0
    return guess(now, recent.step, ahead, levels)


def _of_rows(group: Group, at: Index, recent: Panel, ahead: int, levels: Levels) -> FloatArray:
    """A fit answers for all of its rows; those with another gap are asked along and left out."""
    values = recent.values[group.rows]
    if len(at) < len(group.rows):
        newest = values[:, -1]
        stand_in = np.where(np.isfinite(newest), newest, 1.0)
        values = np.column_stack([values[:, :-1], stand_in])
    panel = Panel(start=recent.start, step=recent.step, values=values)
    return group.learned.paths(panel, ahead, levels)[:, at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Fits each row by the first of its methods that has seen enough."""

    method: Method

    @property
    def name(self) -> str:
        return self.method.name

    def fit(self, history: Panel) -> Grouped:
        if history.rows == 0:
            return Grouped(name=self.name, step=history.step, rows=0, groups=())
        groups: list[Group] = []
        lengths = _lengths(history)
        measured = np.isfinite(history.values).sum(axis=1)
        rungs = [self.method] if isinstance(self.method, LastValue) else [self.method, LastValue()]
        left = np.ones(history.rows, dtype=bool)
        for rung in rungs:
            enough = left & (measured >= max(_LEAST_STEPS, ceil(rung.needs / history.step)))
            left &= ~enough
            for length in np.unique(lengths[enough]):
                alike = np.flatnonzero(enough & (lengths == length))
                groups += _fitted(rung, history.last(int(length)), alike)
        if left.any():
            groups.append(Group(rows=np.flatnonzero(left), learned=Guess()))
        return Grouped(name=self.name, step=history.step, rows=history.rows, groups=tuple(groups))


def _lengths(history: Panel) -> npt.NDArray[np.int64]:
    """How much of the panel each row spans, in a few sizes, so that rows of like age are fitted together."""
    seen = np.isfinite(history.values)
    own = np.where(seen.any(axis=1), history.steps - seen.argmax(axis=1) if history.steps else 0, 0)
    sizes = np.array([ceil(history.steps / _BUCKET**k) for k in range(24)])
    return np.asarray(np.where(sizes[None] >= own[:, None], sizes[None], history.steps).min(axis=1))


def _fitted(method: Method, history: Panel, rows: Index) -> list[Group]:
    origins = enough_origins(len(rows))
    groups = []
    for begin in range(0, len(rows), _TOGETHER):
        part = rows[begin : begin + _TOGETHER]
        values = history.values[part] if len(part) < history.rows else history.values
        panel = Panel(start=history.start, step=history.step, values=values)
        groups.append(Group(rows=part, learned=learn(method, panel, origins)))
    return groups


def restored(state: dict[str, Any], learned: Sequence[Learned]) -> Fitted:
    rows = [np.array(group["rows"], dtype=np.intp) for group in state["groups"]]
    groups = tuple(Group(rows=r, learned=one) for r, one in zip(rows, learned, strict=True))
    return Grouped(name=state["name"], step=state["step"], rows=state["rows"], groups=groups)
