"""Small series with a known shape."""

import numpy as np

from forecasting.series import Panel

STEP = 300.0
DAY_STEPS = 288


def a_panel(values, *, start=0.0, step=STEP):
    return Panel(start=start, step=step, values=np.atleast_2d(np.asarray(values, dtype=np.float64)))


def daily(days=5, *, level=10.0, swing=5.0, noise=0.0, seed=0, step=STEP):
    """A sine a day, never below zero, with multiplicative noise."""
    n = int(days * 86400 / step)
    wave = level + swing * np.sin(2 * np.pi * np.arange(n) * step / 86400)
    dice = np.random.default_rng(seed)
    return np.maximum(wave * np.exp(noise * dice.normal(size=n)), 0.0)


def spikes(days=4, *, every=6, height=2.0, seed=0, noise=0.02):
    """A cron job: one tall step in every half hour."""
    n = days * DAY_STEPS
    base = 10.0 * np.exp(noise * np.random.default_rng(seed).normal(size=n))
    return base * np.where(np.arange(n) % every == 0, height, 1.0)


def mixed(seed=1):
    """Rows of every kind: seasonal, constant, empty, zero, bursty, young, gappy."""
    dice = np.random.default_rng(seed)
    n = 5 * DAY_STEPS
    rows = [
        daily(noise=0.1),
        np.full(n, 5.0),
        np.full(n, np.nan),
        np.zeros(n),
        np.exp(dice.normal(size=n)),
        daily(noise=0.05, seed=2),
        daily(noise=0.05, seed=3),
    ]
    panel = np.vstack(rows)
    panel[5, : n - 60] = np.nan
    panel[6, 100:130] = np.nan
    panel[6, -2:] = np.nan
    return a_panel(panel)
