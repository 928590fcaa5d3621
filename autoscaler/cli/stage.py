"""The day of the demo: eighteen days of history, then a Friday with a ramp, a rush and a node that dies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autoscaler.core.policy import Limits, Policy
from autoscaler.replay.setting import Setting, measured_setting
from autoscaler.replay.synthetic import formula
from autoscaler.replay.trace import Trace
from autoscaler.replay.world import World

if TYPE_CHECKING:
    from forecasting.series import FloatArray

NAME = "chat"
DAY = 86_400.0
FRIDAY = 18  # the first day of the formula is a Monday, and is day 0
# The rush of every weekday, in hours of the day, and how many times as many: what a forecaster is there for.
RUSH_FROM, RUSH_TO, RUSH_TIMES = 12.5, 13.25, 1.5
RISE_S = 480.0
RAMP_BEGINS = 6.5
NODE_DIES = 15.5
ROUTER_CARRIES = 5.0  # requests a second, so that routers have something to do


class Stage(NamedTuple):
    setting: Setting
    events: tuple[tuple[float, str], ...]


def make_stage(seed: int) -> Stage:
    trace = _trace(seed)
    friday = trace.start + FRIDAY * DAY
    dies = friday + NODE_DIES * 3600.0
    setting = measured_setting({NAME: trace}, score=1.0, world=World(node_failures=(dies,)))
    workload = setting.policy.workloads[NAME]
    workload = replace(
        workload,
        routers=Limits(floor=2, ceiling=20),
        profile=replace(workload.profile, requests_per_router=ROUTER_CARRIES),
    )
    policy = Policy(workloads={NAME: workload}, pools=setting.policy.pools)
    events = (
        (friday + RAMP_BEGINS * 3600.0, "The morning ramp begins."),
        (
            friday + RUSH_FROM * 3600.0,
            f"The rush of every weekday: {RUSH_TIMES:g} times as many in 8 minutes.",
        ),
        (dies, "A node dies, and all that it serves."),
    )
    return Stage(setting._replace(policy=policy), events)


def _trace(seed: int) -> Trace:
    """The formula `smooth` up to the end of that Friday, with a rush on every weekday."""
    whole = formula("smooth", seed)
    trace = whole.between(whole.start, whole.start + (FRIDAY + 1) * DAY)
    since = trace.step * np.arange(trace.steps)
    hour, weekday = since % DAY, since // DAY % 7 < 5
    up, down = (hour - RUSH_FROM * 3600.0) / RISE_S, (RUSH_TO * 3600.0 - hour) / RISE_S
    rush: FloatArray = 1.0 + (RUSH_TIMES - 1.0) * weekday * np.clip(np.minimum(up, down), 0.0, 1.0)
    return replace(
        trace,
        name=NAME,
        requests=np.round(trace.requests * rush),
        prompt_tokens=None if trace.prompt_tokens is None else np.round(trace.prompt_tokens * rush),
        output_tokens=None if trace.output_tokens is None else np.round(trace.output_tokens * rush),
    )
