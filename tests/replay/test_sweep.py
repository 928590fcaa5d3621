"""Many jobs at once: every result with its job, an error with its job, and the same on every backend."""

import pickle
import warnings
from importlib.util import find_spec

import pytest

from autoscaler.assembly import replay
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.sweep import SweepError, Where, sweep
from autoscaler.replay.synthetic import formula

HERE = Where(workers=1)


def squared(number: int) -> int:
    if number < 0:
        raise ValueError("no root")
    return number * number


def figures(policy: str) -> tuple[float, float]:
    """A day of `cron`, small enough to be asked often."""
    trace = formula("cron", 1).last(3.0)
    total = replay(measured_setting({"cron": trace}, score=0.25), policy).scorecard.total
    return total.attainment, total.gpu_hours


def test_one_worker_does_the_jobs_here_and_in_their_order():
    assert list(sweep(squared, [3, 1, 2], HERE)) == [(3, 9), (1, 1), (2, 4)]


def test_no_jobs_start_nothing():
    assert list(sweep(squared, [], Where("ray"))) == []


def test_results_come_as_they_are_done_and_nothing_runs_ahead_of_the_reader():
    seen = []

    def noted(number: int) -> int:
        seen.append(number)
        return number

    results = sweep(noted, [1, 2, 3], HERE)
    assert next(results) == (1, 1)
    assert len(seen) < 3
    assert len(list(results)) == 2


def test_several_workers_give_what_one_gives():
    jobs = list(range(6))
    assert sorted(sweep(squared, jobs, Where(workers=2))) == sorted(sweep(squared, jobs, HERE))


def test_an_error_names_its_job():
    with pytest.raises(ValueError, match="no root") as raised:
        list(sweep(squared, [2, -1], HERE))
    assert raised.value.__notes__ == ["in the job -1"]


@pytest.mark.parametrize(
    "where, said",
    [
        pytest.param(Where("threads"), "no backend is called threads", id="a backend nobody knows"),
        pytest.param(Where(address="tcp://there:8786"), "say --backend dask", id="a scheduler without one"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(where, said):
    with pytest.raises(SweepError, match=said) as raised:
        list(sweep(squared, [1], where))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("backend, package", [("dask", "distributed"), ("ray", "ray")])
def test_a_missing_extra_is_named(backend, package, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(SweepError, match=rf"pip install 'headway\[{backend}\]'"):
        list(sweep(squared, [1], Where(backend)))


def test_a_run_can_travel():
    trace = formula("smooth", 1).last(3.0)
    run = replay(measured_setting({"smooth": trace}, score=0.1), "headway")
    assert pickle.loads(pickle.dumps(run)).scorecard == run.scorecard


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend, package", [("dask", "distributed"), ("ray", "ray")])
def test_a_real_cluster_gives_the_figures_of_this_machine(backend, package):
    if find_spec(package) is None:
        pytest.skip(f"NO {package.upper()}: pip install 'headway[{backend}]' to sweep on a real cluster")
    if backend == "ray":
        with pytest.raises(SweepError, match="no Ray cluster answers there"):
            list(sweep(figures, ["hpa"], Where(backend, address="127.0.0.1:1")))
    jobs = ["hpa", "reactive", "headway"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        away = dict(sweep(figures, jobs, Where(backend, workers=2)))
    assert away == dict(sweep(figures, jobs, Where(workers=2)))
