"""Rules that restrain a proposal, one after another; each names its reason.

Up needs one voice and is restrained by limits, budget and room only. Down needs every voice: nothing blind,
nothing doubted, nothing still on its way, the highest recent plan, the forecast, the lead time after going up
and the cooldown after going down.
"""

from collections.abc import Callable
from typing import NamedTuple

from autoscaler.core.cluster import Target
from autoscaler.core.ledger import Moves
from autoscaler.core.policy import Limits
from autoscaler.core.reasons import AFTER, Reason, Why

SETTLE_S = 60.0  # an order of ours may take so long to be seen; until then it is not given again


class Proposal(NamedTuple):
    """One count on its way through the guards."""

    target: Target
    desired: int
    to: int
    why: tuple[Why, ...]

    def changed(self, to: int, reason: Reason, *numbers: tuple[str, float]) -> "Proposal":
        """The count after a guard, which the guard's reason keeps among its numbers."""
        return Proposal(self.target, self.desired, to, (*self.why, Why(reason, (*numbers, (AFTER, to)))))


class Context(NamedTuple):
    """All that a guard may look at."""

    at: float
    limits: Limits
    moves: Moves
    blind: bool
    may_lower: bool
    collapsed: bool
    hold_s: float  # the stabilisation window
    recent: int | None  # the highest plan of that window; None: it is not full yet
    agreed: int  # what the forecast needs until a server let go now could be back
    lead_s: float
    cooldown_s: float
    budget: int | None
    room: int
    calendar: int


Guard = Callable[[Proposal, Context], Proposal]


def see_before_lowering(proposal: Proposal, context: Context) -> Proposal:
    """Blind or in doubt never goes down: incidents 1 to 5 of every autoscaler were absence read as zero."""
    if proposal.to >= proposal.desired or (context.may_lower and not context.blind):
        return proposal
    return proposal.changed(proposal.desired, Reason.BLIND if context.blind else Reason.DOUBTED)


def doubt_a_collapse(proposal: Proposal, context: Context) -> Proposal:
    """An outage drops traffic before a retry storm: what fell below all that was usual keeps its servers."""
    if proposal.to >= proposal.desired or not context.collapsed:
        return proposal
    return proposal.changed(proposal.desired, Reason.COLLAPSED)


def never_order_twice(proposal: Proposal, context: Context) -> Proposal:
    """An order of ours that the cluster does not show yet is not given again, nor taken back."""
    moves = context.moves
    if moves.to < 0 or moves.to == proposal.desired or context.at - moves.at >= SETTLE_S:
        return proposal
    if proposal.to > max(moves.to, proposal.desired) or proposal.to == proposal.desired:
        return proposal
    return proposal.changed(proposal.desired, Reason.ORDERED, ("to", moves.to), ("at", moves.at))


def go_down_to_recent_plans(proposal: Proposal, context: Context) -> Proposal:
    """Down only to the highest recent plan; before the window is full we do not know it."""
    if proposal.to >= proposal.desired:
        return proposal
    window = context.hold_s
    if context.recent is None:
        return proposal.changed(proposal.desired, Reason.STABILISATION, ("window_s", window))
    if context.recent <= proposal.to:
        return proposal
    to = min(context.recent, proposal.desired)
    return proposal.changed(to, Reason.STABILISATION, ("highest", to), ("window_s", window))


def forecast_must_agree(proposal: Proposal, context: Context) -> Proposal:
    """Down only to what the forecast needs until it could be had back."""
    if proposal.to >= proposal.desired or context.agreed <= proposal.to:
        return proposal
    to = min(context.agreed, proposal.desired)
    return proposal.changed(to, Reason.FORECAST_DISAGREES, ("need", context.agreed))


def wait_for_arrivals(proposal: Proposal, context: Context) -> Proposal:
    """After going up, nothing goes before what was ordered could have arrived."""
    if proposal.to >= proposal.desired or context.at - context.moves.last_up >= context.lead_s:
        return proposal
    return proposal.changed(
        proposal.desired, Reason.LEAD_TIME, ("until", context.moves.last_up + context.lead_s)
    )


def wait_for_cooldown(proposal: Proposal, context: Context) -> Proposal:
    """Scaling down waits for its cooldown; scaling up never does."""
    if proposal.to >= proposal.desired or context.at - context.moves.last_down >= context.cooldown_s:
        return proposal
    return proposal.changed(
        proposal.desired, Reason.COOLDOWN, ("until", context.moves.last_down + context.cooldown_s)
    )


def limit_step(proposal: Proposal, context: Context) -> Proposal:
    """So many at once, no more."""
    up, down = context.limits.step_up, context.limits.step_down
    if up is not None and proposal.to > proposal.desired + up:
        return proposal.changed(proposal.desired + up, Reason.STEP, ("at_once", up))
    if down is not None and proposal.to < proposal.desired - down:
        return proposal.changed(proposal.desired - down, Reason.STEP, ("at_once", down))
    return proposal


def limit_hour(proposal: Proposal, context: Context) -> Proposal:
    """So many removals within an hour, no more."""
    most = context.limits.down_per_hour
    if most is None or proposal.to >= proposal.desired:
        return proposal
    left = max(most - context.moves.down_within_hour(context.at), 0)
    if proposal.to >= proposal.desired - left:
        return proposal
    return proposal.changed(proposal.desired - left, Reason.HOURLY, ("per_hour", most))


def keep_budget(proposal: Proposal, context: Context) -> Proposal:
    """A budget stops growth; it takes nothing away."""
    if context.budget is None or proposal.to <= max(context.budget, proposal.desired):
        return proposal
    return proposal.changed(max(context.budget, proposal.desired), Reason.BUDGET, ("most", context.budget))


def stay_in_room(proposal: Proposal, context: Context) -> Proposal:
    """What the pool's ceiling can carry limits the servers."""
    if proposal.to <= context.room:
        return proposal
    return proposal.changed(context.room, Reason.ROOM, ("room", context.room))


def keep_calendar(proposal: Proposal, context: Context) -> Proposal:
    """A scheduled minimum holds while its interval lasts, as far as the room goes."""
    least = min(context.calendar, context.room)
    if proposal.to >= least:
        return proposal
    return proposal.changed(least, Reason.CALENDAR, ("least", context.calendar))


def keep_bounds(proposal: Proposal, context: Context) -> Proposal:
    """Floor, then room and ceiling: where the room cannot hold the floor, the ceiling wins."""
    limits = context.limits
    most = min(limits.ceiling, context.room)
    if proposal.to < limits.floor and proposal.to < most:
        proposal = proposal.changed(min(limits.floor, most), Reason.FLOOR, ("floor", limits.floor))
    if proposal.to > limits.ceiling:
        proposal = proposal.changed(limits.ceiling, Reason.CEILING, ("ceiling", limits.ceiling))
    return proposal


GUARDS: tuple[Guard, ...] = (
    see_before_lowering,
    doubt_a_collapse,
    never_order_twice,
    go_down_to_recent_plans,
    forecast_must_agree,
    wait_for_arrivals,
    wait_for_cooldown,
    limit_step,
    limit_hour,
    keep_budget,
    stay_in_room,
    keep_calendar,
    keep_bounds,
)


def at_rest(proposal: Proposal, limits: Limits, calendar: int, room: int) -> bool:
    """The common case: nothing moves and nothing has to, so there is nothing to restrain."""
    desired = proposal.desired
    return (
        proposal.to == desired
        and not limits.paused
        and limits.floor <= desired <= limits.ceiling
        and calendar <= desired <= room
    )


def settle(proposal: Proposal, context: Context) -> Proposal:
    """The proposal after every guard. A pause is held before any of them, and none overrules it."""
    if context.limits.paused:
        return proposal.changed(proposal.desired, Reason.PAUSED)
    for guard in GUARDS:
        proposal = guard(proposal, context)
    return proposal
