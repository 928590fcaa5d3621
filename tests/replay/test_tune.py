"""Settings that choose themselves from the past."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from autoscaler.control.choices import Said, Task
from autoscaler.core.history import History
from autoscaler.core.policy import Limits, Objective
from autoscaler.replay import tune
from autoscaler.replay.choice import MARGINS, Candidate, Point, may_miss, pick
from autoscaler.replay.tune import Tuning, candidates_for
from forecasting.catalogue import make
from forecasting.series import Panel
from tests.builders import AT, a_lead, a_workload

LEVELS = (0.5, 0.9, 0.97, 0.99, 0.998)
DAY = 86_400.0
BEGIN = AT // DAY * DAY  # midnight
MINUTES = 3 * 1_440


def some_work(seed=3, minutes=MINUTES):
    rng = np.random.default_rng(seed)
    return 10.0 + 4.0 * np.sin(np.arange(minutes) / 229.2) + rng.normal(0.0, 1.2, minutes)


def a_history(work, names=("chat",)):
    history = History(dict.fromkeys(names, 10.0))
    panels = {name: Panel(start=BEGIN, step=60.0, values=work[None]) for name in names}
    history.seed(panels, BEGIN + 60.0 * work.size)
    return history


def all_said(work, first, last, *, wide=0.1):
    """At the end of each minute: that it stays as it is, give or take."""
    factors = np.array([1.0, 1.0 + wide, 1.0 + 1.5 * wide, 1.0 + 2.0 * wide, 1.0 + 3.0 * wide])
    said = []
    for k in range(first, last):
        ahead = tuple((work[k - 1] * factors).tolist())
        said.append(Said(BEGIN + 60.0 * k, ahead, ahead))
    return tuple(said)


def a_task(said, workload=None, size=2):
    return Task(workload or a_workload(), a_lead(), size, 10.0, LEVELS, said)


def a_tuning(**changes):
    return Tuning(make("last-value"), **changes)


def choice(work, said, **workload):
    task = a_task(said, a_workload(**workload))
    return a_tuning().choose({"chat": task}, a_history(work)).get("chat")


WORK = some_work()
SAID = all_said(WORK, 1_440, MINUTES)


def test_a_rarer_miss_is_chosen_dearer():
    usual, rare = choice(WORK, SAID), choice(WORK, SAID, objective=Objective(share=0.998))
    assert rare.late_price > usual.late_price
    assert rare.headroom >= usual.headroom
    assert usual.days == rare.days == 2.0


# Points as they come: (knob, missed, spent) of the forecast's prices and of the rule's headrooms.
def points(prices, headrooms, hold=300.0):
    priced = [Point(Candidate(p, hold, 0.15), missed, spent) for p, missed, spent in prices]
    return [*priced, *(Point(Candidate(None, hold, h), missed, spent) for h, missed, spent in headrooms)]


MAY = MARGINS[0] * 0.01
GOOD = [(1.0, 4 * MAY, 1.22), (4.0, 2 * MAY, 1.25), (16.0, MAY, 1.27), (64.0, 0.5 * MAY, 1.5)]
POOR = [(0.05, 4 * MAY, 1.5), (0.2, MAY, 1.6), (0.8, 0.2 * MAY, 2.0)]
NEVER = [(1.0, 9 * MAY, 1.1), (4.0, 3 * MAY, 1.3), (16.0, 4 * MAY, 1.5)]
WORSE = [(0.05, 20 * MAY, 1.0), (0.8, 10 * MAY, 1.6)]

PICKED = [
    ("the cheapest that keeps the promise", points(GOOD, POOR), 16.0, 0.2, 1.0),
    ("the rule, where it costs less", points([(16.0, MAY, 1.7)], POOR), 16.0, 0.2, 0.0),
    (
        "the first, where even that keeps the promise",
        points([(1.0, 0.0, 1.1)], [(0.05, 0.0, 1.2)]),
        1.0,
        0.05,
        1.0,
    ),
    ("where the rule alone keeps it, the rule", points(NEVER, POOR), 4.0, 0.2, 0.0),
    ("where the forecast alone keeps it, the forecast", points(GOOD, WORSE), 16.0, 0.8, 1.0),
    ("where none does, what comes nearest: the forecast", points(NEVER, WORSE), 4.0, 0.8, 1.0),
    ("where none does, what comes nearest: the rule", points(WORSE, NEVER), 0.8, 4.0, 0.0),
]


@pytest.mark.parametrize(
    "found, price, headroom, forecast", [p[1:] for p in PICKED], ids=[p[0] for p in PICKED]
)
def test_what_is_picked(found, price, headroom, forecast):
    chosen = pick(found, a_workload(), 2.0)
    assert chosen.late_price == pytest.approx(price)
    assert chosen.headroom == pytest.approx(headroom)
    assert chosen.forecast == forecast


def test_between_two_candidates_the_promise_is_met_between_them():
    chosen = pick(points([(4.0, 2 * MAY, 1.2), (16.0, 0.5 * MAY, 1.24)], POOR), a_workload(), 2.0)
    assert 7.0 < chosen.late_price < 9.0


def test_the_hold_is_that_of_the_cheaper():
    both = [*points(GOOD, POOR, 0.0), *points([(p, m, s - 0.1) for p, m, s in GOOD], POOR, 900.0)]
    assert pick(both, a_workload(), 2.0).hold_s == 900.0
    assert pick([*points(GOOD, POOR, 0.0), *points(NEVER, WORSE, 900.0)], a_workload(), 2.0).hold_s == 0.0


@pytest.mark.parametrize("wide,left", [(1.32, 0.4), (1.5, 0.6)])
def test_a_margin_is_bought_for_a_few_hundredths_and_no_more(wide, left):
    """One event that no price could mend: from 0.6 to 0.4 of the misses it is hardly anything, or a lot."""
    prices = [(1.0, 0.03, 1.1), (4.0, 0.006, 1.3), (256.0, 0.004, wide)]
    assert may_miss(points(prices, WORSE), a_workload()) == pytest.approx(left * 0.01)


@pytest.mark.parametrize("dearer,hold_s", [(1.005, 900.0), (1.05, 0.0)])
def test_a_longer_hold_is_worth_a_hundredth_and_no_more(dearer, hold_s):
    both = [*points(GOOD, POOR, 0.0), *points([(p, m, s * dearer) for p, m, s in GOOD], POOR, 900.0)]
    assert pick(both, a_workload(), 2.0).hold_s == hold_s


def test_every_hold_has_every_price_and_every_headroom():
    candidates = candidates_for(a_workload())
    assert len(candidates) == len(tune.HOLDS_S) * (len(tune.PRICES) + len(tune.HEADROOMS))


STATED = [
    ("a headroom", {"headroom": 0.3}, lambda cs: {c.headroom for c in cs if c.late_price is None}, {0.3}),
    ("a window", {"servers": Limits(stabilisation_s=60.0)}, lambda cs: {c.hold_s for c in cs}, {60.0}),
    ("a level", {"level": 0.9}, lambda cs: len({c.late_price for c in cs} - {None}), 1),
    (
        "a cooldown",
        {"servers": Limits(cooldown_down_s=600.0)},
        lambda cs: {c.hold_s for c in cs},
        {600.0, 900.0},
    ),
]


@pytest.mark.parametrize("stated, read, expected", [s[1:] for s in STATED], ids=[s[0] for s in STATED])
def test_what_is_stated_is_lived_and_nothing_beside_it(stated, read, expected):
    workload = a_workload(**stated)
    assert read(candidates_for(workload)) == expected
    chosen = choice(WORK, SAID, **stated)
    assert chosen.days == 2.0
    assert workload.headroom is None or chosen.headroom == workload.headroom


def test_a_stated_utilisation_and_a_stated_level_are_paid_for():
    def spent(**stated):
        tuning = a_tuning()
        tuning.choose({"chat": a_task(SAID, a_workload(**stated))}, a_history(WORK))
        return min(p.spent for p in tuning.frontiers["chat"].points if p.candidate.late_price is not None)

    assert spent(objective=Objective(utilisation=0.5)) == pytest.approx(2.0 * spent(), rel=0.15)
    assert spent(level=0.998) > 1.1 * spent(level=0.5)


def test_dearer_candidates_miss_less_and_cost_more():
    tuning = a_tuning()
    tuning.choose({"chat": a_task(SAID)}, a_history(WORK))
    bare = [p for p in tuning.frontiers["chat"].points if not p.candidate.hold_s]
    by_price = {p.candidate.late_price: p for p in bare}
    by_headroom = {p.candidate.headroom: p for p in bare if p.candidate.late_price is None}
    for line in ([by_price[p] for p in (2.0, 16.0, 64.0, 512.0)], [by_headroom[h] for h in (0.1, 0.25, 0.7)]):
        assert all(less.missed > more.missed and less.spent < more.spent for less, more in pairwise(line))


def tuned(tuning, work, *parts, known=None):
    for first, last in parts:
        task = a_task(all_said(work if known is None else known, first, last))
        tuning.choose({"chat": task}, a_history(work[:last]))
    return tuning.frontiers["chat"]


def test_a_second_night_adds_a_day_and_leaves_the_first_as_it_was():
    """The first day is gone from the history when the second is lived: its score was kept."""
    tuning, later = a_tuning(), WORK.copy()
    tuned(tuning, WORK, (1_440, 2_880))
    later[:2_880] = np.nan
    both = tuned(tuning, later, (2_880, MINUTES), known=WORK)
    assert both.days == 2.0
    for kept, at_once in zip(both.points, tuned(a_tuning(), WORK, (1_440, MINUTES)).points, strict=True):
        # Of the second day, the first minute's "before" is not known where it begins anew.
        assert kept.spent == pytest.approx(at_once.spent, rel=1e-3)
        assert kept.missed == pytest.approx(at_once.missed, abs=2e-3)


def test_both_parts_of_a_day_that_a_night_divides_count():
    night = 2_880 + 197  # 03:17
    divided = tuned(a_tuning(), WORK, (1_440, night), (night, MINUTES))
    assert divided.days == 2.0
    at_once = tuned(a_tuning(), WORK, (1_440, MINUTES))
    for ours, theirs in zip(divided.points, at_once.points, strict=True):
        assert ours.spent == pytest.approx(theirs.spent, rel=0.02)


def test_newer_days_count_more():
    quiet_then_wild = np.concatenate([np.full(1_440, 10.0), np.full(1_440, 10.0), some_work(7, 1_440) * 1.0])
    wild_then_quiet = np.concatenate([np.full(1_440, 10.0), some_work(7, 1_440) * 1.0, np.full(1_440, 10.0)])
    late = [
        sum(p.missed for p in tuned(a_tuning(), work, (1_441, MINUTES)).points)
        for work in (quiet_then_wild, wild_then_quiet)
    ]
    assert late[0] > late[1]


FEW = [
    ("nothing was said", ()),
    ("one minute", SAID[:1]),
    ("some minutes are no day", SAID[:30]),
    ("not quite half a day", SAID[:700]),
]


@pytest.mark.parametrize("said", [f[1] for f in FEW], ids=[f[0] for f in FEW])
def test_too_little_past_chooses_nothing(said):
    assert choice(WORK, said) is None


def test_half_a_day_is_enough():
    assert choice(WORK, SAID[:730]).days == pytest.approx(0.5, abs=0.01)


def test_gaps_are_not_lived():
    gaps = WORK.copy()
    gaps[2_000:2_400] = np.nan
    chosen = choice(gaps, SAID)
    assert np.isfinite([chosen.late_price, chosen.headroom, chosen.hold_s]).all()
    assert chosen.days == pytest.approx(2.0 - 400 / 1_440)
    assert choice(np.full(MINUTES, np.nan), SAID) is None


def test_a_workload_that_sleeps_is_chosen_for_without_trouble():
    nothing = np.zeros(MINUTES)
    assert choice(nothing, all_said(nothing, 1_440, MINUTES), servers=Limits(floor=0, ceiling=48)) is None


def test_the_nights_budget_is_shared_in_turns_oldest_first():
    clock = iter(range(1_000))
    tuning = a_tuning(budget_s=1.5, spent=lambda: float(next(clock)))  # each look at it costs a second
    names = ("a", "b", "c")
    tasks = {name: a_task(SAID[:800], replace(a_workload(), name=name)) for name in names}
    history = a_history(WORK, names)
    turns = []
    for _ in range(4):
        turns.append(sorted(tuning.choose(tasks, history)))
        history.close([10.0] * 3)
    assert turns == [["a"], ["b"], ["c"], ["a"]]


def test_it_begins_with_what_would_have_been_said():
    history = a_history(WORK)
    begun = a_tuning(days=1).begin(history, {"chat": a_lead()}, LEVELS)
    task = a_task(begun.said["chat"])
    assert a_tuning().choose({"chat": task}, history)["chat"].days == pytest.approx(1.0, abs=0.01)
