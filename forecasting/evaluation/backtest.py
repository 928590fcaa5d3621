"""Walk through the past: refit now and then, forecast often, and score only what came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.evaluation import scores
from forecasting.forecast import Forecast
from forecasting.forecaster import Fitted, Forecaster
from forecasting.past import DAY, MINUTE, steps_in
from forecasting.series import FloatArray, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """From when to when, how often, and which window ahead is scored. All in seconds."""

    begin: float
    end: float
    refit_every: float = DAY
    forecast_every: float = 5 * MINUTE
    window: tuple[float, float] = (4 * MINUTE, 8 * MINUTE)
    levels: tuple[float, ...] = (0.5, 0.9, 0.97, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one method did on the peaks of its windows, over all rows."""

    method: str
    forecasts: int
    pinball: dict[float, float]  # by level, over the mean of what was scored
    coverage: dict[float, float]  # by level
    mase_last_value: float  # of the median, against holding the last value
    mase_seasonal: float  # of the median, against the same window a day ago


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One row of each array for each forecast and series."""

    realised: FloatArray  # (n,)
    predicted: FloatArray  # (n, levels)
    last: FloatArray  # (n,)
    yesterday: FloatArray  # (n,)


def backtest(history: Panel, methods: Mapping[str, Forecaster], walk: Walk) -> tuple[Score, ...]:
    """Score each method on the same origins; none sees a step that had not ended when it spoke."""
    levels = tuple(sorted({*walk.levels, 0.5}))
    walked = {name: _walk(history, method, walk, levels) for name, method in methods.items()}
    return tuple(_score(name, seen, levels) for name, seen in walked.items())


def forecasts(history: Panel, method: Forecaster, walk: Walk, levels: Sequence[float]) -> list[Forecast]:
    """Every forecast of the walk, in order."""
    made: list[Forecast] = []
    fitted: Fitted | None = None
    refit = -np.inf
    for origin in _origins(history, walk):
        past = history.until(origin)
        if fitted is None or origin >= refit - 1e-6:
            fitted, refit = method.fit(past), origin + walk.refit_every
        made.append(fitted.forecast(past.last(fitted.memory), walk.window[1], levels))
    return made


def _origins(history: Panel, walk: Walk) -> FloatArray:
    step = history.step
    first = history.start + step * np.ceil((walk.begin - history.start) / step - 1e-6)
    last = min(walk.end, history.end) - walk.window[1]
    every = step * steps_in(walk.forecast_every, step)
    return np.arange(max(first, history.start + step), last + 1e-6, every, dtype=np.float64)


def _walk(history: Panel, method: Forecaster, walk: Walk, levels: tuple[float, ...]) -> _Seen:
    made = forecasts(history, method, walk, levels)
    first = int(walk.window[0] / history.step + 1e-6)
    until = max(first + 1, int(np.ceil(walk.window[1] / history.step - 1e-6)))
    day = steps_in(DAY, history.step)
    realised, predicted, last, yesterday = [], [], [], []
    for forecast in made:
        at = round((forecast.origin - history.start) / history.step)
        realised.append(history.values[:, at + first : at + until].max(axis=1))
        predicted.append(forecast.paths[:, :, first:until].max(axis=2).T)
        last.append(history.values[:, at - 1])
        ago = history.values[:, max(at + first - day, 0) : max(at + until - day, 0)]
        yesterday.append(ago.max(axis=1) if at + first >= day else np.full(history.rows, np.nan))
    if not made:
        nothing = np.empty(0)
        return _Seen(realised=nothing, predicted=np.empty((0, len(levels))), last=nothing, yesterday=nothing)
    return _Seen(
        realised=np.concatenate(realised), predicted=np.concatenate(predicted),
        last=np.concatenate(last), yesterday=np.concatenate(yesterday),
    )  # fmt: skip


def _score(name: str, seen: _Seen, levels: tuple[float, ...]) -> Score:
    known = seen.realised[np.isfinite(seen.realised)]
    size = float(known.mean()) if known.size and known.mean() > 0 else 1.0
    by_level = {level: seen.predicted[:, i] for i, level in enumerate(levels)}
    median = by_level[0.5]
    return Score(
        method=name,
        forecasts=len(seen.realised),
        pinball={level: scores.pinball(seen.realised, p, level) / size for level, p in by_level.items()},
        coverage={level: scores.coverage(seen.realised, p) for level, p in by_level.items()},
        mase_last_value=scores.mase(seen.realised, median, seen.last),
        mase_seasonal=scores.mase(seen.realised, median, seen.yesterday),
    )
