"""Replayed days of one workload, and ticks of many."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from autoscaler.assembly import make_fits, make_forecaster, replay
from autoscaler.control.choices import Layer, Task
from autoscaler.control.clock import VirtualClock
from autoscaler.control.controller import Config, Controller
from autoscaler.control.foresight import ASKED_LEVELS
from autoscaler.control.memory import MemoryLedger, NoJournal
from autoscaler.core.history import History
from autoscaler.core.lead_time import LeadTimes, lead_for
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.offered import offer
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.synthetic import formula
from autoscaler.replay.tune import Tuning
from autoscaler.replay.world import World

DAY = 86_400.0


def replay_day(forecaster: str, *without: Layer) -> float:
    """Seconds a day of the measured week; journal off, the fits, the first choice and the nights included."""
    setting = measured_setting({"smooth": formula("smooth", 1)})
    began = time.perf_counter()
    replay(setting, "headway", forecaster=forecaster, without=frozenset(without))
    return (time.perf_counter() - began) / ((setting.end - setting.start) / DAY)


def settings_and_days_a_second() -> float:
    """Candidates × days that a first choice lives again in a second; what would have been said is there."""
    setting = measured_setting({"smooth": formula("smooth", 1)})
    (name,) = setting.offered
    history = History({name: setting.policy.workloads[name].objective.wait_s})
    history.seed({name: setting.offered[name].history}, setting.start)
    workload = setting.policy.workloads[name]
    lead = lead_for(LeadTimes(), workload, setting.policy.pools[workload.pool])
    tuning = Tuning(make_forecaster(None))
    said = tuning.begin(history, {name: lead}, ASKED_LEVELS).said[name]
    usual = float(np.nanmean(history.work().values))
    task = Task(workload, lead, 2, usual, ASKED_LEVELS, said)
    began = time.perf_counter()
    tuning.choose({name: task}, history)
    points = tuning.frontiers[name].points
    return len(points) * tuning.frontiers[name].days / (time.perf_counter() - began)


def ticks(count: int, minutes: int = 10) -> list[float]:
    """Seconds of each tick, forecasts included, of so many workloads that share a pool for each twenty."""
    trace = formula("smooth", 2).last(8)
    profile = Profile(gpus_per_server=1)
    pools = {f"p{i}": Pool(name=f"p{i}", nodes=Limits(ceiling=400)) for i in range((count + 19) // 20)}
    workloads = {
        f"w{i}": Workload(name=f"w{i}", pool=f"p{i // 20}", profile=profile, servers=Limits(ceiling=100))
        for i in range(count)
    }
    start = trace.end - DAY
    step = 300.0
    requests = trace.requests.reshape(-1, 5).sum(axis=1)
    coarse = replace(trace, step=step, requests=requests, prompt_tokens=None, output_tokens=None)
    offered = offer(coarse, profile, start=start, end=start + 3_600.0)
    policy = Policy(workloads=workloads, pools=pools)
    cluster = SimulatedCluster(policy, dict.fromkeys(workloads, offered), World(), 1)
    controller = Controller(
        Config(policy=policy, fits=make_fits(None, child=False), step_s=step),
        signals=cluster,
        cluster=cluster,
        actuator=cluster,
        clock=VirtualClock(start),
        ledger=MemoryLedger(),
        journal=NoJournal(),
    )
    controller.tick(start)
    took = []
    for k in range(1, minutes * 4 + 1):
        at = start + 15.0 * k
        cluster.advance(at)
        began = time.perf_counter()
        controller.tick(at)
        took.append(time.perf_counter() - began)
    # The tick that fits is left out: beside a live tick, fits run in a child. The rest forecast at step ends.
    return sorted(took)[:-1]
