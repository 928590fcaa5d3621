"""Seasonal naive: the same time of the last days, and of the same weekday."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecasting.forecaster import State
from forecasting.learned import Studied
from forecasting.past import DAY, MINUTE, WEEK, Array32, Past, steps_in
from forecasting.rules import Index
from forecasting.series import FloatArray, Panel

Part = tuple[float, int, float]  # period in seconds, how many of them back, weight of each

SEASONS: dict[str, tuple[Part, ...]] = {
    "day": ((DAY, 1, 1.0),),
    "week": ((WEEK, 1, 1.0),),
    "several": ((DAY, 3, 0.25), (WEEK, 3, 0.25 / 3)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A weighted mean of the same phase in past periods; those nobody measured are left out."""

    step: float
    parts: tuple[Part, ...]
    reach: int
    _asked: dict[int, tuple[Index, FloatArray]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def memory(self) -> int:
        return self.reach + 1

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        lags, weights = self._question(ahead)
        index = recent.steps - 1 - lags
        there = index >= 0
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(recent.values[:, np.where(there, index, 0)] + offset[:, :, None])
        there = there & np.isfinite(logs)
        weight = np.where(there, weights, 0.0)
        total = np.add.reduce(weight, axis=2)
        logs = np.where(there, logs, 0.0)
        now = np.log(recent.values[:, -1:] + offset)
        mean = np.add.reduce(weight * logs, axis=2) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, mean, now)

    def fold(self, ahead: int) -> None:
        return None  # a mean over what is there is no fixed product

    def _question(self, ahead: int) -> tuple[Index, FloatArray]:
        """Lags (ahead, parts) and weights (parts,)."""
        if ahead not in self._asked:
            found = [self.lags(h) for h in range(1, ahead + 1)]
            lags = np.array([[lag for lag, _ in row] for row in found], dtype=np.intp)
            self._asked[ahead] = lags, np.array([weight for _, weight in found[0]])
        return self._asked[ahead]

    def lags(self, ahead: int) -> list[tuple[int, float]]:
        """The lags that land on the phase of `ahead`, with their weights."""
        out = []
        for period, most, weight in self.parts:
            length = steps_in(period, self.step)
            skipped = -(-ahead // length)
            lags = [length * (skipped + k) - ahead for k in range(most)]
            out += [(lag if lag <= self.reach else self.reach + 10**9, weight) for lag in lags]
        return out

    def state(self) -> State:
        parts = [list(part) for part in self.parts]
        return {"rule": "season", "step": self.step, "parts": parts, "reach": self.reach}


def restored(state: dict[str, Any]) -> Season:
    parts = tuple((float(p), int(m), float(w)) for p, m, w in state["parts"])
    return Season(step=state["step"], parts=parts, reach=state["reach"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonalNaive:
    """`season` is "day", "week" or "several" (three days and three weeks back)."""

    name: str = "seasonal-naive"
    season: str = "several"
    max_ahead: float = 30 * MINUTE
    needs: float = 1.2 * DAY

    def __post_init__(self) -> None:
        if self.season not in SEASONS:
            raise ValueError(f"season is one of {', '.join(SEASONS)}, got {self.season!r}")

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        parts = SEASONS[self.season]
        longest = max(steps_in(period, past.step) * most for period, most, _ in parts)
        rule = Season(step=past.step, parts=parts, reach=min(longest, history.steps))
        points = np.stack([_at_origins(past, rule.lags(h)) for h in past.horizons], axis=1)
        return Studied(rule=rule, points=points)


def _at_origins(past: Past, lags: list[tuple[int, float]]) -> Array32:
    now = past.at(0)
    total, weights = np.zeros_like(now), np.zeros_like(now)
    for lag, weight in lags:
        if lag > past.pad + past.first:
            continue
        found = past.at(-lag)
        seen = np.isfinite(found)
        total += np.where(seen, np.float32(weight) * found, np.float32(0.0))
        weights += np.float32(weight) * seen
    mean = total / np.where(weights > 0, weights, np.float32(1.0))
    return np.where(weights > 0, mean, now).astype(np.float32)
