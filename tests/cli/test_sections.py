"""A run → what the report draws."""

import numpy as np

from autoscaler.assembly import Bounds
from autoscaler.cli.sections import _band

LEVELS = (0.5, 0.97)


def check(at: float, came: float) -> Bounds:
    return Bounds(at, "chat", LEVELS, (came, came + 2.0), came)


def test_checks_five_minutes_apart_are_one_line_and_a_silence_is_a_gap():
    checked = [check(60.0, 10.0), check(360.0, 15.0), check(1260.0, 15.0)]
    expected, bound, came = _band(checked, 0.97, start=0.0, step=60.0, steps=22)
    np.testing.assert_allclose(came[:6], [10, 11, 12, 13, 14, 15])
    np.testing.assert_allclose(bound[:6], came[:6] + 2.0)
    assert np.isnan(came[6:20]).all()
    assert expected[20] == 15.0
