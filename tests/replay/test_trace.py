import numpy as np
import pytest

from autoscaler.replay.trace import DAY, Trace, TraceError, split


def a_trace(days, step=600.0, start=1_000_000.0):
    return Trace(name="t", start=start, step=step, requests=np.arange(round(days * DAY / step), dtype=float))


def test_between_takes_whole_steps_only():
    cut = a_trace(1).between(1_000_000.0 + 601, 1_000_000.0 + 2_399)
    assert (cut.start, cut.end, cut.requests.tolist()) == (1_001_200.0, 1_001_800.0, [2.0])


def test_between_outside_is_empty_or_cut():
    trace = a_trace(1)
    assert trace.between(trace.end + 10, trace.end + 9_999).steps == 0
    assert trace.between(0, trace.end + 9_999).steps == trace.steps


def test_last_days():
    assert a_trace(3).last(1).requests.tolist() == list(range(288, 432))


def test_gaps_are_filled_by_straight_lines():
    trace = Trace(name="t", start=0, step=60, requests=np.array([np.nan, 2.0, np.nan, 4.0, np.nan]))
    assert trace.interpolated().requests.tolist() == [2.0, 2.0, 3.0, 4.0, 4.0]


@pytest.mark.parametrize(
    "days, used, scored",
    [(40, 21, 7), (14, 14, 7), (7, 7, 3.5), (2, 2, 1)],
    ids=["three weeks at most", "a week of two", "half of a week", "half of the least"],
)
def test_the_scored_part(days, used, scored):
    parts = split(a_trace(days))
    assert parts.used.days == pytest.approx(used)
    assert (parts.end - parts.start) / DAY == pytest.approx(scored)


def test_a_stated_number_of_days_is_scored():
    parts = split(a_trace(3), 2.0)
    assert (parts.end - parts.start) / DAY == 2.0


def test_all_scores_everything():
    parts = split(a_trace(30), "all")
    assert (parts.start, parts.used.days) == (parts.used.start, 30)


@pytest.mark.parametrize("days, score", [(1.9, "auto"), (3, 2.5), (3, 5.0)])
def test_too_little_history_is_refused(days, score):
    with pytest.raises(TraceError, match=r"t: .* days of history before the scored part; .*--score all"):
        split(a_trace(days), score)
