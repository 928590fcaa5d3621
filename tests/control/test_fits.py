"""Where forecasters are fitted: at once, or in a child that is killed when late."""

import time

import numpy as np
import pytest

from autoscaler.control.fits import FitsHere, FitsInChild
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.ledger import Ledger
from forecasting.catalogue import make
from forecasting.series import Panel
from tests.builders import AT
from tests.control.scripted import ScriptedWorld, a_controller, live


class Sleeper:
    """A forecaster that hangs, or dies, when it is fitted."""

    name = "sleeper"

    def __init__(self, dies: bool = False) -> None:
        self.dies = dies

    def fit(self, history: Panel):
        if self.dies:
            raise SystemExit(3)
        time.sleep(3_600.0)


def a_past() -> Panel:
    values = 10.0 + np.sin(np.arange(600) / 30.0)
    return Panel(start=AT - 36_000.0, step=60.0, values=values[np.newaxis])


def answer_of(fits, *, at=AT, seconds=60.0):
    """What a poll brings, waiting as long as a slow machine may take to start a process."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fitted = fits.poll(at)
        if fitted is not None or fits.late:
            return fitted
        time.sleep(0.02)
    raise AssertionError("the child never answered")


def test_here_a_fit_is_done_at_once_and_given_once():
    fits = FitsHere(make("last-value"))
    fits.submit(a_past(), AT)
    assert fits.poll(AT) is not None
    assert fits.poll(AT) is None


def test_a_child_gives_the_same_forecast_as_here():
    here, child = FitsHere(make("memories")), FitsInChild(make("memories"))
    for fits in (here, child):
        fits.submit(a_past(), AT)
    ours, theirs = here.poll(AT), answer_of(child)
    levels = (0.5, 0.9)
    assert np.array_equal(
        ours.forecast(a_past(), 600.0, levels).paths, theirs.forecast(a_past(), 600.0, levels).paths
    )


def test_a_child_that_is_late_is_killed_and_counted():
    fits = FitsInChild(Sleeper(), deadline_s=30.0)
    fits.submit(a_past(), AT)
    assert fits.poll(AT + 29.0) is None
    assert fits.late == 0
    assert fits.poll(AT + 31.0) is None
    assert fits.late == 1
    fits.submit(a_past(), AT + 60.0)  # and the next one gets its chance
    assert fits.poll(AT + 91.0) is None
    assert fits.late == 2


def test_a_child_that_dies_is_counted():
    fits = FitsInChild(Sleeper(dies=True))
    fits.submit(a_past(), AT)
    assert answer_of(fits) is None
    assert fits.late == 1


def test_while_a_child_is_busy_a_second_fit_is_not_begun():
    fits = FitsInChild(Sleeper(), deadline_s=30.0)
    fits.submit(a_past(), AT)
    fits.submit(a_past(), AT + 20.0)
    fits.poll(AT + 31.0)
    assert fits.late == 1


def test_what_was_learned_of_the_bounds_survives_a_restart():
    world = ScriptedWorld(desired=12)
    values = 10.0 + np.random.default_rng(3).normal(0.0, 0.5, (1, 1_440))
    world.past = {"chat": Panel(start=AT - 86_400.0, step=60.0, values=values)}
    controller, _, _ = a_controller(world, fits=FitsHere(make("last-value")))
    live(controller, world, 10.0, ticks=1_200)
    ledger = controller.ledger()
    assert ledger.calibration["chat"].strictness != pytest.approx(1.5229, abs=1e-3)
    assert any(ledger.calibration["chat"].shifts)
    kept = from_plain(to_plain(ledger), Ledger)
    assert kept == ledger
    again, _, _ = a_controller(world, ledger=kept, fits=FitsHere(make("last-value")))
    again.tick(AT + 15.0 * 1_200)
    assert again.ledger().calibration["chat"].shifts == ledger.calibration["chat"].shifts
