"""Inputs → Decision: servers first, then the nodes that carry them; routers alone.

Settled servers give the nodes their minimum; the nodes' ceiling limits the servers. Everything this needs is
in `Inputs`, so one record gives its decision again.
"""

from collections.abc import Mapping
from typing import NamedTuple

from autoscaler.core.chosen import ROUTERS_HOLD_S, Chosen, cooldown_of, headroom_of, hold_of
from autoscaler.core.cluster import Fleet, Target, nodes, routers, servers
from autoscaler.core.decision import Decision, Hold, Scale, Scope, Verdict
from autoscaler.core.demand import Demand
from autoscaler.core.guards import Context, Proposal, at_rest, settle
from autoscaler.core.lead_time import Lead
from autoscaler.core.ledger import UNMOVED, Moves
from autoscaler.core.outlook import STALE_S, Outlook
from autoscaler.core.plan import Need, router_need, server_need, whole
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.reasons import Reason, Why
from autoscaler.core.share import Claim, allot, nodes_for

BELIEVED = 0.5  # a blind workload goes up only to a forecast that was rather right than wrong
ROUTER_COOLDOWN_S = 120.0
ROUTER_SLACK = 0.1
FIRST = 1 << 30  # before every stated priority
STEADY = (Why(Reason.STEADY),)
CARRIES = Why(Reason.CARRIES)


class Inputs(NamedTuple):
    """All that a decision is made from, beside the policy."""

    at: float
    scope: Scope
    generation: int
    fleets: Mapping[Target, Fleet]
    demands: Mapping[str, Demand | None]  # by workload; None: blind
    outlooks: Mapping[str, Outlook]
    leads: Mapping[str, Lead]
    router_loads: Mapping[str, float | None]
    recents: Mapping[Target, int]  # highest plan of the stabilisation window; absent: not full yet
    calendar: Mapping[str, int]  # scheduled minimum, where one holds now
    moves: Mapping[Target, Moves]
    chosen: Mapping[str, Chosen]  # by workload


class _Draft(NamedTuple):
    """One workload's servers on the way."""

    workload: Workload
    proposal: Proposal
    agreed: int


def decide(inputs: Inputs, policy: Policy) -> Decision:
    """One verdict for every target in scope."""
    verdicts: list[Verdict] = []
    plans: dict[Target, int] = {}
    if inputs.scope == "all":
        for pool in policy.pools.values():
            _decide_pool(pool, inputs, policy, verdicts, plans)
    for workload in policy.workloads.values():
        if workload.routers is not None:
            verdicts.append(_decide_routers(workload, workload.routers, inputs, plans))
    moved = Scale in map(type, verdicts)
    return Decision(inputs.at, inputs.scope, inputs.generation + moved, tuple(verdicts), plans)


def _decide_pool(
    pool: Pool, inputs: Inputs, policy: Policy, verdicts: list[Verdict], plans: dict[Target, int]
) -> None:
    users = policy.users(pool.name)
    node_target = nodes(pool.name)
    node_fleet = inputs.fleets.get(node_target)
    ceiling = pool.nodes.ceiling
    if pool.nodes.paused and node_fleet is not None:
        ceiling = node_fleet.desired
    alone = len(users) == 1
    growth = ceiling  # the nodes that shares may count on
    if not alone and pool.budget_per_hour is not None:
        growth = min(ceiling, max(_budget(pool), _held(users, pool, inputs)))
    needs: dict[str, Need | None] = {}
    for workload in users:
        needs[workload.name] = _need(workload, pool, inputs, alone)
    if not alone:
        needs = _shared(users, needs, growth, pool, inputs)
    drafts = []
    for workload in users:
        target, need = servers(workload.name), needs[workload.name]
        if need is None:
            verdicts.append(_unread(target, inputs))
            continue
        plans[target] = need.down
        drafts.append(_settle_servers(workload, pool, need, _room(workload, pool, ceiling), inputs))
    if len(drafts) > 1:
        drafts = _fit(drafts, growth, pool)
    for draft in drafts:
        verdicts.append(_verdict(draft.proposal, inputs, inputs.leads[draft.workload.name]))
    if node_fleet is None:
        verdicts.append(_unread(node_target, inputs))
    elif users:
        verdicts.append(_decide_nodes(pool, node_fleet, users, drafts, inputs, plans))


def _held(users: tuple[Workload, ...], pool: Pool, inputs: Inputs) -> int:
    """Nodes that what there is and every floor need: a budget takes neither away."""
    counts = {}
    for w in users:
        fleet = inputs.fleets.get(servers(w.name))
        counts[w.name] = max(w.servers.floor, inputs.calendar.get(w.name, 0), fleet.desired if fleet else 0)
    return _carrying(users, counts, pool)


def _unread(target: Target, inputs: Inputs) -> Hold:
    return Hold(target, inputs.moves.get(target, UNMOVED).to, (Why(Reason.UNREAD),))


def _room(workload: Workload, pool: Pool, node_count: int) -> int:
    """Servers of one workload that so many nodes could carry, were it alone on them."""
    profile = workload.profile
    return node_count // profile.nodes_per_server * profile.servers_per_node(pool.gpus_per_node)


def _need(workload: Workload, pool: Pool, inputs: Inputs, alone: bool) -> Need | None:
    """What a workload wants; None where its servers could not be read."""
    fleet = inputs.fleets.get(servers(workload.name))
    if fleet is None:
        return None
    demand = inputs.demands.get(workload.name)
    outlook = inputs.outlooks.get(workload.name)
    per_node = workload.profile.servers_per_node(pool.gpus_per_node) if alone else 1
    lead = inputs.leads[workload.name]
    if demand is not None:
        headroom = headroom_of(workload, inputs.chosen[workload.name])
        need = server_need(demand, outlook, fleet, lead, workload, headroom, per_node, inputs.at)
        if not fleet.desired:  # at zero, the next request waits for a whole start: said all the time
            need = need._replace(why=(*need.why, Why(Reason.FIRST_WAIT, (("seconds", lead.median),))))
        return need
    # Blind: hold, or go up to what a forecast made before still says.
    ahead = fleet.desired
    if outlook is not None and 0.0 <= inputs.at - outlook.origin <= STALE_S and outlook.trust >= BELIEVED:
        ahead = max(ahead, whole(outlook.ahead))
    return Need(ahead, ahead, (Why(Reason.BLIND),))


def _shared(
    users: tuple[Workload, ...], needs: dict[str, Need | None], ceiling: int, pool: Pool, inputs: Inputs
) -> dict[str, Need | None]:
    """Where the pool cannot hold all that is wanted, plans are cut to each one's share before any guard."""
    claims = []
    for w in users:
        need = needs[w.name]
        fleet = inputs.fleets.get(servers(w.name))
        want = need.down if need is not None else (fleet.desired if fleet else 0)
        want = min(max(want, w.servers.floor, inputs.calendar.get(w.name, 0)), w.servers.ceiling)
        if w.servers.paused and fleet is not None:  # takes what it has, no more and no less
            want = fleet.desired
        floor = (
            w.servers.floor if not w.servers.paused and inputs.demands.get(w.name) is not None else want
        )  # blind keeps what it has
        claims.append(
            Claim(
                w.name,
                FIRST if w.servers.paused else w.priority,
                floor,
                want,
                w.profile.gpus_per_server,
                w.profile.nodes_per_server,
            )
        )
    given = allot(claims, ceiling, pool.gpus_per_node)
    out: dict[str, Need | None] = {}
    for claim in claims:
        need, share = needs[claim.name], given[claim.name]
        if need is not None and share < claim.want:
            why = (*need.why, Why(Reason.SHARED, (("want", claim.want), ("share", share))))
            need = Need(min(need.up, share), min(need.down, share), why)
        out[claim.name] = need
    return out


def _settle_servers(workload: Workload, pool: Pool, need: Need, room: int, inputs: Inputs) -> _Draft:
    name, limits = workload.name, workload.servers
    target = servers(name)
    desired = inputs.fleets[target].desired
    demand = inputs.demands.get(name)
    to = need.up if need.up > desired else min(need.down, desired)
    why = need.why if demand is None or not demand.doubts else (*need.why, *demand.doubts)
    proposal = Proposal(target, desired, to, why)
    calendar = inputs.calendar.get(name, 0)
    if at_rest(proposal, limits, calendar, room):
        return _Draft(workload, proposal, need.down)
    chosen, outlook = inputs.chosen[name], inputs.outlooks.get(name)
    context = Context(
        inputs.at,
        limits,
        inputs.moves.get(target, UNMOVED),
        demand is None,
        demand is not None and demand.may_lower,
        outlook is not None and outlook.collapsed and 0.0 <= inputs.at - outlook.origin <= STALE_S,
        hold_of(limits, chosen),
        inputs.recents.get(target),
        need.down,
        inputs.leads[name].slow,
        cooldown_of(limits, chosen),
        None if pool.budget_per_hour is None else _room(workload, pool, _budget(pool)),
        room,
        calendar,
    )
    return _Draft(workload, settle(proposal, context), need.down)


def _budget(pool: Pool) -> int:
    """Nodes that the budget pays for."""
    assert pool.budget_per_hour is not None
    return (
        int(pool.budget_per_hour / pool.price_per_hour) if pool.price_per_hour > 0.0 else pool.nodes.ceiling
    )


def _fit(drafts: list[_Draft], ceiling: int, pool: Pool) -> list[_Draft]:
    """Guards may hold what a share would have let go: then those going up wait, the lowest priority first."""

    def fits(counts: Mapping[str, int]) -> bool:
        sizes = [
            (counts[d.workload.name], d.workload.profile.gpus_per_server, d.workload.profile.nodes_per_server)
            for d in drafts
        ]
        return nodes_for(sizes, pool.gpus_per_node) <= ceiling

    counts = {d.workload.name: d.proposal.to for d in drafts}
    if fits(counts):
        return drafts
    given = allot([_kept_claim(d) for d in drafts], ceiling, pool.gpus_per_node, _least(drafts))
    out = []
    for d in drafts:
        to = given[d.workload.name]
        if to < d.proposal.to and not d.workload.servers.paused:
            d = d._replace(proposal=d.proposal.changed(to, Reason.ROOM, ("room", to)))
        out.append(d)
    return out


def _least(drafts: list[_Draft]) -> dict[str, int]:
    """What is kept of each floor: nobody's surplus comes before it."""
    return {d.workload.name: min(d.workload.servers.floor, d.proposal.desired, d.proposal.to) for d in drafts}


def _kept_claim(draft: _Draft) -> Claim:
    """What a workload has comes before what others would add; what is paused comes before everything."""
    w, proposal = draft.workload, draft.proposal
    kept = min(proposal.desired, proposal.to)
    priority = FIRST if w.servers.paused else w.priority
    return Claim(w.name, priority, kept, proposal.to, w.profile.gpus_per_server, w.profile.nodes_per_server)


def _decide_nodes(
    pool: Pool,
    fleet: Fleet,
    users: tuple[Workload, ...],
    drafts: list[_Draft],
    inputs: Inputs,
    plans: dict[Target, int],
) -> Verdict:
    target, limits = nodes(pool.name), pool.nodes
    settled = {d.workload.name: d.proposal.to for d in drafts}
    for w in users if len(drafts) < len(users) else ():
        # One that could not be read still stands on its nodes.
        if w.name not in settled and (last := inputs.moves.get(servers(w.name), UNMOVED).to) > 0:
            settled[w.name] = last
    lead = inputs.leads[users[0].name]
    if len(users) > 1:
        lead = max((inputs.leads[w.name] for w in users), key=lambda one: one.slow)
    to = _carrying(users, settled, pool)
    dead = sum(inputs.at - asked > lead.given_up for asked in fleet.starting) if fleet.starting else 0
    # Each missing node is ordered again once: in a stock-out orders must not pile up and arrive together.
    dead = min(dead, max(to - fleet.ready, 0))
    if pool.budget_per_hour is not None:
        dead = min(dead, max(_budget(pool) - to, fleet.desired - to, 0))
    why: tuple[Why, ...] = (CARRIES,)
    if dead:
        to += dead
        why = (CARRIES, Why(Reason.GIVEN_UP, (("nodes", dead), ("after_s", lead.given_up))))
    plans[target] = to
    proposal = Proposal(target, fleet.desired, to, why)
    if at_rest(proposal, limits, 0, limits.ceiling):
        return _verdict(proposal, inputs, lead)
    agreed = {d.workload.name: max(d.proposal.to, min(d.agreed, d.proposal.desired)) for d in drafts}
    unseen = len(drafts) < len(users) or any(inputs.demands.get(w.name) is None for w in users)
    context = Context(
        inputs.at,
        limits,
        inputs.moves.get(target, UNMOVED),
        unseen,
        True,
        False,
        limits.stabilisation_s or 0.0,  # nodes follow servers that have settled
        inputs.recents.get(target),
        _carrying(users, agreed, pool) + dead,
        lead.slow,
        limits.cooldown_down_s or 0.0,
        None,
        limits.ceiling,
        0,
    )
    return _verdict(settle(proposal, context), inputs, lead)


def _carrying(users: tuple[Workload, ...], counts: Mapping[str, int], pool: Pool) -> int:
    if len(users) == 1:
        profile = users[0].profile
        count = counts.get(users[0].name, 0)
        return -(-count // profile.servers_per_node(pool.gpus_per_node)) * profile.nodes_per_server
    sizes = [(counts.get(w.name, 0), w.profile.gpus_per_server, w.profile.nodes_per_server) for w in users]
    return nodes_for(sizes, pool.gpus_per_node)


def _decide_routers(workload: Workload, limits: Limits, inputs: Inputs, plans: dict[Target, int]) -> Verdict:
    target = routers(workload.name)
    fleet = inputs.fleets.get(target)
    if fleet is None:
        return Hold(target, inputs.moves.get(target, UNMOVED).to, (Why(Reason.UNREAD),))
    load = inputs.router_loads.get(workload.name)
    need = lower = fleet.desired
    if load is not None:
        # Down only to what would still do if a tenth more came: or 6 and 7 would take turns.
        need, lower = router_need(load, workload), router_need(load * (1.0 + ROUTER_SLACK), workload)
    plans[target] = lower
    context = Context(
        inputs.at,
        limits,
        inputs.moves.get(target, UNMOVED),
        load is None,
        True,
        False,
        ROUTERS_HOLD_S if limits.stabilisation_s is None else limits.stabilisation_s,
        inputs.recents.get(target),
        lower,
        0.0,
        ROUTER_COOLDOWN_S if limits.cooldown_down_s is None else limits.cooldown_down_s,
        None,
        limits.ceiling,
        0,
    )
    why = (Why(Reason.BLIND) if load is None else Why(Reason.ROUTER_LOAD, (("requests", load),)),)
    to = need if need > fleet.desired else min(lower, fleet.desired)
    return _verdict(settle(Proposal(target, fleet.desired, to, why), context), inputs, None)


def _verdict(proposal: Proposal, inputs: Inputs, lead: Lead | None) -> Verdict:
    why = proposal.why
    if lead is not None:
        fleet = inputs.fleets[proposal.target]
        if fleet.starting and inputs.at - fleet.starting[0] > lead.late:
            late = sum(inputs.at - asked > lead.late for asked in fleet.starting)
            why = (*why, Why(Reason.LATE, (("count", late), ("oldest_s", inputs.at - fleet.starting[0]))))
    if proposal.to == proposal.desired:
        return Hold(proposal.target, proposal.desired, (*STEADY, *why) if len(why) == 1 else why)
    return Scale(proposal.target, proposal.desired, proposal.to, why)
