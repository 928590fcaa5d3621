"""Points of a policy become what it costs at a share that it was not asked for."""

import pytest

from autoscaler.replay.frontier import Point, cheapest_at, cost_at, efficient, gap_closed

CURVE = [Point(99.9, 140.0, 3.0), Point(98.0, 100.0, 1.0), Point(99.5, 120.0, 2.0), Point(97.0, 130.0, 9.0)]


def test_a_setting_that_another_beats_in_both_is_no_part_of_the_frontier():
    assert [point.knob for point in efficient(CURVE)] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "goal, cost",
    [
        pytest.param(99.0, 110.0, id="1 % lies half way from 2 to 0.5 % in the logarithm"),
        pytest.param(99.5, 120.0, id="a point itself"),
        pytest.param(90.0, 100.0, id="nothing is extrapolated: the cheapest setting does better"),
        pytest.param(99.95, None, id="no setting gets there"),
    ],
)
def test_the_cost_at_a_share(goal, cost):
    assert cost_at(CURVE, goal) == (None if cost is None else pytest.approx(cost))


def test_all_requests_in_time_is_a_point_like_any_other():
    cost = cost_at([Point(99.0, 100.0), Point(100.0, 200.0)], 99.9)
    assert cost is not None
    assert 100.0 < cost < 200.0


def test_the_cheapest_setting_in_hindsight_is_one_that_was_tried():
    assert cheapest_at(CURVE, 99.0) == Point(99.5, 120.0, 2.0)
    assert cheapest_at(CURVE, 99.99) is None


@pytest.mark.parametrize(
    "rule, ours, foresight, closed",
    [
        pytest.param(1.3, 1.2, 1.1, 0.5, id="half of the way"),
        pytest.param(1.3, 1.35, 1.1, -0.25, id="worse than the rule"),
        pytest.param(1.3, 1.05, 1.1, 1.25, id="better than foresight in this controller"),
        pytest.param(1.1, 1.1, 1.1, None, id="there is no gap"),
        pytest.param(None, 1.2, 1.1, None, id="the rule never gets there"),
    ],
)
def test_the_share_of_the_gap(rule, ours, foresight, closed):
    assert gap_closed(rule, ours, foresight) == (None if closed is None else pytest.approx(closed))
