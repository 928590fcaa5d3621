"""A day lived at many settings at once: each row decides and is priced as in the core."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.chosen import Chosen, hold_of
from autoscaler.core.cluster import Fleet, nodes, servers
from autoscaler.core.decide import decide
from autoscaler.core.decision import Scale
from autoscaler.core.ledger import Moves
from autoscaler.core.policy import Limits, Objective
from autoscaler.core.price import Price, chance_above, count_for
from autoscaler.replay import rows
from autoscaler.replay.rows import Rules, Score, State
from tests.builders import AT, a_demand, a_lead, a_policy, a_pool, a_workload, an_outlook, some_inputs

STEP = 60.0
CEILING = 40
LONGEST = 60  # steps of plans
LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
LONG_AGO = -1e9
amounts = st.floats(0.0, 60.0).map(lambda x: round(x, 3))
counts = st.integers(0, CEILING)
lately = st.sampled_from([LONG_AGO, -60.0, -300.0, -400.0, -660.0, -1_200.0])


@st.composite
def moments(draw):
    """One row, as one step finds it; starts that get ready within the slots."""
    size = draw(st.sampled_from([1, 2]))
    desired = draw(st.integers(0, CEILING // size)) * size
    slots = draw(st.lists(st.integers(0, 7), max_size=min(desired, 4)))
    ahead = draw(amounts)
    hold_s = draw(st.sampled_from([0.0, 300.0, 900.0]))
    return {
        "size": size,
        "desired": desired,
        "slots": slots,
        "work": draw(amounts),
        "backlog": draw(st.sampled_from([0.0, 0.0, 50.0, 800.0, 20_000.0])),
        "full": draw(st.sampled_from([1.0, 1.0, 0.7])),
        "wait_s": draw(st.sampled_from([0.0, 10.0, 120.0])),
        "ahead": ahead,
        "hold": ahead + draw(amounts),
        "expected": draw(amounts),
        "last_up": draw(lately),
        "last_down": draw(lately),
        "plans": draw(st.lists(counts, min_size=20, max_size=20)),
        "hold_s": hold_s,
        "cooldown_s": draw(st.sampled_from([hold_s, 1_800.0])),
        "floor": draw(st.integers(0, 6)),
    }


def policy_of(m):
    stated = None if m["cooldown_s"] == m["hold_s"] else m["cooldown_s"]
    window = None if stated is None else m["hold_s"]  # or a stated cooldown would hold plans as long
    limits = Limits(floor=m["floor"], ceiling=CEILING, cooldown_down_s=stated, stabilisation_s=window)
    workload = a_workload(servers=limits, objective=Objective(wait_s=m["wait_s"], utilisation=m["full"]))
    return a_policy(workload, pool=a_pool(gpus_per_node=4 * m["size"], nodes=Limits(ceiling=CEILING)))


def by_rows(m, lead):
    rules = Rules(
        np.array([m["hold_s"]]), np.array([m["cooldown_s"]]), lead, m["wait_s"], a_workload().repay_s,
        m["size"], m["floor"], CEILING, 60.0, STEP, m["full"],
    )  # fmt: skip
    starting = np.zeros((1, 8))
    np.add.at(starting[0], m["slots"], 1.0)
    plans = np.zeros((1, LONGEST))
    plans[0, : len(m["plans"])] = m["plans"]
    state = State(
        np.array([float(m["desired"])]), np.array([float(m["desired"] - len(m["slots"]))]), starting,
        np.array([m["backlog"]]), np.array([m["last_up"]]), np.array([m["last_down"]]), plans,
    )  # fmt: skip
    present = m["work"] * STEP / (STEP + m["wait_s"])
    ahead, hold, expected = (np.array([m[k]]) for k in ("ahead", "hold", "expected"))
    ahead, hold = ahead / m["full"], hold / m["full"]
    up, down = rows.plan(present, ahead, hold, expected, state, rules)
    ages = (np.arange(LONGEST)[None, :] < m["hold_s"] / STEP).astype(float)
    return down[0], rows.settle(up, down, state, ages, 0.0, rules)[0]


def by_decide(m, policy, lead):
    """The same moment as the core is told of it: a plan of the window's is a recent, a slot an instant."""
    recent = max(m["plans"][: int(m["hold_s"] / STEP)], default=0)
    asked = sorted(AT + slot * STEP - lead.median for slot in m["slots"])
    ready = m["desired"] - len(asked)
    moved = max(m["last_up"], m["last_down"])
    inputs = some_inputs(
        policy,
        demand=a_demand(m["work"], backlog=m["backlog"]),
        outlook=an_outlook(m["ahead"], m["hold"], expected=m["expected"]),
        fleets={servers("chat"): Fleet(m["desired"], ready, tuple(asked)), nodes("h100"): Fleet(9, 9)},
        recents={servers("chat"): recent},
        moves={servers("chat"): Moves(m["desired"], AT + moved, AT + m["last_up"], AT + m["last_down"])},
        chosen={"chat": Chosen(16.0, hold_s=m["hold_s"])},
    )
    assert hold_of(policy.workloads["chat"].servers, inputs.chosen["chat"]) == m["hold_s"]
    decision = decide(inputs, policy)
    verdict = next(v for v in decision.verdicts if v.target == servers("chat"))
    return decision.plans[servers("chat")], verdict.to if isinstance(verdict, Scale) else verdict.current


@given(moments())
def test_a_row_decides_what_the_core_decides(moment):
    policy = policy_of(moment)
    lead = a_lead(policy)
    assert by_rows(moment, lead) == by_decide(moment, policy, lead)


gaps = st.lists(st.floats(0.0, 5.0), min_size=4, max_size=4)


@given(st.floats(0.0, 80.0), gaps, st.floats(0.0, 50.0), st.sampled_from([1, 2, 4]))
def test_a_row_is_priced_as_the_core_prices(median, steps, usual, size):
    band = np.cumsum([median, *steps])
    late = np.array([0.5, 4.0, 32.0, 500.0])
    (found,) = rows.priced(LEVELS, band[None, :], late, usual, size)
    for price, count in zip(late.tolist(), found.tolist(), strict=True):
        bounds = tuple(band.tolist())
        best = count_for(LEVELS, bounds, Price(price, usual, size)).servers
        weight = price * (median * (usual or median)) ** 0.5
        ours, cores = (n + weight * chance_above(LEVELS, bounds, n) for n in (count, best))
        assert count == best or ours == pytest.approx(cores, abs=1e-7)


def test_bands_of_many_moments_are_priced_at_once_as_one_by_one():
    """Those of large fleets, looked at in larger steps, beside those of small ones."""
    bands = np.array([[0.0] * 5, [3.0] * 5, [1.0, 2, 3, 4, 5], [900.0, 1_000, 1_100, 1_200, 1_500]])
    late = np.array([1.0, 64.0])
    together = rows.priced(LEVELS, bands, late, 10.0, 2)
    for band, found in zip(bands, together, strict=True):
        assert np.array_equal(rows.priced(LEVELS, band[None], late, 10.0, 2)[0], found)


# A day lived at a few settings.


def rules_of(count, *, hold_s=0.0, floor=0, ceiling=100):
    holds = np.full(count, hold_s)
    return Rules(holds, holds, a_lead(), 10.0, 90.0, 1, floor, ceiling, 60.0, STEP)


def a_day(work, counts, **changes):
    work = np.asarray(work, dtype=float)
    asked = np.repeat(np.array([counts], dtype=float), work.size, axis=0)
    each = np.repeat(work[:, None], len(counts), axis=1)
    return rows.live(each, asked, asked, each, rules_of(len(counts), **changes))


def test_enough_servers_make_nobody_late_and_are_paid_for():
    score = a_day([10.0] * 600, [12])
    assert score.late[0] == 0.0
    assert score.spent[0] == pytest.approx(12 * 600 * STEP)
    assert score.work[0] == pytest.approx(10 * 600 * STEP)


def test_nobody_gets_more_than_the_ceiling_and_the_queue_is_late():
    score = a_day([10.0] * 600, [12], ceiling=5)
    assert score.late[0] > 0.99 * score.work[0]


def test_the_more_is_kept_the_fewer_are_late_and_the_more_is_spent():
    work = 10.0 + 4.0 * np.sin(np.arange(1_440) / 200.0)
    score = a_day(work, [12, 13, 14, 16, 24])
    assert all(more <= less for less, more in pairwise(score.late))
    assert score.late[0] > 0.0
    assert all(more > less for less, more in pairwise(score.spent[2:]))


def test_what_is_let_go_is_paid_for_until_it_has_drained():
    work = np.array([10.0] * 5 + [4.0] * 55)
    asked = np.where(np.arange(60) < 10, 12.0, 6.0)[:, None]
    score = rows.live(work[:, None], asked, asked, work[:, None], rules_of(1))
    assert score.spent[0] == pytest.approx((12 * 10 + 6 * 50) * STEP + 6 * 60.0)


def test_days_beside_each_other_are_lived_as_one_by_one():
    long, short = 10.0 + 4.0 * np.sin(np.arange(600) / 90.0), np.linspace(4.0, 12.0, 240)
    alone = [a_day(work, [12, 15]) for work in (long, short)]
    ended = np.pad(short, (0, 360), constant_values=np.nan)
    work = np.stack([long, long, ended, ended], axis=1)
    asked = np.repeat([[12.0, 15.0, 12.0, 15.0]], 600, axis=0)
    together = rows.live(work, asked, asked, np.nan_to_num(work, nan=12.0), rules_of(4))
    for field, both in zip(Score._fields, together, strict=True):
        assert np.allclose(both, np.concatenate([getattr(day, field) for day in alone])), field
