"""Starts that get slower while one looks: the horizon follows by itself."""

from dataclasses import replace

import pytest

from autoscaler.assembly import replay
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.synthetic import formula

DAY = 86_400.0
HOUR = 3_600.0


@pytest.fixture(scope="module")
def told():
    """Three days: starts of one minute, then of five, then of fifteen. Lead times by hour; the figures."""
    setting = measured_setting({"smooth": formula("smooth", 1)}, score=3)
    changes = [((180.0, 300.0), (40.0, 80.0)), ((600.0, 760.0), (160.0, 280.0))]
    at = [setting.start + DAY, setting.start + 2 * DAY]
    world = replace(
        setting.world,
        node_delay=(20.0, 40.0),
        load=(20.0, 40.0),
        node_delay_changes=tuple(zip(at, (node for node, _ in changes), strict=True)),
        load_changes=tuple(zip(at, (load for _, load in changes), strict=True)),
    )
    seen: dict[float, float] = {}

    def watch(watched):
        if watched.record is not None and watched.at % HOUR < 1.0:
            seen[watched.at - setting.start] = watched.record.inputs.leads["smooth"].slow

    run = replay(setting._replace(world=world), "headway", on_tick=watch)
    return seen, run.scorecard.total


@pytest.mark.parametrize("day,least,most", [(1, 60, 160), (2, 300, 500), (3, 850, 1_300)])
def test_within_a_day_the_horizon_is_what_starts_have_come_to_take(told, day, least, most):
    seen, _ = told
    assert least <= seen[day * DAY - HOUR] <= most


def test_the_promise_is_kept_all_the_same(told):
    _, total = told
    assert total.attainment >= 99.0
