"""What was said of the window ahead, what came of it, and the calibration that learns from the difference."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp
from typing import NamedTuple

import numpy as np

from autoscaler.core.history import History
from autoscaler.core.ledger import Calibrated
from forecasting.calibration import Calibration, fresh, update
from forecasting.series import FloatArray

EVERY_S = 300.0
GAIN = 0.05  # right for one look every five minutes
KEPT = 20_000  # ten weeks of one workload: what a scorecard and a report show


class Realised(NamedTuple):
    """The bounds given for one instant, lowest level first, and what came."""

    at: float
    name: str
    levels: tuple[float, ...]
    bounds: tuple[float, ...]
    came: float


class _Said(NamedTuple):
    end: float  # when the step ends that it was said of
    bounds: FloatArray  # (rows, levels)


class Reckoning:
    def __init__(
        self, names: Sequence[str], levels: tuple[float, ...], kept: Mapping[str, Calibrated]
    ) -> None:
        self.realised: deque[Realised] = deque(maxlen=KEPT)
        self._names = names
        self._levels = levels
        self._calibration = _resumed(names, levels, kept)
        self._shifts = self._calibration.shifts.tolist()
        self._said: deque[_Said] = deque()

    def learned(self, row: int, strictness: float) -> Calibrated:
        """What to remember of one row."""
        shifts = tuple(round(shift, 6) for shift in self._shifts[row])
        spread = round(float(self._calibration.spread[row, 0]), 6)
        return Calibrated(strictness, self._levels, shifts, spread)

    def factors(self, row: int) -> list[float]:
        """By how much the bound of each level has lately been too low (> 1) or too high."""
        return [exp(shift) for shift in self._shifts[row]]

    def say(self, end: float, bounds: FloatArray) -> None:
        """Bounds (levels, rows) of the forecast itself, for the step that ends at `end`."""
        if end % EVERY_S < 1.0:
            self._said.append(_Said(end, bounds.T * np.exp(self._calibration.shifts)))

    def settle(self, history: History, until: float | None = None) -> None:
        """Learn from every step that was spoken of and has ended; by `until`, where a past is lived again."""
        ended = history.end if until is None else until
        while self._said and self._said[0].end > ended + 86_400.0:
            self._said.popleft()  # the clock went back
        while self._said and self._said[0].end <= ended + 0.5 * history.step:
            said = self._said.popleft()
            if said.end <= history.start:
                continue  # forgotten since: the clock jumped
            came = history.need_at(said.end)
            self._calibration = update(self._calibration, said.bounds, _where_banded(said.bounds, came))
            self._shifts = self._calibration.shifts.tolist()
            for row, name in enumerate(self._names):
                if came[row] == came[row]:
                    bounds = tuple(said.bounds[row].tolist())
                    self.realised.append(Realised(said.end, name, self._levels, bounds, float(came[row])))


def _where_banded(bounds: FloatArray, came: FloatArray) -> FloatArray:
    """What came, where a band was given: a point that claims to be sure has nothing to calibrate."""
    return np.where(bounds[:, -1] > bounds[:, 0], came, np.nan)


def _resumed(names: Sequence[str], levels: tuple[float, ...], kept: Mapping[str, Calibrated]) -> Calibration:
    """What was learned before a restart; nothing of a workload that is new or was asked at other levels."""
    begun = fresh(len(names), levels, gain=GAIN)
    shifts, spread = begun.shifts.copy(), begun.spread.copy()
    for row, name in enumerate(names):
        known = kept.get(name)
        if known is not None and known.levels == levels:
            shifts[row], spread[row] = known.shifts, known.spread
    return replace(begun, shifts=shifts, spread=spread)
