"""How each baseline behaves, by its documented rules."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from autoscaler.core.cluster import Fleet
from autoscaler.core.observation import ARRIVALS, OUTPUT_TOKENS, PROMPT_TOKENS, RUNNING, WAITING, Reading
from autoscaler.core.policy import Limits, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.baselines import BASELINES, Baseline, Setup
from autoscaler.replay.baselines.aws import Aws
from autoscaler.replay.baselines.hpa import Hpa, Keda, KedaLlmd
from autoscaler.replay.baselines.knative import Kpa
from autoscaler.replay.baselines.reactive import Reactive
from autoscaler.replay.baselines.seasonal import Seasonal
from autoscaler.replay.baselines.static import Static
from forecasting.series import FloatArray

PLACES = 64
TARGET = 0.7 * PLACES  # 44.8 requests in flight a server
AT = 20_000 * 86_400.0  # a midnight
DAY_S = 86_400.0


def nothing(start: float, end: float, step: float) -> FloatArray:
    return np.full(round((end - start) / step), np.nan)


def daily(work: Callable[[float], float]) -> Callable[[float, float, float], FloatArray]:
    """A past that is a function of the second of the day."""
    return lambda start, end, step: np.array([work(t % DAY_S) for t in np.arange(start, end, step)])


def a_setup(
    past: Callable[[float, float, float], FloatArray] = nothing,
    headroom: float | None = None,
    ceiling: int = 1_000,
) -> Setup:
    workload = Workload(
        name="chat",
        pool="h100",
        profile=Profile(places=PLACES),
        headroom=headroom,
        servers=Limits(ceiling=ceiling),
    )
    return Setup(workload=workload, past=past, servers_per_node=2)


def readings(running: float | None, waiting: float | None = 0.0, at: float = AT) -> dict[str, Reading]:
    return {RUNNING: Reading(running, at), WAITING: Reading(waiting, at)}


def a_fleet(ready: int, starting: int = 0) -> Fleet:
    return Fleet(desired=ready + starting, ready=ready, starting=(AT,) * starting)


def play(
    baseline: Baseline, loads: Iterable[tuple[float | None, float | None]], fleet: Fleet, spin_up: bool = True
) -> list[int]:
    """One (running, waiting) a tick; what is asked for is ready at the next, unless nothing ever spins up."""
    wanted = []
    for k, (running, waiting) in enumerate(loads):
        at = AT + 15.0 * k
        wanted.append(baseline.decide(at, readings(running, waiting, at), fleet))
        fleet = Fleet(desired=wanted[-1], ready=wanted[-1] if spin_up else min(fleet.ready, wanted[-1]))
    return wanted


@pytest.mark.parametrize(
    "running, waiting, fleet, wanted",
    [
        pytest.param(10 * TARGET * 1.09, 0, a_fleet(10), 10, id="HPA keeps still within its tolerance"),
        pytest.param(10 * TARGET * 1.2, 0, a_fleet(10), 12, id="HPA goes up in proportion"),
        pytest.param(10 * TARGET, 90, a_fleet(10), 13, id="HPA counts what waits as load"),
        pytest.param(3 * PLACES, 5_000, a_fleet(3), 7, id="HPA adds at most four pods to three"),
        pytest.param(10 * PLACES, 5_000, a_fleet(10), 20, id="HPA at most doubles ten pods"),
        pytest.param(
            10 * 60, 0, a_fleet(10, 4), 14, id="HPA counts starting pods as idle and orders nothing twice"
        ),
        pytest.param(
            10 * PLACES, 300, a_fleet(10, 4), 21, id="HPA goes past what is starting when that is too little"
        ),
        pytest.param(10 * 20, 0, a_fleet(10), 10, id="HPA does not go down at once"),
        pytest.param(None, 0, a_fleet(10), 10, id="HPA holds without its metric"),
        pytest.param(10 * 60, None, a_fleet(10), 10, id="HPA holds with half of its metric"),
        pytest.param(0, 100, a_fleet(0, 3), 3, id="HPA holds while no pod is ready"),
    ],
)
def test_hpa_decides_once(running: float | None, waiting: float | None, fleet: Fleet, wanted: int) -> None:
    assert Hpa(a_setup()).decide(AT, readings(running, waiting), fleet) == wanted


def test_hpa_goes_down_when_five_minutes_agree_and_to_the_highest_of_them() -> None:
    wanted = play(Hpa(a_setup()), [(200.0, 0.0)] * 10 + [(300.0, 0.0)] + [(200.0, 0.0)] * 30, a_fleet(10))
    assert wanted[:20] == [10] * 20
    assert wanted[20] == 7  # the 300 in flight of tick 10 still count
    assert wanted[30:] == [5] * 11


def test_keda_orders_everything_when_a_queue_of_500_stands() -> None:
    wanted = play(Keda(a_setup()), [(640.0, 500.0)] * 6, a_fleet(10), spin_up=False)
    assert wanted == [20, 40, 80, 100, 100, 100]


def test_keda_asks_every_30_seconds_only() -> None:
    wanted = play(Keda(a_setup()), [(64.0, 0.0), (640.0, 100.0), (640.0, 100.0)], a_fleet(10))
    assert wanted == [10, 10, 20]


def test_keda_sees_no_load_while_nothing_waits() -> None:
    assert play(Keda(a_setup()), [(640.0, 0.0)] * 25, a_fleet(10))[-1] == 0


def test_keda_takes_a_missing_queue_for_an_empty_one() -> None:
    wanted = play(Keda(a_setup()), [(640.0, None)] * 25, a_fleet(10))
    assert wanted[0] == 10
    assert wanted[-1] == 0


def test_keda_of_llmd_takes_the_larger_of_queue_and_running() -> None:
    assert play(KedaLlmd(a_setup()), [(320.0, 0.0)] * 25, a_fleet(10))[-1] == 20
    assert play(KedaLlmd(a_setup()), [(320.0, 30.0)] * 25, a_fleet(20))[-1] == 30


def test_keda_of_llmd_goes_up_only_when_five_minutes_agree() -> None:
    wanted = play(KedaLlmd(a_setup()), [(320.0, 0.0)] * 22, a_fleet(10))
    assert wanted[:20] == [10] * 20
    assert wanted[20] == 20


def calm(ticks: int = 6) -> list[tuple[float | None, float | None]]:
    return [(10 * TARGET, 0.0)] * ticks


def test_kpa_follows_the_mean_of_a_minute() -> None:
    wanted = play(Kpa(a_setup()), [*calm(), (12 * TARGET, 0.0), (12 * TARGET, 0.0)], a_fleet(10))
    assert wanted[6:] == [11, 11]


def test_kpa_panics_at_twice_what_ready_pods_are_to_carry() -> None:
    assert play(Kpa(a_setup()), [*calm(), (10 * PLACES, 500.0)], a_fleet(10))[-1] == 26


def test_kpa_does_not_scale_down_in_panic() -> None:
    wanted = play(Kpa(a_setup()), [*calm(), (10 * PLACES, 500.0), *calm(12)], a_fleet(10))
    assert wanted[6:11] == [26] * 5
    assert wanted[-1] == 10


def test_kpa_halves_at_most() -> None:
    wanted = play(Kpa(a_setup()), [*calm(), *[(None, None)] * 4, *[(1.0, 0.0)] * 3], a_fleet(10))
    assert wanted[-3:] == [5, 2, 1]


def test_kpa_decides_nothing_without_data() -> None:
    assert play(Kpa(a_setup()), [*calm(), (None, None), (None, None)], a_fleet(10))[-2:] == [10, 10]


@pytest.mark.parametrize(
    "use, fleet, wanted",
    [
        pytest.param(1.09, a_fleet(10), 10, id="APA keeps still within its tolerance"),
        pytest.param(1.30, a_fleet(10), 13, id="APA goes up in proportion"),
        pytest.param(5.00, a_fleet(10), 20, id="APA doubles at most"),
        pytest.param(1.30, a_fleet(10, 3), 13, id="APA counts pending pods as idle on the way up"),
        pytest.param(0.20, a_fleet(10), 10, id="APA does not go down at once"),
    ],
)
def test_apa_decides_once(use: float, fleet: Fleet, wanted: int) -> None:
    flight = use * TARGET * fleet.ready
    assert BASELINES["apa"](a_setup()).decide(AT, readings(flight), fleet) == wanted


def test_apa_judges_the_mean_of_three_minutes() -> None:
    wanted = play(
        BASELINES["apa"](a_setup()), [(448.0, 0.0)] * 12 + [(896.0, 0.0)] * 2, a_fleet(10), spin_up=False
    )
    assert wanted[12] == 10  # the mean is 8 % above
    assert wanted[13] == 12


def test_apa_halves_at_most_and_after_five_minutes() -> None:
    wanted = play(BASELINES["apa"](a_setup()), [(1.0, 0.0)] * 22, a_fleet(10))
    assert wanted[:20] == [10] * 20
    assert wanted[20] == 5


def test_phpa_asks_for_what_it_saw_coming_yesterday() -> None:
    # From 00:10 on every day needs ten times as much; at midnight the HPA alone sees nothing of it.
    past = daily(lambda second: 7.0 if 600.0 <= second < 43_200.0 else 0.7)
    load = readings(0.9 * TARGET)
    assert BASELINES["hpa"](a_setup(past)).decide(AT, load, a_fleet(1)) == 1
    assert BASELINES["phpa"](a_setup(past)).decide(AT, load, a_fleet(1)) >= 9


def test_phpa_is_an_hpa_without_a_past() -> None:
    assert BASELINES["phpa"](a_setup()).decide(AT, readings(12 * TARGET), a_fleet(10)) == 12


def test_phpa_remembers_no_more_than_it_may_have() -> None:
    past = daily(lambda second: 70.0 if 600.0 <= second < 43_200.0 else 0.7)
    assert BASELINES["phpa"](a_setup(past)).decide(AT, readings(0.9 * TARGET), a_fleet(1)) >= 90
    assert BASELINES["phpa"](a_setup(past, ceiling=20)).decide(AT, readings(0.9 * TARGET), a_fleet(1)) <= 20


def test_phpa_holds_without_its_metric() -> None:
    assert BASELINES["phpa"](a_setup()).decide(AT, readings(None), a_fleet(10)) == 10


def rated(arrivals: float | None, at: float) -> dict[str, Reading]:
    """Rates of usual requests, as the last complete minute."""
    step = at - at % 60.0
    if arrivals is None:
        return {ARRIVALS: Reading(None, step), WAITING: Reading(0.0, at)}
    return {
        WAITING: Reading(0.0, at),
        ARRIVALS: Reading(arrivals, step),
        PROMPT_TOKENS: Reading(1_200.0 * arrivals, step),
        OUTPUT_TOKENS: Reading(220.0 * arrivals, step),
    }


def test_planner_asks_for_the_load_it_forecasts_and_nothing_on_top() -> None:
    planner = BASELINES["planner"](a_setup(daily(lambda second: 6.3)))
    assert planner.decide(AT, rated(1.0, AT), a_fleet(10)) == 7


def test_planner_decides_every_three_minutes() -> None:
    planner = BASELINES["planner"](a_setup(daily(lambda second: 6.3)))
    usual = Profile(places=PLACES).usual_work
    wanted = [planner.decide(AT + t, rated(12.5 / usual, AT + t), a_fleet(10)) for t in range(0, 200, 15)]
    assert wanted[:12] == [7] * 12
    assert wanted[12:] == [13] * 2


def test_planner_takes_a_missing_rate_for_no_load() -> None:
    planner = BASELINES["planner"](a_setup(daily(lambda second: 6.3)))
    wanted = [planner.decide(AT + t, rated(None, AT + t), a_fleet(10)) for t in range(0, 200, 15)]
    assert wanted[-1] == 1


def test_planner_sees_the_requests_that_a_full_fleet_cannot_serve() -> None:
    """Token counters stand at what six servers do; the queue grows by what a seventh would have done."""
    planner = BASELINES["planner"](a_setup(daily(lambda second: 6.3)))
    usual = Profile(places=PLACES).usual_work
    for t in range(0, 200, 15):
        served = rated(6.0 / usual, AT + t)
        arrived = Reading(7.0 / usual, served[ARRIVALS].at)
        full = {**served, ARRIVALS: arrived, WAITING: Reading(t / usual, AT + t)}
        wanted = planner.decide(AT + t, full, a_fleet(6))
    assert wanted == 7


@pytest.mark.parametrize(
    "minutes, use, wanted",
    [
        pytest.param(3, 0.84, 10, id="AWS waits for the third minute above the target"),
        pytest.param(4, 0.84, 12, id="AWS goes out after three minutes above the target"),
        pytest.param(15, 0.35, 10, id="AWS waits for the fifteenth minute below"),
        pytest.param(16, 0.35, 5, id="AWS goes in after fifteen minutes below"),
        pytest.param(4, 2.00, 15, id="AWS sees no more than a full server, however much waits"),
        pytest.param(40, 0.65, 10, id="AWS does not go in within ten per cent of the target"),
    ],
)
def test_aws_tracks_its_target(minutes: int, use: float, wanted: int) -> None:
    aws = Aws(a_setup())
    instants = [AT + 15.0 * k for k in range(4 * minutes)]
    counts = [aws.decide(at, readings(use * PLACES * 10, at=at), a_fleet(10)) for at in instants]
    assert next((count for count in counts if count != 10), 10) == wanted


@pytest.mark.parametrize(
    "second, wanted",
    [
        pytest.param(8 * 3_600.0 + 3_270.0, 3, id="AWS leaves the next hour alone until five minutes before"),
        pytest.param(8 * 3_600.0 + 3_300.0, 10, id="AWS launches for the next hour five minutes early"),
        pytest.param(
            9 * 3_600.0 + 60.0, 10, id="AWS asks for the mean of the same hour of past days at the target"
        ),
        pytest.param(10 * 3_600.0 + 60.0, 3, id="AWS asks for nothing on account of an hour that is over"),
    ],
)
def test_aws_launches_for_the_hour(second: float, wanted: int) -> None:
    nine = daily(lambda s: 7.0 if 9 * 3_600.0 <= s < 10 * 3_600.0 else 1.4)
    at = AT + second
    assert Aws(a_setup(nine)).decide(at, readings(2 * TARGET, at=at), a_fleet(3)) == wanted


def test_aws_never_goes_in_below_the_hour() -> None:
    aws = Aws(a_setup(daily(lambda second: 7.0)))
    wanted = [aws.decide(AT + t, readings(1.0, at=AT + t), a_fleet(12)) for t in range(0, 1_200, 15)]
    assert min(wanted) == 10


def test_seasonal_asks_for_the_95_per_cent_quantile_when_new_servers_would_serve() -> None:
    past = daily(lambda second: 8.5 if 3_600.0 <= second < 7_200.0 else 2.5)
    wanted = [Seasonal(a_setup(past)).decide(AT + t, {}, a_fleet(4)) for t in (0.0, 3_000.0, 9_000.0)]
    assert wanted == [3, 9, 3]


def test_seasonal_keeps_what_is_there_when_it_has_no_past() -> None:
    assert Seasonal(a_setup()).decide(AT, readings(640.0, 5_000.0), a_fleet(4)) == 4


def test_static_is_the_peak_and_a_tenth_and_never_moves() -> None:
    static = Static(a_setup(daily(lambda second: 20.0 if second < 60.0 else 5.0)))
    assert [static.decide(AT + t, readings(None), a_fleet(3)) for t in (0.0, 600.0, DAY_S)] == [22, 22, 22]


@pytest.mark.parametrize(
    "running, waiting, wanted",
    [
        pytest.param(10 * PLACES, 0.0, 12, id="the reactive rule fills whole nodes"),
        pytest.param(9.5 * PLACES, 0.0, 10, id="the reactive rule keeps no more than its headroom"),
        pytest.param(10 * PLACES, 204.5, 12, id="the reactive rule repays a queue within 30 s"),
        pytest.param(10 * PLACES, 500.0, 14, id="the reactive rule orders for a long queue"),
        pytest.param(None, 500.0, 8, id="the reactive rule keeps what it has when it is blind"),
    ],
)
def test_reactive_decides_once(running: float | None, waiting: float, wanted: int) -> None:
    # A usual request is 0.148 s of a server: 204.5 of them in 30 s are one server.
    assert Reactive(a_setup(headroom=0.05)).decide(AT, readings(running, waiting), a_fleet(8)) == wanted


def test_reactive_counts_what_the_queue_gained_as_arrivals() -> None:
    work = Profile(places=PLACES).usual_work
    wanted = play(
        Reactive(a_setup(headroom=0.0)), [(8.0 * PLACES, 0.0), (8.0 * PLACES, 60.0 / work)], a_fleet(8)
    )
    assert wanted == [8, 14]  # 8 busy, 60/15 s = 4 more arriving, 60/30 s = 2 to repay


def test_reactive_keeps_for_five_minutes_what_it_needed() -> None:
    wanted = play(Reactive(a_setup()), [(640.0, 0.0)] + [(64.0, 0.0)] * 21, a_fleet(10))
    assert wanted[:20] == [12] * 20
    assert wanted[-1] == 2


def test_only_the_static_fleet_and_the_reactive_rule_order_nodes() -> None:
    assert {name for name, kind in BASELINES.items() if not kind.nodes_follow} == {"static", "reactive"}


def test_every_baseline_is_known_by_its_own_name() -> None:
    assert {name: kind.name for name, kind in BASELINES.items()} == {name: name for name in BASELINES}


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_survives_a_world_that_says_nothing(name: str) -> None:
    baseline = BASELINES[name](a_setup())
    wanted = [baseline.decide(AT + 15.0 * k, {}, a_fleet(2, 1)) for k in range(100)]
    assert set(wanted) <= set(range(4))
