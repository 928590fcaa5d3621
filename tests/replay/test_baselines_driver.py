"""The driver in the controller's place: every workload decided, clipped and applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from autoscaler.assembly import replay
from autoscaler.core.cluster import ClusterState, Fleet, Target, nodes, servers
from autoscaler.core.decision import NOTHING_DONE, Actuation, Decision, Hold
from autoscaler.core.observation import RUNNING, WAITING, Observation, Reading
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.baselines import BASELINES, BaselineDriver
from autoscaler.replay.setting import measured_setting
from autoscaler.replay.synthetic import formula
from forecasting.series import Panel

AT = 1_700_000_000.0


@dataclass
class StillWorld:
    """Readings and counts that stay as they are; keeps what is applied."""

    running: dict[str, float]
    fleets: dict[Target, Fleet]
    peak: float = 0.0
    applied: list[Decision] = field(default_factory=list)

    def observe(self, at: float) -> Observation:
        zero = Reading(0.0, at)
        return Observation(
            at=at, workloads={n: {RUNNING: Reading(r, at), WAITING: zero} for n, r in self.running.items()}
        )

    def history(self, start: float, end: float, step: float) -> Mapping[str, Panel]:
        row = np.full((1, int((end - start) // step)), self.peak)
        return {name: Panel(start=start, step=step, values=row) for name in self.running}

    def state(self, at: float) -> ClusterState:
        return ClusterState(at=at, fleets=self.fleets)

    def apply(self, decision: Decision) -> Actuation:
        self.applied.append(decision)
        return NOTHING_DONE


def a_policy(*names: str, floor: int = 1, ceiling: int = 48, nodes_ceiling: int = 24) -> Policy:
    profile = Profile(gpus_per_server=4)
    limits = Limits(floor=floor, ceiling=ceiling)
    return Policy(
        workloads={n: Workload(name=n, pool="h100", profile=profile, servers=limits) for n in names},
        pools={"h100": Pool(name="h100", nodes=Limits(floor=1, ceiling=nodes_ceiling))},
    )


def a_world(nodes_ready: int = 5, peak: float = 0.0, **busy: float) -> StillWorld:
    """Each workload with ten servers ready, so many of them busy."""
    fleets = {servers(name): Fleet(10, 10) for name in busy}
    fleets[nodes("h100")] = Fleet(nodes_ready, nodes_ready)
    return StillWorld(running={name: 64.0 * b for name, b in busy.items()}, fleets=fleets, peak=peak)


def moves(world: StillWorld) -> dict[Target, int]:
    return {move.target: move.to for move in world.applied[-1].moves}


def test_each_workload_is_decided_on_its_own() -> None:
    world = a_world(chat=9.0, code=7.0)
    BaselineDriver(BASELINES["hpa"], a_policy("chat", "code"), world).tick(AT, "all")
    assert moves(world) == {servers("chat"): 13}
    assert Hold(servers("code"), 10, ()) in world.applied[-1].verdicts


@pytest.mark.parametrize(
    "floor, ceiling, wanted",
    [
        pytest.param(1, 12, 12, id="a ceiling clips what is wanted"),
        pytest.param(15, 48, 15, id="a floor lifts it"),
    ],
)
def test_floor_and_ceiling_hold(floor: int, ceiling: int, wanted: int) -> None:
    world = a_world(chat=9.0)
    BaselineDriver(BASELINES["hpa"], a_policy("chat", floor=floor, ceiling=ceiling), world).tick(AT, "all")
    assert moves(world) == {servers("chat"): wanted}


def test_nodes_are_left_alone_where_they_follow() -> None:
    world = a_world(chat=9.0)
    BaselineDriver(BASELINES["hpa"], a_policy("chat"), world).tick(AT, "all")
    assert {verdict.target.kind for verdict in world.applied[-1].verdicts} == {"servers"}


def test_a_static_fleet_orders_the_nodes_that_carry_its_peak() -> None:
    world = a_world(peak=21.0, chat=9.0)
    BaselineDriver(BASELINES["static"], a_policy("chat"), world).tick(AT, "all")
    assert moves(world) == {servers("chat"): 24, nodes("h100"): 12}


def test_workloads_on_one_pool_share_its_nodes_and_its_ceiling() -> None:
    world = a_world(nodes_ready=10, peak=21.0, chat=9.0, code=9.0)
    BaselineDriver(BASELINES["static"], a_policy("chat", "code", nodes_ceiling=20), world).tick(AT, "all")
    assert moves(world)[nodes("h100")] == 20


def test_only_a_decision_that_moves_something_is_a_new_generation() -> None:
    world = a_world(chat=7.0)
    driver = BaselineDriver(BASELINES["hpa"], a_policy("chat"), world)
    driver.tick(AT, "all")
    world.running["chat"] = 640.0
    driver.tick(AT + 15.0, "all")
    assert [decision.generation for decision in world.applied] == [0, 1]


def test_routers_are_nobody_s_business() -> None:
    world = a_world(chat=9.0)
    BaselineDriver(BASELINES["hpa"], a_policy("chat"), world).tick(AT, "routers")
    assert world.applied == []


@pytest.mark.parametrize("policy", ["hpa", "kpa", "apa"])
def test_a_target_that_is_stated_is_what_a_baseline_fills(policy):
    setting = measured_setting({"smooth": formula("smooth", 1).last(3.0)}, score=0.25)
    usual, fuller = (replay(setting, policy, target=target).scorecard.total for target in (None, 0.9))
    assert replay(setting, policy, target=0.7).scorecard.total == usual
    assert fuller.gpu_hours < usual.gpu_hours
