"""Which seasons a series has, if any: autocorrelation that chance does not explain.

The series is freed of its slow drift, and its correlation with itself one period back is compared with that
of surrogates in which whole stretches were shuffled: noise keeps its short memory there, but loses the clock.
A daily shape that is there only because the load wanders does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.past import DAY, HOUR, WEEK, log_of, offsets, steps_in
from forecasting.series import FloatArray, Panel

PERIODS: dict[str, float] = {"week": WEEK, "day": DAY, "hour": HOUR, "half-hour": HOUR / 2}
_SURROGATES = 40
_LEAST_CYCLES = 2.0
_LEAST_STRENGTH = 0.1
_SEED = 20_240_517


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A period that recurs, and how much of the movement it explains (an autocorrelation)."""

    name: str
    period: float
    strength: float


def detect(history: Panel, row: int = 0) -> tuple[Season, ...]:
    """The seasons of one row, strongest first; empty if there is none."""
    values = history.values[row : row + 1]
    logs = log_of(values, offsets(values))[0]
    found = [_test(logs, name, steps_in(period, history.step)) for name, period in PERIODS.items()]
    seasons = [Season(name=n, period=PERIODS[n], strength=s) for n, s in found if s > 0]
    return tuple(sorted(seasons, key=lambda season: -season.strength))


def describe(seasons: Sequence[Season]) -> str:
    """One phrase: "day, week", or "none"."""
    return ", ".join(season.name for season in seasons) or "none"


def _test(logs: FloatArray, name: str, lag: int) -> tuple[str, float]:
    if lag < 4 or len(logs) < _LEAST_CYCLES * lag or np.isfinite(logs).sum() < 2 * lag:
        return name, 0.0
    rest = _detrended(logs, lag)
    strength = _correlation(rest, lag)
    cycles = len(logs) / lag
    # By chance alone the correlation of n cycles scatters by about 1/sqrt(n).
    threshold = max(_LEAST_STRENGTH, 0.5 / np.sqrt(cycles), _by_chance(rest, lag))
    return name, strength if strength > threshold else 0.0


def _detrended(logs: FloatArray, lag: int) -> FloatArray:
    """What is left after the mean over one period around each step; gaps stay gaps."""
    seen = np.isfinite(logs)
    kernel = np.ones(lag)
    total = np.convolve(np.where(seen, logs, 0.0), kernel, "full")[lag // 2 :][: len(logs)]
    count = np.convolve(seen.astype(np.float64), kernel, "full")[lag // 2 :][: len(logs)]
    return np.where(seen, logs - total / np.maximum(count, 1.0), np.nan)


def _correlation(rest: FloatArray, lag: int) -> float:
    now, then = rest[lag:], rest[:-lag]
    both = np.isfinite(now) & np.isfinite(then)
    now, then = now[both], then[both]
    size = float(np.sqrt((now @ now) * (then @ then)))
    return float(now @ then) / size if size > 1e-12 else 0.0


def _by_chance(rest: FloatArray, lag: int) -> float:
    """The correlation that shuffled stretches of a third of a period reach in 39 of 40 cases."""
    dice = np.random.default_rng(_SEED)
    stretch = max(1, lag // 3)
    whole = len(rest) // stretch
    pieces = rest[: whole * stretch].reshape(whole, stretch)
    reached = [_correlation(pieces[dice.permutation(whole)].ravel(), lag) for _ in range(_SURROGATES)]
    return max(reached)
