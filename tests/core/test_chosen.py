"""What was chosen fills the gaps of what was stated, and nothing else."""

import pytest

from autoscaler.core.chosen import Chosen, cooldown_of, headroom_of, hold_of
from autoscaler.core.policy import Limits
from tests.builders import a_workload

NIGHT = Chosen(32.0, hold_s=900.0, headroom=0.4)

HELD = [
    ("nothing stated: what was chosen", Limits(), 900.0, 900.0),
    ("a stated window", Limits(stabilisation_s=60.0), 60.0, 900.0),
    ("a stated cooldown holds plans as long", Limits(cooldown_down_s=3_600.0), 3_600.0, 3_600.0),
    ("a short cooldown lets plans hold as chosen", Limits(cooldown_down_s=60.0), 900.0, 60.0),
    ("no cooldown at all", Limits(cooldown_down_s=0.0), 900.0, 0.0),
    ("both stated", Limits(stabilisation_s=0.0, cooldown_down_s=1_800.0), 0.0, 1_800.0),
]


@pytest.mark.parametrize("limits, hold, cooldown", [h[1:] for h in HELD], ids=[h[0] for h in HELD])
def test_how_long_plans_hold_and_moves_wait(limits, hold, cooldown):
    assert (hold_of(limits, NIGHT), cooldown_of(limits, NIGHT)) == (hold, cooldown)


@pytest.mark.parametrize("stated, expected", [(None, 0.4), (0.1, 0.1), (0.0, 0.0)])
def test_a_stated_headroom_is_never_overridden(stated, expected):
    assert headroom_of(a_workload(headroom=stated), NIGHT) == expected
