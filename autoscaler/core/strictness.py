"""The price of lateness follows what came of it: more misses than were promised raise it, none lets it sink.

Each minute its logarithm moves by a little of (share that came late − share that may). So in the long run as
many come late as may, whatever the forecast's own faults: adaptive conformal inference (Gibbs & Candès 2021)
on what users feel instead of on the bound.
"""

from autoscaler.core.demand import Demand
from autoscaler.core.policy import Objective

LOOSER, STRICTER = 0.5, 0.7  # powers of ten, at most so far from where it began: a third to five times
# A day at twice the misses that may be raises the price by four fifths; one of none lowers it by two fifths.
GAIN_PER_DAY = 0.25
MARGIN = 0.6  # of the misses that may be: next week is not last week, and a promise is kept in both
DAY = 86_400.0


def adjusted(
    strictness: float,
    demand: Demand,
    usual_work: float,
    objective: Objective,
    begun: float,
    elapsed_s: float,
) -> float:
    """log₁₀ of the price after `elapsed_s` at this demand; a busy hour weighs more: it has more requests."""
    late = 1.0 if demand.backlog > demand.work * objective.wait_s else 0.0
    weight = min(demand.work / usual_work, 5.0) if usual_work > 0.0 else 1.0
    may = max(MARGIN * (1.0 - objective.share), 1e-5)
    moved = strictness + GAIN_PER_DAY * elapsed_s / DAY * weight * (late - may) / may
    return min(max(moved, begun - LOOSER), begun + STRICTER)
