"""The planned level follows what came of it: more misses than were promised raise it, none lets it sink.

Strictness is −log₁₀(1 − level): 1 is the 90 % bound, 2 the 99 % bound. Each minute it moves by a little of
(share that came late − share that may). So in the long run as many come late as may, whatever the forecast's
own faults: adaptive conformal inference (Gibbs & Candès 2021) on what users feel instead of on the bound.
"""

from math import log10

from autoscaler.core.demand import Demand
from autoscaler.core.policy import Objective

LOOSEST, STRICTEST = 1.0, 2.7  # levels 0.9 and 0.998
# A day at twice the misses that may be raises 0.97 to 0.979; a day of none lowers it to 0.958.
GAIN_PER_DAY = 0.15
DAY = 86_400.0


def strictness_of(level: float) -> float:
    return -log10(max(1.0 - level, 1e-9))


def level_of(strictness: float) -> float:
    return float(1.0 - 10.0**-strictness)


def adjusted(
    strictness: float, demand: Demand, usual_requests: float, objective: Objective, elapsed_s: float
) -> float:
    """After `elapsed_s` at this demand; an instant with more requests than usual weighs more."""
    late = 1.0 if demand.backlog > demand.work * objective.wait_s else 0.0
    weight = min(demand.requests / usual_requests, 5.0) if usual_requests > 0.0 else 1.0
    may = 1.0 - objective.share
    moved = strictness + GAIN_PER_DAY * elapsed_s / DAY * weight * (late - may) / may
    return min(max(moved, LOOSEST), STRICTEST)
