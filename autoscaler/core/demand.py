"""Observation → Demand: what users ask for, queue growth included.

Measured throughput is capped by the capacity we had; demand adds what the queue gained, so a saturated fleet
does not look like a satisfied one. Two clocks tick here: rates come as whole minutes (arrivals, tokens) and
feed the history; gauges (waiting, running) come on every tick and tell the present seconds early.
"""

from collections.abc import Mapping
from math import exp
from typing import NamedTuple

from autoscaler.core.observation import (
    ARRIVALS,
    GPU_MEMORY,
    KV_USE,
    MISSING,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    RUNNING,
    SHARES,
    WAITING,
    Reading,
)
from autoscaler.core.profile import Profile
from autoscaler.core.reasons import Reason, Why

FRESH_S = 105.0  # three scrapes of 30 s and a tick
MOST = 1e12  # no workload has more of anything; beyond it lies arithmetic that overflows
FUTURE_S = 5.0  # a sample from further ahead than clocks drift is no sample
DOUBT = 13.8  # −ln 10⁻⁶: so many requests were expected in the minute that shows none
SMOOTHING = 0.3
AGREED = 0.7  # of the last whole minute's work: less, and the gauges contradict it
FIRST_MIX = 10.0  # the first minute's mix within so many times the profile's
HOUR = 3600.0
SATURATED = 0.98  # of the places: beyond this running says how many servers there are, no more


class Demand(NamedTuple):
    """What one workload's users ask for now."""

    work: float  # offered now, in busy servers
    backlog: float  # asked and not begun, in server-seconds
    requests: float  # per second
    kv_use: float | None
    memory_excess: float  # GPU memory above the workload's usual; 0 where it says nothing
    may_lower: bool  # every input that going down needs is there, fresh and beyond doubt
    doubts: tuple[Why, ...] = ()


class Trail(NamedTuple):
    """What the estimate of one tick leaves for the next: a value, written with the ledger."""

    waiting: float = -1.0  # at the last gauge; −1: never seen
    waiting_at: float = 0.0
    growth: float = 0.0  # requests a second, between the last two gauges
    rate_at: float = 0.0  # of the last whole-minute rate used
    rate_waiting: float = 0.0  # the queue at that instant
    work_per_request: float = 0.0  # 0: take the profile's
    steady: float = -1.0  # work a second over the last whole minute; −1: none
    requests: float = 0.0
    busy_sum: float = 0.0  # of the fast estimate since the last rate, to set its scale
    busy_count: int = 0
    scale: float = 1.0  # whole-minute work ÷ fast estimate: running places need not be linear in work
    hourly: float = 0.0  # requests a second over about the last hour
    usual_memory: float = -1.0


NO_TRAIL = Trail()


def fresh(reading: Reading, at: float, name: str) -> float | None:
    """The value, if it is one: young, finite, not negative, not from the future, in range."""
    value, seen_at, _ = reading
    if value is None or not 0.0 <= value <= MOST or not -FUTURE_S <= at - seen_at <= FRESH_S:
        return None
    return None if value > 1.0 and name in SHARES else value


def estimate_demand(
    readings: Mapping[str, Reading],
    before: Trail,
    profile: Profile,
    *,
    at: float,
    ready: int,
    expected_requests: float = 0.0,
) -> tuple[Demand | None, Trail]:
    """Demand now, and what to remember; None where nothing tells it (blind)."""
    get = readings.get
    arrivals = fresh(get(ARRIVALS, MISSING), at, ARRIVALS)
    waiting = fresh(get(WAITING, MISSING), at, WAITING)
    running = fresh(get(RUNNING, MISSING), at, RUNNING)
    trail = before
    if trail.rate_at > at + FUTURE_S or trail.waiting_at > at + FUTURE_S:
        trail = _forgotten(trail)
    queue = _follow_queue(trail, waiting, readings)
    if arrivals is None or readings[ARRIVALS].at > trail.rate_at:
        trail = _follow_rates(_with_queue(trail, queue), readings, arrivals, profile, at)
    work, trail = _present_work(trail, queue, running, waiting, profile, at, ready)
    if work is None:
        return None, trail
    doubts = _doubts(arrivals, work, running, trail, readings, expected_requests)
    kv_use = fresh(get(KV_USE, MISSING), at, KV_USE)
    memory = fresh(get(GPU_MEMORY, MISSING), at, GPU_MEMORY)
    excess, trail = _memory_excess(trail, memory, profile)
    per_request = trail.work_per_request or profile.usual_work
    backlog = waiting * per_request if waiting is not None else 0.0
    sure = not doubts and waiting is not None and trail.steady >= 0.0 and at - trail.rate_at <= FRESH_S
    # Gauges and rates are two witnesses: going down needs both, and pods that went unread make gauges low.
    sure = sure and work >= AGREED * trail.steady
    return Demand(work, backlog, trail.requests, kv_use, excess, sure, doubts), trail


def _forgotten(trail: Trail) -> Trail:
    """The clock went back: what was read then says nothing of now."""
    return NO_TRAIL._replace(
        work_per_request=trail.work_per_request,
        scale=trail.scale,
        hourly=trail.hourly,
        usual_memory=trail.usual_memory,
    )


def _follow_queue(
    trail: Trail, waiting: float | None, readings: Mapping[str, Reading]
) -> tuple[float, float, float]:
    """The first three of the trail: the queue at its last gauge, when that was, and its growth."""
    if waiting is None or (seen_at := readings[WAITING].at) <= trail.waiting_at:
        return trail.waiting, trail.waiting_at, trail.growth
    if trail.waiting < 0.0:
        return waiting, seen_at, trail.growth
    return waiting, seen_at, (waiting - trail.waiting) / (seen_at - trail.waiting_at)


def _with_queue(trail: Trail, queue: tuple[float, float, float]) -> Trail:
    waiting, seen_at, growth = queue
    return Trail(waiting, seen_at, growth, *trail[3:])


def _follow_rates(
    trail: Trail, readings: Mapping[str, Reading], arrivals: float | None, profile: Profile, at: float
) -> Trail:
    """Once a new whole-minute rate is there: the mix, the steady work and the usual hour."""
    if arrivals is None:
        return _rates_from_tokens(trail, readings, profile, at)
    seen_at = readings[ARRIVALS].at
    per_request = _mix(trail, readings, arrivals - _gained(trail, seen_at), profile, at)
    return _rated(trail, seen_at, arrivals, arrivals * per_request, per_request)


def _gained(trail: Trail, seen_at: float) -> float:
    """Requests a second that the queue gained since the last whole-minute rate."""
    if not trail.rate_at or trail.waiting < 0.0:
        return 0.0
    return (trail.waiting - trail.rate_waiting) / (seen_at - trail.rate_at)


def _rated(trail: Trail, seen_at: float, requests: float, steady: float, per_request: float) -> Trail:
    """The trail after a new whole-minute rate of requests and of work."""
    elapsed = seen_at - trail.rate_at if trail.rate_at else 0.0
    weight = min(elapsed, HOUR) / HOUR
    return Trail(
        *trail[:3],
        rate_at=seen_at,
        rate_waiting=max(trail.waiting, 0.0),
        work_per_request=per_request,
        steady=steady,
        requests=requests,
        scale=_scale(trail, steady),
        hourly=trail.hourly + weight * (requests - trail.hourly) if trail.hourly else requests,
        usual_memory=trail.usual_memory,
    )


def _mix(trail: Trail, readings: Mapping[str, Reading], started: float, profile: Profile, at: float) -> float:
    """Work of one request: tokens are throughput, so divided by what was started, not by arrivals."""
    prompt = fresh(readings.get(PROMPT_TOKENS, MISSING), at, PROMPT_TOKENS)
    output = fresh(readings.get(OUTPUT_TOKENS, MISSING), at, OUTPUT_TOKENS)
    known = trail.work_per_request
    usual = profile.usual_work
    if prompt is None or output is None or started <= 1e-9 or prompt + output <= 0.0:
        return known or usual
    measured = profile.work(prompt / started, output / started)
    if not known:
        return min(max(measured, usual / FIRST_MIX), usual * FIRST_MIX)
    # One minute of few requests says little, and none says that requests changed their size tenfold.
    measured = min(max(measured, known / 3.0), known * 3.0)
    measured = min(max(measured, usual / 1_000.0), usual * 1_000.0)
    return known + SMOOTHING * (measured - known)


def _rates_from_tokens(trail: Trail, readings: Mapping[str, Reading], profile: Profile, at: float) -> Trail:
    """Without arrivals: throughput in tokens, and what the queue gained."""
    prompt = fresh(readings.get(PROMPT_TOKENS, MISSING), at, PROMPT_TOKENS)
    output = fresh(readings.get(OUTPUT_TOKENS, MISSING), at, OUTPUT_TOKENS)
    if prompt is None or output is None:
        return trail
    seen_at = min(readings[PROMPT_TOKENS].at, readings[OUTPUT_TOKENS].at)
    if seen_at <= trail.rate_at:
        return trail
    growth = _gained(trail, seen_at)
    per_request = trail.work_per_request or profile.usual_work
    served = output / profile.output_tokens if profile.output_tokens else prompt / profile.prompt_tokens
    steady = max(profile.work(prompt, output, served) + growth * per_request, 0.0)
    return _rated(trail, seen_at, max(served + growth, 0.0), steady, trail.work_per_request)


def _scale(trail: Trail, steady: float) -> float:
    if not trail.busy_count or trail.busy_sum <= 0.0 or trail.waiting > 0.0:
        return trail.scale
    ratio = min(max(steady * trail.busy_count / trail.busy_sum, 0.2), 5.0)
    return trail.scale + 0.1 * (ratio - trail.scale)


def _present_work(
    trail: Trail,
    queue: tuple[float, float, float],
    running: float | None,
    waiting: float | None,
    profile: Profile,
    at: float,
    ready: int,
) -> tuple[float | None, Trail]:
    """Work offered now: busy places and queue growth where gauges tell, else the last whole minute.

    The trail takes the queue in here too: on every tick, so it is made once, and by place, as `_replace`
    takes three times as long.
    """
    steady = trail.steady if trail.steady >= 0.0 and at - trail.rate_at <= FRESH_S else None
    if running is None or waiting is None or not ready:
        return steady, _with_queue(trail, queue)
    busy = running / profile.places
    busy = busy if busy < ready else float(ready)
    gained = queue[2] * (trail.work_per_request or profile.usual_work)
    fast = busy + gained
    fast = fast if fast > 0.0 else 0.0
    scale = trail.scale
    trail = Trail(*queue, *trail[3:8], trail.busy_sum + fast, trail.busy_count + 1, *trail[10:])
    if steady is not None and busy >= SATURATED * ready:
        # A full fleet shows its size, not its demand: what arrives may say more, and no scale may shrink it.
        return max(fast * max(scale, 1.0), steady), trail
    return fast * scale, trail


def _doubts(
    arrivals: float | None,
    work: float,
    running: float | None,
    trail: Trail,
    readings: Mapping[str, Reading],
    expected_requests: float,
) -> tuple[Why, ...]:
    """Reasons not to believe a low reading. They forbid going down; they never raise."""
    none_came = arrivals == 0.0 if arrivals is not None else trail.steady == 0.0
    if none_came:
        usual = max(trail.hourly, expected_requests)
        if usual * 60.0 > DOUBT:
            return (
                Why(
                    Reason.DOUBTED,
                    (("expected", usual * 60.0), ("chance", exp(-min(usual * 60.0, 700.0)))),
                ),
            )
        if running is not None and running >= 1.0 and work > 0.5:
            return (Why(Reason.DOUBTED, (("running", running),)),)
    for _, _, suspect in readings.values():
        if suspect:
            return (Why(Reason.DOUBTED, (("suspect", 1.0),)),)
    return ()


def _memory_excess(trail: Trail, memory: float | None, profile: Profile) -> tuple[float, Trail]:
    """GPU memory above its usual: engines that take their KV pool at start show a flat line."""
    if memory is None:
        return 0.0, trail
    if not profile.preallocates_memory:
        return max(memory - 0.9, 0.0), trail
    if trail.usual_memory < 0.0:
        return 0.0, trail._replace(usual_memory=memory)
    excess = memory - trail.usual_memory
    if abs(excess) < 1e-9:
        return 0.0, trail
    trail = trail._replace(usual_memory=trail.usual_memory + 0.002 * excess)
    return (excess if excess > 0.05 and memory > 0.95 else 0.0), trail
