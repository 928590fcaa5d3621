"""Memory of a controller's process, and what is piped into one to start it cold."""

from __future__ import annotations

import json
import subprocess
import sys

CHILD = """
import numpy as np
from autoscaler.assembly import make_forecaster
from autoscaler.control.clock import VirtualClock
from autoscaler.control.controller import Config, Controller
from autoscaler.control.fits import FitsInChild
from autoscaler.control.memory import MemoryLedger, NoJournal
from autoscaler.core.cluster import ClusterState, Fleet, nodes, servers
from autoscaler.core.decision import Actuation
from autoscaler.core.observation import ARRIVALS, RUNNING, WAITING, Observation, Reading
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from forecasting.series import Panel
import time

STEP, DAYS, COUNT, AT = 300.0, 28, 100, 1_700_000_100.0

class World:
    def observe(self, at):
        shown = {ARRIVALS: Reading(50.0, at), WAITING: Reading(0.0, at), RUNNING: Reading(300.0, at)}
        return Observation(at=at, workloads=dict.fromkeys(NAMES, shown))
    def history(self, start, end, step):
        dice = np.random.default_rng(1)
        steps = int(DAYS * 86_400 / STEP)
        begin = end - steps * step
        return {n: Panel(start=begin, step=step, values=dice.gamma(9.0, 1.0, (1, steps))) for n in NAMES}
    def state(self, at):
        fleets = {servers(n): Fleet(10, 10) for n in NAMES} | {nodes("p"): Fleet(125, 125)}
        return ClusterState(at=at, fleets=fleets)
    def apply(self, decision):
        return Actuation()

if __name__ == "__main__":
    NAMES = [f"w{i}" for i in range(COUNT)]
    common = dict(pool="p", profile=Profile(), servers=Limits(ceiling=50))
    policy = Policy(
        workloads={n: Workload(name=n, **common) for n in NAMES},
        pools={"p": Pool(name="p", nodes=Limits(ceiling=400))},
    )
    world = World()
    controller = Controller(
        Config(policy=policy, fits=FitsInChild(make_forecaster(None), deadline_s=1e6), step_s=STEP),
        signals=world, cluster=world, actuator=world,
        clock=VirtualClock(AT), ledger=MemoryLedger(), journal=NoJournal(),
    )
    at, fitted = AT, False
    for k in range(400):
        at += 15.0
        controller.tick(at)
        if controller.foresight.forecast is not None and fitted:
            break
        fitted = controller.foresight.forecast is not None
        if not fitted and k % 20 == 19:
            time.sleep(0.5)
    assert controller.foresight.forecast is not None, "the child never answered"
    # Not ru_maxrss: that begins at the size of whoever started us.
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
"""


def controller_mebibytes() -> float:
    """The greatest resident size of the controller's own process; its fits run in a child."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        script = Path(folder) / "controller.py"  # a file: a child process imports it again
        script.write_text(CHILD)
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def drive_input() -> str:
    """Seven days of history at one minute, and one tick."""
    steps = 7 * 1_440
    past = [{"arrivals_per_second": 30.0 + 20.0 * ((k // 60) % 24 > 8)} for k in range(steps)]
    at = 1_700_000_040
    history = {"history": {"at": at, "step": 60, "workloads": {"chat": past}}}
    tick = {
        "at": at + 15,
        "workloads": {"chat": {"arrivals_per_second": 40.0, "waiting": 0, "running": 200}},
        "targets": {
            "chat": {"desired": 6, "ready": 6, "starting": 0},
            "h100": {"desired": 6, "ready": 6, "starting": 0},
        },
    }
    return json.dumps(history) + "\n" + json.dumps(tick) + "\n"
