"""The planned level follows what came of it: more misses than were promised raise it, none lets it sink.

Strictness is −log₁₀(1 − level): 1 is the 90 % bound, 2 the 99 % bound. Each minute it moves by a little of
(share that came late − share that may). So in the long run as many come late as may, whatever the forecast's
own faults: adaptive conformal inference (Gibbs & Candès 2021) on what users feel instead of on the bound.
"""

from math import log10

from autoscaler.core.demand import Demand
from autoscaler.core.policy import Objective

LOOSER, STRICTER = (
    0.5,
    0.6,
)  # at most so far from where the objective began: 0.97 moves within 0.905 and 0.9925
# A day at twice the misses that may be raises 0.97 to 0.979; a day of none lowers it to 0.958.
GAIN_PER_DAY = 0.15
MARGIN = 0.6  # of the misses that may be: next week is not last week, and a promise is kept in both
DAY = 86_400.0


def strictness_of(level: float) -> float:
    return -log10(max(1.0 - level, 1e-9))


def level_of(strictness: float) -> float:
    return float(1.0 - 10.0**-strictness)


def adjusted(
    strictness: float,
    demand: Demand,
    usual_work: float,
    objective: Objective,
    begun: float,
    elapsed_s: float,
) -> float:
    """After `elapsed_s` at this demand; a busy hour weighs more than a quiet one, as it has more requests."""
    late = 1.0 if demand.backlog > demand.work * objective.wait_s else 0.0
    weight = min(demand.work / usual_work, 5.0) if usual_work > 0.0 else 1.0
    may = max(MARGIN * (1.0 - objective.share), 1e-5)
    moved = strictness + GAIN_PER_DAY * elapsed_s / DAY * weight * (late - may) / may
    return min(max(moved, begun - LOOSER), begun + STRICTER)
