"""What an operator leaves open: chosen for each workload from its own past, or a safe default until then.

A stated value stands in the policy and is never overridden; here is only what fills the gaps.
"""

from typing import NamedTuple

from autoscaler.core.policy import Limits, Workload


class Chosen(NamedTuple):
    """One workload's settings of a day."""

    late_price: float  # of a server-second served late, in idle ones: the forecast's band is read with it
    hold_s: float = (
        300.0  # going down only to the highest plan of so long, and as long between two moves down
    )
    headroom: float = 0.15  # of the reactive rule: without a forecast, or beside one that is not trusted
    forecast: float = 1.0  # how far the past says that a forecast is worth reading: 1 wholly, 0 not at all
    days: float = 0.0  # of past that it was chosen from; 0: a default


ROUTERS_HOLD_S = 120.0


def hold_of(limits: Limits, chosen: Chosen) -> float:
    """How long servers' own plans hold them: stated, or chosen.

    A stated cooldown says how calm the operator wants it: plans of the last so long hold as well.
    """
    if limits.stabilisation_s is not None:
        return limits.stabilisation_s
    return max(chosen.hold_s, limits.cooldown_down_s or 0.0)


def cooldown_of(limits: Limits, chosen: Chosen) -> float:
    return chosen.hold_s if limits.cooldown_down_s is None else limits.cooldown_down_s


def headroom_of(workload: Workload, chosen: Chosen) -> float:
    return chosen.headroom if workload.headroom is None else workload.headroom
