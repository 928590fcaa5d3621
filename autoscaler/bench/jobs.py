"""One job of the benchmark: a series, a policy, a seed and a knob in, figures as plain JSON out.

A job is small and says everything, so that it can travel, and so that its result can be kept under its name.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autoscaler.assembly import Bounds, PolicyRun, replay
from autoscaler.control.choices import Layer
from autoscaler.core.history import requirement
from autoscaler.core.lead_time import LeadTimes, lead_for
from autoscaler.core.policy import Objective, Policy, Workload
from autoscaler.replay.bound import bound
from autoscaler.replay.offered import Past
from autoscaler.replay.setting import POOL, Setting, measured_setting
from autoscaler.replay.synthetic import formula
from autoscaler.replay.trace import Trace, split
from autoscaler.replay.trace_file import read_trace
from autoscaler.replay.world import World
from forecasting.evaluation import scores
from forecasting.evaluation.persistence import persistence
from forecasting.series import FloatArray

WORLDS = {
    "measured": World(),
    "life": World(scrape_s=30.0, window_s=120.0, packing="replicaset"),
}
OPTIMUM = "optimum"
LEVEL = 0.97  # at which forecasts are compared
MINUTE, MARK_S, DAY = 60.0, 300.0, 86_400.0
Result = dict[str, Any]


class Job(NamedTuple):
    """`policy` is one of the assembly's, or `optimum`. None: the default."""

    series: str
    policy: str
    seed: int = 1
    path: str | None = None  # None: the series is a formula
    world: str = "measured"
    scored_days: float | None = None
    forecaster: str | None = None
    share: float | None = None  # of requests in time, that is asked for
    headroom: float | None = None
    target: float | None = None  # share of the places that a baseline fills
    without: Layer | None = None  # a layer of the controller that is left out

    @property
    def knob(self) -> float | None:
        """The one of the three that is turned."""
        return next((k for k in (self.share, self.headroom, self.target) if k is not None), None)


def perform(job: Job) -> Result:
    """The figures of one job."""
    setting = _setting(job)
    if job.policy == OPTIMUM:
        least = bound(setting)
        return {
            "gpu_hours": least.gpu_hours,
            "attainment": 100.0 * least.attainment,
            "kind": least.kind,
            "season": season(_trace(job.series, job.path, job.seed), job.scored_days),
            "scored_days": (setting.end - setting.start) / DAY,
        }
    run = replay(
        setting,
        job.policy,
        seed=job.seed,
        forecaster=job.forecaster,
        target=job.target,
        without=frozenset() if job.without is None else frozenset({job.without}),
    )
    figures = run.scorecard.to_json()
    if run.checked and job.policy != "oracle":
        figures["pinball"] = _pinball(setting, run)
    return figures


def _setting(job: Job) -> Setting:
    setting = measured_setting(
        {job.series: _trace(job.series, job.path, job.seed)},
        score=job.scored_days or "auto",
        objective=None if job.share is None else Objective(share=job.share),
        world=WORLDS[job.world],
    )
    if job.headroom is None:
        return setting
    stated = {n: replace(w, headroom=job.headroom) for n, w in setting.policy.workloads.items()}
    return setting._replace(policy=Policy(workloads=stated, pools=setting.policy.pools))


@lru_cache(maxsize=2)
def _trace(series: str, path: str | None, seed: int) -> Trace:
    if path is None:
        return formula(series, seed)
    (trace,) = read_trace(Path(path)).values()
    return trace


def season(trace: Trace, scored_days: float | None = None) -> float | None:
    """How like a day or a week ago: the larger autocorrelation of what is used; None where too short."""
    requests = split(trace, scored_days or "auto").used.interpolated().requests
    found = []
    for days in (1.0, 7.0):
        lag = round(days * DAY / trace.step)
        if len(requests) >= 2 * lag and requests.std() > 0:
            off = requests - requests.mean()
            found.append(float((off[lag:] * off[:-lag]).sum() / (off * off).sum()))
    return max(found, default=None)


def _pinball(setting: Setting, run: PolicyRun) -> Result:
    """What was said at 97 %, and what two kinds of persistence would have said; ÷ the mean of what came."""
    (workload,) = setting.policy.workloads.values()
    said = [one for one in run.checked if one.at % MARK_S < 1.0]
    own = _own(said)
    rate, need = _minutes(setting, workload)
    lead = lead_for(LeadTimes(), workload, setting.policy.pools[POOL])
    ahead = int(lead.slow // MINUTE) + 1  # minutes from the end of the newest step to the mark
    figures = {"level": LEVEL, "headway": own}
    for name, last in (("rate", rate), ("requirement", need)):
        figures[name] = _of_persistence(last, need, ahead, len(said))
    return figures


def _own(said: list[Bounds]) -> float | None:
    known = [(one.came, one.bounds[one.levels.index(LEVEL)]) for one in said if LEVEL in one.levels]
    if not known:
        return None
    came, bounds = np.array(known).T
    return _relative(came, bounds)


def _of_persistence(last: FloatArray, came: FloatArray, ahead: int, marks: int) -> float | None:
    """The newest `marks` five-minute marks of the series, each spoken of `ahead` minutes before."""
    every = round(MARK_S / MINUTE)
    at = np.arange(len(came) - 1 - (len(came) - 1 - ahead) // every * every, len(came), every)
    if marks < 1 or len(at) < marks:
        return None
    outcome = came[at]
    first = len(at) - marks
    bounds = persistence(last[at - ahead], outcome, level=LEVEL, lag=ceil(ahead / every), first=first)
    return _relative(outcome[first:], bounds)


def _relative(came: FloatArray, bounds: FloatArray) -> float | None:
    size = float(np.nanmean(came))
    return scores.pinball(came, bounds, LEVEL) / size if size > 0 else None


def _minutes(setting: Setting, workload: Workload) -> tuple[FloatArray, FloatArray]:
    """Work a second in whole minutes, all of it, and the requirement that it amounts to."""
    offered = setting.offered[workload.name]
    rate = Past(offered).panel(offered.history.start, setting.end, MINUTE).values
    need = requirement(rate, MINUTE, np.array([workload.objective.wait_s]))
    return rate[0], need[0]
