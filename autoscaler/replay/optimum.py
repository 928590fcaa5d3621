"""The least anyone could have spent, knowing everything: a proven bound, and a schedule near it.

Knows work, nodes and what a start costs; refuses to know forecasts and policies. The problem, the proof and
its limits are in docs/decisions/0003-clairvoyant-optimum.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from autoscaler.replay.optimum_dp import Fleet, Programme, Rounding, best_schedule, least_cost, make_grid
from autoscaler.replay.optimum_queue import (
    Ceiling,
    FloatArray,
    IntArray,
    Queue,
    attainment_under,
    ceiling_of,
    make_queue,
    when_recovered,
    when_unbound,
)

SECONDS_PER_HOUR = 3600.0
BOUND_LEVELS = 48
SCHEDULE_LEVELS = 24  # a schedule takes two passes; half the levels cost it 0.0–0.2 %
PRICES = 8  # tries for the price of a miss; each costs one dynamic programme
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What nobody can undercut."""

    gpu_hours: float
    node_hours: float
    attainment: float  # share of requests within the objective that this is the bound for
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a clairvoyant could really have done; attainment and cost come from replaying it exactly."""

    nodes: IntArray
    node_hours: float
    gpu_hours: float
    attainment: float


def lower_bound(
    work: FloatArray,
    *,
    step: float,
    wait_limit: float,
    servers_per_node: float,
    gpus_per_node: int,
    min_nodes: int,
    max_nodes: int,
    start_cost_s: float,
    initial_nodes: int | None = None,
    requests: FloatArray | None = None,
    share: float = 1.0,
) -> Optimum:
    """No schedule serves `share` of the requests within the limit for less.

    work[k] replica-seconds arrive evenly in step k of `step` seconds; a node serves `servers_per_node` of
    them a second and costs its serving time plus `start_cost_s` for each start. Without `initial_nodes` the
    first count is free. Where the ceiling cannot serve `share`, the bound is for the largest that it can.
    """
    queue = make_queue(work, step=step, wait_limit=wait_limit, requests=requests)
    fleet = _fleet(servers_per_node, min_nodes, max_nodes, start_cost_s, initial_nodes)
    ceiling = ceiling_of(queue, max_nodes * servers_per_node, when_unbound)
    seconds = least_cost(_strict(queue, fleet, ceiling, np.ceil, BOUND_LEVELS))
    attained, kind = ceiling.share, "lower bound, largest share the ceiling allows"
    if share < ceiling.share:
        seconds = min(seconds, _bound_by_price(queue, fleet, seconds, share))
        attained, kind = share, f"lower bound, {100 * share:g} % of requests"
    elif ceiling.share == 1.0:
        kind = "lower bound, all requests"
    hours = seconds / SECONDS_PER_HOUR
    return Optimum(gpu_hours=hours * gpus_per_node, node_hours=hours, attainment=attained, kind=kind)


def feasible_schedule(
    work: FloatArray,
    *,
    step: float,
    wait_limit: float,
    servers_per_node: float,
    gpus_per_node: int,
    min_nodes: int,
    max_nodes: int,
    start_cost_s: float,
    initial_nodes: int | None = None,
    requests: FloatArray | None = None,
    share: float = 1.0,
) -> Schedule:
    """A schedule close to the bound that keeps the limit for `share` of the requests, or nearly all it can.

    Waits that only the whole fleet keeps, to the last replica-second, may fall to rounding: see `attainment`.
    """
    queue = make_queue(work, step=step, wait_limit=wait_limit, requests=requests)
    fleet = _fleet(servers_per_node, min_nodes, max_nodes, start_cost_s, initial_nodes)
    ceiling = ceiling_of(queue, max_nodes * servers_per_node, when_recovered)
    nodes = best_schedule(_strict(queue, fleet, ceiling, np.floor, SCHEDULE_LEVELS))
    if share < ceiling.share:
        nodes = _schedule_by_price(queue, fleet, nodes, share)
    hours = _cost(nodes, fleet, step) / SECONDS_PER_HOUR
    return Schedule(
        nodes=nodes,
        node_hours=hours,
        gpu_hours=hours * gpus_per_node,
        attainment=attainment_under(queue, _capacity(nodes, fleet)),
    )


def pooled(works: Sequence[FloatArray], wait_limits: Sequence[float]) -> tuple[FloatArray, float]:
    """Work and wait limit of one queue that is never harder to serve than these several.

    If each workload keeps its own limit, then by any instant the nodes together have served all that arrived
    before the longest limit: so a bound for the pooled queue and *all* requests is one for the workloads. For
    a smaller share it is none: in the pooled queue one workload's late work makes the others late.
    """
    if len(works) == 0 or len(works) != len(wait_limits):
        raise ValueError("one wait limit for each workload, and at least one workload")
    total: FloatArray = np.sum([np.asarray(work, dtype=np.float64) for work in works], axis=0)
    return total, max(wait_limits)


def minimum_requirement(work: FloatArray, step: float, wait_limit: float) -> float:
    """Least constant capacity, in replicas, that keeps every wait: max of work(window) / (window + limit).

    Newton's method on the ratio: take the window that most exceeds the capacity at hand, raise the capacity
    to what that window needs, repeat. A few passes over the row end at the exact maximum over all pairs.
    """
    work = np.asarray(work, dtype=np.float64)
    arrived = np.concatenate([[0.0], np.cumsum(work)])
    capacity, times = 0.0, np.arange(len(arrived)) * step
    while True:
        net = arrived - capacity * times
        lowest = np.minimum.accumulate(net[:-1])
        last = int(np.argmax(net[1:] - lowest)) + 1
        first = int(np.argmin(net[:last]))
        needed = float(arrived[last] - arrived[first]) / ((last - first) * step + wait_limit)
        if needed <= capacity * (1 + 1e-12):
            return capacity
        capacity = needed


def _fleet(
    servers_per_node: float, min_nodes: int, max_nodes: int, start_cost_s: float, initial_nodes: int | None
) -> Fleet:
    if not 0 <= min_nodes <= max_nodes or max_nodes < 1:
        raise ValueError("nodes need 0 <= min <= max and max >= 1")
    if servers_per_node <= 0 or start_cost_s < 0:
        raise ValueError("servers per node must be positive, the cost of a start not negative")
    return Fleet(
        servers_per_node=servers_per_node,
        min_nodes=min_nodes,
        max_nodes=max_nodes,
        start_cost_s=start_cost_s,
        initial_nodes=max_nodes if initial_nodes is None else initial_nodes,
    )


def _strict(queue: Queue, fleet: Fleet, ceiling: Ceiling, rounding: Rounding, levels: int) -> Programme:
    """Every wait kept that can be. Nodes beyond what empties the queue in a step are never worth having."""
    rate = (
        max(float(queue.work.max()), float((queue.work + queue.slack[0, : queue.steps]).max())) / queue.step
    )
    useful = int(np.ceil(rate / fleet.servers_per_node))
    capped = replace(fleet, max_nodes=int(np.clip(useful, max(fleet.min_nodes, 1), fleet.max_nodes)))
    grid = make_grid(queue, capped, rounding, levels=levels)
    return Programme(queue=queue, fleet=capped, grid=grid, ceiling=ceiling, price=None)


def _priced(queue: Queue, fleet: Fleet, rounding: Rounding, price: float) -> Programme:
    """Misses at a price. Above twice the backlog that is never late all is late, and it is cut off."""
    grid = make_grid(queue, fleet, rounding, levels=SCHEDULE_LEVELS, reach=2.0)
    return Programme(queue=queue, fleet=fleet, grid=grid, ceiling=None, price=price)


def _bound_by_price(queue: Queue, fleet: Fleet, strict: float, share: float) -> float:
    """Largest bound over prices: at any price, cost + price × (misses − allowed) is at most the cost."""
    allowed = 1.0 - share
    floor = fleet.min_nodes * queue.steps * queue.step
    # Above strict / allowed the bound is below zero; it is concave in the price: golden-section search fits.
    high = float(np.log(strict / allowed)) if strict > 0 else 0.0
    low = high - float(np.log(1000.0))

    def bound(log_price: float) -> float:
        price = float(np.exp(log_price))
        return least_cost(_priced(queue, fleet, np.ceil, price)) - price * allowed

    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = bound(left), bound(right)
    best = max(floor, at_left, at_right)
    for _ in range(PRICES - 2):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = bound(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = bound(right)
        best = max(best, at_left, at_right)
    return best


def _schedule_by_price(queue: Queue, fleet: Fleet, strict: IntArray, share: float) -> IntArray:
    """Cheapest schedule found that still serves the share; the strict one if none does."""
    best, least = strict, _cost(strict, fleet, queue.step)
    high = float(np.log(max(least, 1.0) / (1.0 - share)))
    low = high - float(np.log(1000.0))
    for _ in range(PRICES):
        middle = (low + high) / 2
        nodes = best_schedule(_priced(queue, fleet, np.floor, float(np.exp(middle))))
        if attainment_under(queue, _capacity(nodes, fleet)) < share:
            low = middle
            continue
        high = middle
        cost = _cost(nodes, fleet, queue.step)
        if cost < least:
            best, least = nodes, cost
    return best


def _capacity(nodes: IntArray, fleet: Fleet) -> FloatArray:
    return nodes.astype(np.float64) * fleet.servers_per_node


def _cost(nodes: IntArray, fleet: Fleet, step: float) -> float:
    """Node-seconds: serving time and starts."""
    starts = np.maximum(np.diff(nodes, prepend=min(fleet.initial_nodes, fleet.max_nodes)), 0).sum()
    return float(nodes.sum()) * step + float(starts) * fleet.start_cost_s
