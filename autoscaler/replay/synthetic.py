"""Demand from a formula and a seed, for when there is no trace. Six shapes, each hard in its own way.

`smooth` a working day and a weekend; `ramps` a morning that begins at once; `flash` three crowds a day at
random times; `shift` a level that moves for good and for a day; `noise` no season at all; `cron` a spike
at every :00 and :30. Twenty-one days of one-minute steps from a Monday, 00:00 UTC, requests Poisson.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from autoscaler.replay.trace import Trace
from forecasting.series import FloatArray

MONDAY = 1_736_121_600.0  # 2025-01-06T00:00:00Z
STEP = 60.0
DAYS = 21
STEPS = int(DAYS * 86_400 / STEP)
PROMPT_TOKENS = 1_200.0
OUTPUT_TOKENS = 220.0

Shape = Callable[[np.random.Generator], FloatArray]

_SECONDS = np.arange(STEPS) * STEP
_HOUR = (_SECONDS / 3600.0) % 24.0
_DAY = np.floor(_SECONDS / 86_400.0)  # the first is day 0, a Monday


def formula(name: str, seed: int = 1) -> Trace:
    """The named shape; the same name and seed give the same trace."""
    if name not in FORMULAS:
        raise ValueError(f"unknown formula {name!r}; there are {', '.join(FORMULAS)}")
    rng = np.random.default_rng(seed)
    # Rounded before the dice: exp() may differ in its last bit between machines and numpy versions.
    requests = rng.poisson(np.round(FORMULAS[name](rng) * STEP, 9)).astype(np.float64)
    mix = _wobble(rng, (0.08, 3600.0))
    return Trace(
        name=name,
        start=MONDAY,
        step=STEP,
        requests=requests,
        prompt_tokens=np.round(requests * PROMPT_TOKENS * mix),
        output_tokens=np.round(requests * OUTPUT_TOKENS * mix),
    )


def _smooth(rng: np.random.Generator) -> FloatArray:
    weekend = np.where(_DAY % 7 >= 5, 0.8, 1.0)
    return 20.0 * _day() * weekend * _wobble(rng, (0.06, 2700.0), (0.05, 300.0))


def _ramps(rng: np.random.Generator) -> FloatArray:
    office = np.where(_DAY % 7 < 5, 1.0, 0.35)
    shape = 0.03 + office * (_bump(10.5, 1.4) + _bump(15.0, 1.8))
    return 25.0 * shape * _wobble(rng, (0.08, 2700.0), (0.06, 300.0))


def _flash(rng: np.random.Generator) -> FloatArray:
    crowds = np.ones(STEPS)
    for day in range(DAYS):
        for begins in day * 86_400.0 + rng.uniform(0.0, 86_400.0, 3):
            times, lasts = rng.uniform(1.5, 3.0), rng.uniform(5.0, 40.0) * 60.0
            since = _SECONDS - begins
            up, down = since / 90.0, 1.0 - (since - lasts) / 180.0
            crowds *= 1.0 + (times - 1.0) * np.clip(np.minimum(up, down), 0.0, 1.0)
    return _day() * crowds * _wobble(rng, (0.08, 1800.0)) * 12.0


def _shift(rng: np.random.Generator) -> FloatArray:
    level: FloatArray = np.where(_DAY >= 16, 1.6, 1.0) * np.where(_DAY == 18, 0.4, 1.0)
    return 15.0 * _day() * level * _wobble(rng, (0.06, 2700.0))


def _noise(rng: np.random.Generator) -> FloatArray:
    return _wobble(rng, (0.5, 7200.0), (0.15, 240.0)) * 10.0


def _cron(rng: np.random.Generator) -> FloatArray:
    minutes = (_SECONDS / 60.0) % 30.0
    spike: FloatArray = 1.0 + 1.2 * np.exp(-minutes / 4.0)
    return 12.0 * _day() * _wobble(rng, (0.06, 2700.0)) * spike


FORMULAS: Mapping[str, Shape] = MappingProxyType(
    {"smooth": _smooth, "ramps": _ramps, "flash": _flash, "shift": _shift, "noise": _noise, "cron": _cron}
)


def _day() -> FloatArray:
    return 0.35 + 0.5 * _bump(11.0, 2.5) + 0.6 * _bump(16.0, 3.0) + 0.25 * _bump(21.0, 2.0)


def _bump(centre: float, width: float) -> FloatArray:
    """A bell around an hour of the day; around the clock, so that 23:00 is two hours from 01:00."""
    away = (_HOUR - centre + 12.0) % 24.0 - 12.0
    bell: FloatArray = np.exp(-0.5 * (away / width) ** 2)
    return bell


def _wobble(rng: np.random.Generator, *parts: tuple[float, float]) -> FloatArray:
    """Log-normal noise around 1: the exponential of AR(1) parts, each a deviation and a time constant."""
    factor: FloatArray = np.exp(sum(_ar(rng, sd, time_constant_s) for sd, time_constant_s in parts))
    return factor


def _ar(rng: np.random.Generator, sd: float, time_constant_s: float) -> FloatArray:
    """AR(1) noise of standard deviation `sd` that forgets within the time constant; stationary at once."""
    keep = float(np.exp(-STEP / time_constant_s))
    fresh = sd * (1.0 - keep * keep) ** 0.5
    draws = rng.standard_normal(STEPS).tolist()
    value = sd * draws[0]
    values = [value]
    for draw in draws[1:]:
        value = keep * value + fresh * draw
        values.append(value)
    return np.array(values)
