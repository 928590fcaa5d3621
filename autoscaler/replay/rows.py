"""One day lived at many settings at once: each setting is a row, each step a handful of array operations.

The same rules as `core.plan` and `core.guards` in arrays, for one workload that has its nodes to itself; a
property test holds each row to what `decide` says. What differs from the simulated cluster is time: a step is
a minute, so what happens within it is taken as even.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from autoscaler.core.lead_time import Lead
from autoscaler.core.plan import MINUTE, MOST, MOST_REPAID, TIED
from autoscaler.core.price import LOOKS
from forecasting.series import FloatArray

GOLDEN = 0.6180339887498949  # start times are spread by it: evenly, without dice


class Rules(NamedTuple):
    """The candidates, one a row; and what is the same for all of them."""

    hold_s: FloatArray
    cooldown_s: FloatArray
    lead: Lead
    wait_s: float
    repay_s: float
    size: int
    floor: int
    ceiling: int
    drain_s: float
    step_s: float
    full: float = 1.0  # a stated utilisation: servers are asked for so that no more of them is busy


class State(NamedTuple):
    """Each row's fleet at the end of a step, in servers."""

    desired: FloatArray
    ready: FloatArray
    starting: FloatArray  # (rows, steps ahead): how many get ready in each step to come
    backlog: FloatArray
    last_up: FloatArray
    last_down: FloatArray
    plans: FloatArray  # (rows, steps): what was planned, the newest first


class Score(NamedTuple):
    """What a day came to, by row."""

    late: FloatArray  # server-seconds
    work: FloatArray
    spent: FloatArray  # server-seconds billed, drains included
    seconds: FloatArray  # that were lived

    def plus(self, other: Score) -> Score:
        """Two parts of one day."""
        late, work, spent = self.late + other.late, self.work + other.work, self.spent + other.spent
        return Score(late, work, spent, self.seconds + other.seconds)


def live(work: FloatArray, ahead: FloatArray, hold: FloatArray, expected: FloatArray, rules: Rules) -> Score:
    """Days of `work`, with what each row's reading of the forecast asked for; all (steps, rows).

    Rows may be other days as well as other candidates. A day that ends early is NaN from there on.
    """
    rows = work.shape[1]
    first = np.clip(np.ceil(hold[0] / rules.size) * rules.size, rules.floor, rules.ceiling)
    slots = int(rules.lead.slow // rules.step_s) + 2
    long_ago = np.full(rows, -1e9)
    looks = np.ceil(rules.hold_s / rules.step_s).astype(int)
    ring = max(int(looks.max()), 1)
    ages = (np.arange(ring)[None, :] < looks[:, None]).astype(float)  # which of the ring a row looks at
    state = State(
        first, first.copy(), np.zeros((rows, slots)), np.zeros(rows), long_ago, long_ago.copy(),
        np.repeat(first[:, None], ring, axis=1),
    )  # fmt: skip
    late, spent = np.zeros(rows), np.zeros(rows)
    lasts = np.isfinite(work)
    work = np.where(lasts, work, 0.0)
    presents = np.concatenate([work[:1], work[:-1]]) * (MINUTE / (MINUTE + rules.wait_s))
    ups, downs = asked(presents, ahead, hold, rules)  # of all steps at once: half the time of a day
    for k in range(len(work)):
        at, now, lives = k * rules.step_s, work[k], lasts[k]
        up, down = repaid(ups[k], downs[k], presents[k], expected[k], state, rules)
        to = settle(up, down, state, ages, at, rules)
        state, left = _move(state, to, down, k, at, rules)
        spent += lives * (state.desired * rules.step_s + left * rules.drain_s)
        backlog = np.maximum(state.backlog + (now - state.ready) * rules.step_s, 0.0)
        if (backlog > 0.0).any() or (state.backlog > 0.0).any():
            late += now * rules.step_s * _share_late(state.backlog, backlog, state.ready * rules.wait_s)
        state = state._replace(backlog=backlog)
    seconds = lasts.sum(axis=0) * rules.step_s
    return Score(late, work.sum(axis=0) * rules.step_s, spent, seconds)


def plan(
    present: FloatArray,
    ahead: FloatArray,
    hold: FloatArray,
    expected: FloatArray,
    state: State,
    rules: Rules,
) -> tuple[FloatArray, FloatArray]:
    """`core.plan.server_need` of every row: no fewer than this soon, and no fewer than this ever."""
    up, down = asked(present, ahead, hold, rules)
    return repaid(up, down, present, expected, state, rules)


def asked(
    present: FloatArray, ahead: FloatArray, hold: FloatArray, rules: Rules
) -> tuple[FloatArray, FloatArray]:
    """What present need and the forecast ask for, in whole nodes; whatever the fleet is."""
    up = _nodes(np.maximum(ahead, present / rules.full), rules)
    return up, np.maximum(_nodes(hold, rules), up)


def repaid(
    up: FloatArray,
    down: FloatArray,
    present: FloatArray,
    expected: FloatArray,
    state: State,
    rules: Rules,
) -> tuple[FloatArray, FloatArray]:
    """The same where a backlog has to be repaid too."""
    short = (present > state.ready) | (state.backlog > 0.0)
    if not short.any():
        return up, down
    left = np.where(short, _backlog_left(present, expected, state, rules), 0.0)
    base = np.maximum(present / rules.full, expected)
    more = _nodes(base + np.minimum(left / rules.repay_s, MOST_REPAID * base), rules)
    up = np.where(left > 0.0, np.maximum(up, more), up)
    return up, np.maximum(down, up)


def _nodes(need: FloatArray, rules: Rules) -> FloatArray:
    """Whole servers, as many as fill the nodes."""
    return np.asarray(np.ceil(whole(need) / rules.size) * rules.size)


def whole(need: FloatArray) -> FloatArray:
    return np.where(need <= TIED, 0.0, np.ceil(np.minimum(need, MOST) - TIED))


def _backlog_left(present: FloatArray, expected: FloatArray, state: State, rules: Rules) -> FloatArray:
    lead = rules.lead
    coming = np.maximum(present, 0.5 * (present + expected))
    patience = min(rules.wait_s, 0.5 * lead.median)
    left = state.backlog - present * patience + (coming - state.ready) * lead.median
    for slot in range(state.starting.shape[1]):
        left = left - state.starting[:, slot] * max(0.0, lead.median - slot * rules.step_s)
    return np.maximum(left, 0.0)


def settle(
    up: FloatArray, down: FloatArray, state: State, ages: FloatArray, at: float, rules: Rules
) -> FloatArray:
    """The guards that ask for anything here: recent plans, arrivals, cooldown, floor and ceiling."""
    desired = state.desired
    recent = np.maximum((state.plans * ages).max(axis=1), down)
    lower = np.minimum(np.maximum(np.minimum(down, desired), recent), desired)
    waits = (at - state.last_up < rules.lead.slow) | (at - state.last_down < rules.cooldown_s)
    to = np.where(up > desired, up, np.where(waits, desired, lower))
    clipped: FloatArray = np.clip(to, rules.floor, rules.ceiling)
    return clipped


def _move(
    state: State, to: FloatArray, down: FloatArray, k: int, at: float, rules: Rules
) -> tuple[State, FloatArray]:
    """Orders and releases, and a step of time for what is starting. Also how many servers' nodes drain."""
    by = to - state.desired
    risen, fallen = np.maximum(by, 0.0), np.maximum(-by, 0.0)
    starting = np.zeros_like(state.starting)
    starting[:, :-1] = state.starting[:, 1:]
    ready = state.ready + state.starting[:, 0]
    starting[:, _slot(k, rules)] += risen
    gone = np.minimum(fallen, ready)
    ready = ready - gone
    if (fallen > gone).any():  # the rest had not arrived
        some = np.maximum(starting.sum(axis=1), 1e-9)
        starting *= np.clip(1.0 - (fallen - gone) / some, 0.0, 1.0)[:, None]
    plans = np.empty_like(state.plans)
    plans[:, 0], plans[:, 1:] = down, state.plans[:, :-1]
    last_up = np.where(risen > 0.0, at, state.last_up)
    last_down = np.where(fallen > 0.0, at, state.last_down)
    return State(to, ready, starting, state.backlog, last_up, last_down, plans), gone


def _slot(k: int, rules: Rules) -> int:
    """In which step an order of now gets ready: the lead time's own spread, in turn."""
    lead, share = rules.lead, (k * GOLDEN) % 1.0
    if share < 0.5:
        seconds = lead.early + share / 0.5 * (lead.median - lead.early)
    else:
        seconds = lead.median + (share - 0.5) / 0.5 * (lead.slow - lead.median)
    return max(int(seconds / rules.step_s + (k * GOLDEN * GOLDEN) % 1.0) - 1, 0)


def _share_late(before: FloatArray, after: FloatArray, may_wait: FloatArray) -> FloatArray:
    """The share of a step in which the queue was longer than may wait, as it grew or fell evenly."""
    low, high = np.minimum(before, after), np.maximum(before, after)
    share: FloatArray = np.clip((high - may_wait) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    return share


Bands = npt.NDArray[np.float64]


def priced(levels: tuple[float, ...], bounds: Bands, late: FloatArray, usual: float, size: int) -> FloatArray:
    """`core.price.count_for` of every step and price: bounds (steps, levels) → counts (steps, prices)."""
    median, most = bounds[:, 0], bounds[:, -1]
    first = np.ceil(median / size - 1e-6) * size
    last = np.ceil(np.maximum(1.5 * most, median) / size) * size
    stride = np.maximum(1.0, np.ceil((last - first) / size / LOOKS)) * size
    looks = int(np.max(np.ceil((last - first) / stride)) + 1)
    counts = first[:, None] + stride[:, None] * np.arange(looks)[None, :]
    chance = chances(levels, bounds, counts)
    counts = np.where(counts <= last[:, None] + stride[:, None] - 1e-9, counts, np.inf)
    weight = np.sqrt(median * (usual if usual > 0.0 else median))
    best = np.empty((len(bounds), len(late)))
    for j, price in enumerate(late.tolist()):
        cost = counts + price * weight[:, None] * chance
        best[:, j] = np.take_along_axis(counts, cost.argmin(axis=1)[:, None], axis=1)[:, 0]
    return best


def chances(levels: tuple[float, ...], bounds: Bands, counts: FloatArray) -> FloatArray:
    """`core.price.chance_above` of every step and count."""
    odds = np.log(np.array(levels) / (1.0 - np.array(levels)))
    place = (counts[:, :, None] >= bounds[:, None, :]).sum(axis=2)
    k = np.clip(place, 1, len(levels) - 1)
    low, high = np.take_along_axis(bounds, k - 1, axis=1), np.take_along_axis(bounds, k, axis=1)
    slope = (odds[k] - odds[k - 1]) / np.maximum(high - low, 1e-6)
    value = np.where(counts < high, odds[k - 1] + (counts - low) * slope, odds[k] + (counts - high) * slope)
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(value, -40.0, 40.0))))
