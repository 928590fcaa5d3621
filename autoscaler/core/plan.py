"""Demand, outlook, fleet → the counts we would have if nothing restrained us.

Up needs one voice: the larger of present need and what lies ahead. Down needs all: present need, what lies
ahead, and everything until a server let go now could be back.
"""

from math import ceil
from typing import NamedTuple

from autoscaler.core.cluster import Fleet
from autoscaler.core.demand import Demand
from autoscaler.core.lead_time import Lead
from autoscaler.core.outlook import STALE_S, Outlook
from autoscaler.core.policy import Workload
from autoscaler.core.reasons import Reason, Why

KV_HIGH = 0.95
MOST_REPAID = 1.0  # a backlog may ask for as much again as demand itself: a start is billed for minutes
MINUTE = 60.0
MOST = 1e12  # no fleet is larger; beyond it lies arithmetic that overflows
TIED = 1e-6  # forecasts are rounded to six digits: a need this little above a whole count is that count


class Need(NamedTuple):
    """What one workload's servers should be, and why, before anything restrains it."""

    up: int  # no fewer than this, as soon as possible
    down: int  # no fewer than this, even if there is time
    why: tuple[Why, ...]


def whole(need: float) -> int:
    return 0 if need <= TIED else ceil(min(need, MOST) - TIED)


def server_need(
    demand: Demand,
    outlook: Outlook | None,
    fleet: Fleet,
    lead: Lead,
    workload: Workload,
    headroom: float,
    per_node: int,
    at: float,
) -> Need:
    """The servers of one workload; `per_node` > 1 fills the nodes we would pay for anyway."""
    full = workload.objective.utilisation or 1.0
    rule = demand.work / full * (1.0 + headroom)
    if outlook is not None and 0.0 <= at - outlook.origin <= STALE_S:
        expected = _mixed(outlook.expected, demand.work, outlook.trust)
        # A busy minute may be served a little later: what is ordered for it would come when it has passed.
        passes = demand.work * MINUTE / (MINUTE + workload.objective.wait_s)
        demand = demand._replace(work=_mixed(passes, demand.work, outlook.trust))
        ahead, hold, asks = _foreseen(outlook, rule, workload, lead)
    else:
        ahead, hold, expected = rule, rule, demand.work
        asks = Why(Reason.REACTIVE, (("need", ahead), ("headroom", headroom)))
    present = demand.work / full
    backlog = 0.0
    if demand.work > fleet.ready or demand.backlog > 0.0:
        backlog = _backlog_left(demand, expected, fleet, lead, workload, at)
    if ahead < present:
        asks = Why(Reason.PRESENT_NEED, (("work", present), ("requests", demand.requests)))
    up = whole(ahead if ahead > present else present)
    why: tuple[Why, ...] = (asks,)
    if backlog > 0.0:
        base = max(present, expected)
        with_backlog = whole(base + min(backlog / workload.repay_s, MOST_REPAID * base))
        if with_backlog > up:
            up = with_backlog
            why = (*why, Why(Reason.BACKLOG, (("waiting_work", demand.backlog), ("left", backlog))))
    up, why = _pressure(up, why, demand, fleet, lead, at)
    lasting = whole(hold)
    down = lasting if lasting > up else up
    if per_node > 1:
        up, down = -(-up // per_node) * per_node, -(-down // per_node) * per_node
    return Need(up, down, why)


def _foreseen(outlook: Outlook, rule: float, workload: Workload, lead: Lead) -> tuple[float, float, Why]:
    """What the forecast asks for soon and for later, as far as it is trusted; the rest is the rule's."""
    scale = (1.0 + (workload.headroom or 0.0)) / (workload.objective.utilisation or 1.0)
    ahead, hold = outlook.ahead * scale, outlook.hold * scale
    if outlook.trust >= 1.0:
        return (
            ahead,
            hold,
            Why(Reason.FORECAST, (("ahead", ahead), ("level", outlook.level), ("in_s", lead.slow))),
        )
    ahead, hold = _mixed(ahead, rule, outlook.trust), _mixed(hold, rule, outlook.trust)
    return ahead, hold, Why(Reason.MIXED, (("need", ahead), ("trust", outlook.trust), ("rule", rule)))


def _mixed(forecast: float, rule: float, trust: float) -> float:
    """At no trust the rule's alone, however large or broken what was said; and at full trust none of it."""
    return rule if trust <= 0.0 else forecast if trust >= 1.0 else trust * forecast + (1.0 - trust) * rule


def _backlog_left(
    demand: Demand, expected: float, fleet: Fleet, lead: Lead, workload: Workload, at: float
) -> float:
    """Server-seconds that will still wait when an order of now serves, with what is starting counted.

    So a backlog is not ordered twice: at 10 server-seconds a second short and 6 servers due in two minutes,
    what is asked for now is only what those six will not repay by themselves.
    """
    coming = max(demand.work, 0.5 * (demand.work + expected))
    # What waits no longer than it may is no backlog.
    # Patience is bounded by half a lead time: or more demand would mean less backlog, and fewer servers.
    patience = min(workload.objective.wait_s, 0.5 * lead.median)
    left = demand.backlog - demand.work * patience + (coming - fleet.ready) * lead.median
    for asked in fleet.starting:
        if at - asked > lead.given_up:
            continue  # it is not coming, so it repays nothing
        left -= max(0.0, lead.median - max(asked + lead.median - at, 0.0))
    return max(left, 0.0)


def _pressure(
    up: int, why: tuple[Why, ...], demand: Demand, fleet: Fleet, lead: Lead, at: float
) -> tuple[int, tuple[Why, ...]]:
    """KV pressure may raise by a tenth, memory by one step, while nothing starts; neither lowers."""
    if demand.memory_excess <= 0.0 and (demand.kv_use is None or demand.kv_use < KV_HIGH):
        return up, why
    if any(at - asked <= lead.given_up for asked in fleet.starting) or not fleet.ready:
        return up, why
    if demand.kv_use is not None and demand.kv_use >= KV_HIGH:
        raised = fleet.ready + max(1, fleet.ready // 10)
        if raised > up:
            up, why = raised, (*why, Why(Reason.KV_PRESSURE, (("kv_use", demand.kv_use),)))
    if demand.memory_excess > 0.0:  # one step above need, not above what is there: or it climbs for ever
        up, why = (
            up + 1,
            (*why, Why(Reason.MEMORY_PRESSURE, (("above_usual", demand.memory_excess),))),
        )
    return up, why


def router_need(requests_per_second: float, workload: Workload) -> int:
    """Routers carry requests, whatever the servers do."""
    return whole(requests_per_second / (workload.profile.requests_per_router * workload.router_utilisation))
