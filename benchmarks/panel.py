"""The default forecaster over many series at once, and over one."""

from __future__ import annotations

import time

import numpy as np

from autoscaler.assembly import FORECASTER
from forecasting.catalogue import make
from forecasting.series import Panel

LEVELS = (0.5, 0.9, 0.97, 0.99)


def a_panel(rows: int, days: float, step: float) -> Panel:
    """Days with noise that lasts, each row of its own size and hour."""
    dice = np.random.default_rng(7)
    steps = int(days * 86_400 / step)
    t = np.arange(steps) * step / 86_400
    phase, size = dice.uniform(0, 1, (rows, 1)), dice.lognormal(2.0, 1.0, (rows, 1))
    noise = np.cumsum(dice.normal(0, 0.02, (rows, steps)), axis=1) * 0.2
    values = size * np.exp(0.6 * np.sin(2 * np.pi * (t + phase)) + noise - noise.mean(axis=1, keepdims=True))
    return Panel(start=0.0, step=step, values=values)


def fit_and_forecast(rows: int) -> tuple[float, float]:
    past = a_panel(rows, 7, 300.0)
    forecaster = make(FORECASTER)
    began = time.perf_counter()
    fitted = forecaster.fit(past)
    between = time.perf_counter()
    fitted.forecast(past, 1_800.0, LEVELS)
    return between - began, time.perf_counter() - between


def one_series() -> tuple[float, float]:
    past = a_panel(1, 14, 60.0)
    forecaster = make(FORECASTER)
    began = time.perf_counter()
    fitted = forecaster.fit(past)
    between = time.perf_counter()
    recent = past.last(fitted.memory)
    for _ in range(200):
        fitted.forecast(recent, 720.0, LEVELS)
    return between - began, (time.perf_counter() - between) / 200
