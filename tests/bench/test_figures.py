"""The arithmetic over results: hindsight, the gap, and what it means that somebody never gets there."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autoscaler.bench.figures import all_figures
from autoscaler.bench.goals import goal_rows
from autoscaler.bench.jobs import OPTIMUM, Job, Result
from autoscaler.bench.plan import Bench, Series

SERIES = "chat"
BENCH = Bench(
    series=[Series(SERIES, Path("/dev/null"))],
    seeds=(1, 2, 3),
    policies=("hpa", "reactive", "headway", "oracle"),
    every=4,
)
Pair = tuple[float, float]


def figures(policies: Mapping[str, Pair | Callable[[Job], Pair]], bench: Bench = BENCH) -> Mapping:
    """Attainment and GPU-hours of each policy; the optimum is 100 GPU-hours."""

    def result(job: Job) -> Result:
        if job.policy == OPTIMUM:
            return {"gpu_hours": 100.0, "attainment": 100.0, "kind": "", "season": 0.5, "scored_days": 7.0}
        name = "rule" if job.forecaster == "none" else job.policy
        found = policies[name]
        attainment, gpu_hours = found(job) if callable(found) else found
        return {
            "attainment": attainment,
            "gpu_hours": gpu_hours,
            "reversals_per_day": 1.0,
            "p99_wait_s": 0.0,
        }

    return all_figures(bench, result)[SERIES]


ALL: dict[str, Pair] = {
    "hpa": (100.0, 160.0),
    "reactive": (99.5, 130.0),
    "rule": (99.2, 130.0),
    "headway": (99.9, 120.0),
    "oracle": (99.9, 110.0),
}


def test_each_policy_is_compared_at_the_same_share():
    one = figures(ALL)
    assert one["gap_closed"] == pytest.approx([0.5, 0.5, 0.5])
    assert one["against_tuned"] == pytest.approx(120 / 130 - 1)
    assert one["as_it_comes"] == pytest.approx(120 / 160 - 1)  # at 99.9 %, only the HPA gets there
    assert one["against_hpa"] == pytest.approx(120 / 160 - 1)
    assert one["dead"] == pytest.approx({"points": -0.3, "cost": 0.0})


def test_the_best_rule_in_hindsight_is_the_cheapest_of_all_knobs_that_get_there():
    def hpa(job: Job) -> Pair:
        return {0.3: (100.0, 200.0), 0.8: (99.6, 115.0), 1.0: (90.0, 105.0)}.get(job.target, (100.0, 160.0))

    one = figures({**ALL, "hpa": hpa}, BENCH._replace(every=1))
    tuned = one["hindsight"]["hpa"]
    assert (tuned["cheapest"], tuned["knob"]) == (pytest.approx(1.15), 0.8)
    assert 1.05 < tuned["cost"] < 1.15  # between the point that gets there and the one that does not
    assert one["at_99"]["tuned"] == tuned["cost"]


@pytest.mark.parametrize(
    "changed, gap, tuned",
    [
        pytest.param({"headway": (98.0, 90.0)}, -float("inf"), float("inf"), id="Headway never gets there"),
        pytest.param({"rule": (98.0, 90.0)}, 1.0, 120 / 130 - 1, id="only the rule never gets there"),
        pytest.param(
            {"hpa": (98.0, 90.0), "reactive": (98.0, 90.0)}, 0.5, -1.0, id="no reactive rule gets there"
        ),
        pytest.param({"oracle": (98.0, 90.0)}, None, 120 / 130 - 1, id="not even foresight gets there"),
    ],
)
def test_who_never_gets_there_costs_more_than_any(changed, gap, tuned):
    one = figures({**ALL, **changed})
    closed = one["gap_closed"]
    assert (closed if closed is None else closed[0]) == (gap if gap is None else pytest.approx(gap))
    assert one["against_tuned"] == pytest.approx(tuned)


def test_the_median_is_over_seeds_and_the_range_is_told():
    def seeded(job: Job) -> Pair:
        return 99.0 + 0.3 * job.seed, 110.0 + 10 * job.seed

    run = figures({**ALL, "headway": seeded})["policies"]["measured"]["headway"]
    assert run["attainment"] == pytest.approx([99.6, 99.3, 99.9])
    assert run["of_optimum"] == pytest.approx([1.3, 1.2, 1.4])


@pytest.mark.parametrize(
    "headway, met",
    [
        pytest.param((99.9, 131.0), False, id="dearer than median −8 %"),
        pytest.param((99.9, 118.0), True, id="cheaper"),
        pytest.param((98.0, 100.0), False, id="cheap because it never gets there"),
    ],
)
def test_a_goal_is_met_or_not(headway, met):
    rows = goal_rows({SERIES: figures({**ALL, "headway": headway})}, "measured")
    rule = next(row for row in rows if row.goal.startswith("against the best reactive rule"))
    assert rule.met is met
    assert rule.held_out == rule.measured
    assert rule.built_on == "–"


def test_a_goal_of_a_named_series_is_judged_by_cost_share_and_reversals():
    calm = figures(
        {**ALL, "headway-calm": (99.9, 111.0)}, BENCH._replace(policies=("headway", "headway-calm"))
    )
    rows = {row.goal: row for row in goal_rows({"cron": calm, "azure2024_conv": calm}, "measured")}
    assert rows["cron, headway"].met is True  # 1.20, and 1.32 is asked for
    assert rows["azure2024_conv, headway"].met is False  # 1.08 is asked for
    assert rows["azure2024_conv, headway-calm"].met is True
    assert rows["azure2024_conv, headway-calm"].measured == "99.90 % @ 1.110, 1.0"
    assert "nasa1995, headway" not in rows


def test_what_was_not_run_is_not_judged():
    rows = goal_rows({SERIES: figures(ALL, BENCH._replace(policies=("hpa",)))}, "measured")
    assert all(row.met is None for row in rows if not row.goal.startswith("forecaster dead"))
