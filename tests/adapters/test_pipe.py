"""Lines from another world: what they say, and what follows from it."""

# ruff: noqa: E501 (a table is read along its rows)

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.pipe import History, Names, PipeError, PipeWorld, Tick, read_line
from autoscaler.adapters.pipe.lines import Count
from autoscaler.adapters.pipe.past import PastWork, offered
from autoscaler.adapters.pipe.starts import Starts
from autoscaler.core.cluster import Target, nodes, routers, servers
from autoscaler.core.decision import Decision, Scale
from autoscaler.core.observation import ROUTER_REQUESTS
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.ports import Unavailable

PROFILE = Profile(gpus_per_server=4)
POLICY = Policy(
    workloads={
        "chat": Workload(name="chat", pool="h100", profile=PROFILE, routers=Limits()),
        "both": Workload(name="both", pool="h100", profile=PROFILE),
    },
    pools={"h100": Pool(name="h100"), "both": Pool(name="both")},
)
NAMES = Names(POLICY)
CHAT, H100 = servers("chat"), nodes("h100")


def read(plain: Mapping[str, Any]) -> Tick | History:
    return read_line(json.dumps(plain), 7, NAMES)


def tick(plain: Mapping[str, Any]) -> Tick:
    line = read(plain)
    assert isinstance(line, Tick)
    return line


def test_a_tick_says_what_was_measured_and_what_was_not() -> None:
    line = tick(
        {
            "at": "2026-03-02T08:00:00+01:00",
            "workloads": {"chat": {"waiting": 3, "kv_use": None}, "both": None},
            "targets": {"chat": {"desired": 3, "ready": 1}, "h100": None, "chat/routers": {"ready": 2}},
        }
    )
    assert line.at == 1_772_434_800.0
    assert line.workloads == {"chat": {"waiting": 3.0, "kv_use": None}}
    assert line.targets == {CHAT: Count(3, 1, 2)}
    assert line.called == {CHAT: "chat", H100: "h100", routers("chat"): "chat/routers"}


def test_a_name_that_a_workload_and_a_pool_share_must_be_said_in_full() -> None:
    count = {"desired": 1, "ready": 1}
    assert tick({"at": 0, "targets": {"both/servers": count}}).targets == {servers("both"): Count(1, 1, 0)}
    assert tick({"at": 0, "targets": {"both/nodes": count}}).targets == {nodes("both"): Count(1, 1, 0)}
    with pytest.raises(PipeError, match="no target is called 'both'"):
        tick({"at": 0, "targets": {"both": count}})


REFUSED = [
    ("half a line", '{"at": 1', "not JSON"),
    ("not an object", "[1]", "want an object with names and values"),
    ("no instant", "{}", "at: None is not a time; say seconds or ISO 8601"),
    ("an instant without offset", '{"at": "2026-03-02T08:00"}', "has no offset; say 2026-03-02T08:00Z"),
    ("NaN", '{"at": NaN}', "NaN is not JSON; say null where nobody measured"),
    ("a truth for an instant", '{"at": true}', "at: True is not a time"),
    ("an unknown word", '{"at": 1, "workload": {}}', "a tick: unknown name 'workload'; did you mean 'workloads'"),
    ("an unknown workload", '{"at": 1, "workloads": {"chatt": {}}}', "no workload is called 'chatt'; did you mean 'chat'"),
    ("an unknown signal", '{"at": 1, "workloads": {"chat": {"wait": 1}}}', "workloads.chat: unknown name 'wait'; did you mean 'waiting'"),
    ("a negative count", '{"at": 1, "workloads": {"chat": {"waiting": -1}}}', "workloads.chat.waiting: -1 is not a count or rate"),
    ("text for a number", '{"at": 1, "workloads": {"chat": {"waiting": "1"}}}', "workloads.chat.waiting: '1' is not a number"),
    ("a share above 1", '{"at": 1, "workloads": {"chat": {"kv_use": 80}}}', "80 is more than 1; a share goes from 0 to 1"),
    ("half a server", '{"at": 1, "targets": {"chat": {"desired": 1.5}}}', "targets.chat.desired: 1.5 is not a whole number"),
    ("a slip of the keyboard", '{"at": 1, "targets": {"chat": {"desired": 1e9}}}', "is more than anybody has"),
    ("a target twice", '{"at": 1, "targets": {"chat": null, "chat/servers": null}}', "the same target as 'chat'"),
    ("an unknown target", '{"at": 1, "targets": {"both/routers": null}}', "no target is called 'both/routers'"),
    ("history without a step", '{"history": {"at": 1}}', "history.step: is missing or 0"),
    ("history beside a tick", '{"history": {"at": 1, "step": 60}, "at": 1}', "a line of history: unknown name 'at'"),
]  # fmt: skip


@pytest.mark.parametrize("text, message", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_malformed_line_is_refused_with_its_number_in_one_line(text: str, message: str) -> None:
    with pytest.raises(PipeError) as refused:
        read_line(text, 7, NAMES)
    assert str(refused.value).startswith("line 7: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_time_goes_on_and_the_past_comes_first() -> None:
    world = PipeWorld(POLICY)
    with pytest.raises(Unavailable):
        world.observe(0.0)
    world.hear(read({"history": {"at": 0, "step": 60}}))
    world.hear(read({"at": 15}))
    with pytest.raises(PipeError, match="15 is not later than the tick before, 15"):
        world.hear(read({"at": 15}))
    with pytest.raises(PipeError, match="history comes before the first tick"):
        world.hear(read({"history": {"at": 0, "step": 60}}))


def test_what_arrives_passes_the_routers_unless_they_are_measured() -> None:
    world = PipeWorld(POLICY)
    world.hear(read({"at": 0, "workloads": {"chat": {"arrivals_per_second": 9}}}))
    assert world.observe(0.0).workloads["chat"][ROUTER_REQUESTS].value == 9.0
    world.hear(read({"at": 1, "workloads": {"chat": {"arrivals_per_second": 9, ROUTER_REQUESTS: None}}}))
    assert world.observe(1.0).workloads["chat"][ROUTER_REQUESTS].value is None


# --- how long starts take ---------------------------------------------------------------------------------


def stages(
    history: list[tuple[float, Mapping[Target, Count]]], asks: list[tuple[Target, int, float]]
) -> list[Any]:
    starts, seen = Starts(POLICY), []
    asked = sorted(asks, key=lambda ask: ask[2])
    for at, counts in history:
        while asked and asked[0][2] < at:
            starts.asked(*asked.pop(0))
        seen += [(s.target, s.stage, s.seconds) for s in starts.follow(counts, at)[1]]
    return seen


def test_who_asked_first_is_ready_first() -> None:
    history = [
        (t, {H100: Count(3, ready, 3 - ready)}) for t, ready in ((0, 1), (15, 1), (30, 1), (240, 2), (300, 3))
    ]
    history[0] = (0, {H100: Count(1, 1, 0)})
    assert stages(history, [(H100, 1, 0.0), (H100, 1, 15.0)]) == [
        (H100, "node", 240.0),
        (H100, "node", 285.0),
    ]


def test_a_server_loads_from_the_moment_its_node_is_there() -> None:
    def counts(machines: int, ready: int, starting: int) -> Mapping[Target, Count]:
        return {H100: Count(2, machines, 2 - machines), CHAT: Count(ready + starting, ready, starting)}

    history = [(0, counts(1, 2, 0)), (15, counts(1, 2, 1)), (240, counts(2, 2, 1)), (360, counts(2, 3, 0))]
    found = stages(history, [(H100, 1, 0.0), (CHAT, 1, 0.0)])
    assert found == [(H100, "node", 240.0), (CHAT, "load", 120.0)]


def test_a_server_with_room_loads_from_the_moment_it_was_asked_for() -> None:
    def counts(ready: int, starting: int) -> Mapping[Target, Count]:
        return {H100: Count(2, 2, 0), CHAT: Count(ready + starting, ready, starting)}

    assert stages([(0, counts(2, 0)), (15, counts(2, 1)), (120, counts(3, 0))], [(CHAT, 1, 0.0)]) == [
        (CHAT, "load", 120.0)
    ]


def test_an_order_that_was_not_followed_or_taken_back_teaches_nothing() -> None:
    history: list[tuple[float, Mapping[Target, Count]]] = [
        (0, {H100: Count(1, 1, 0)}),
        (15, {H100: Count(1, 1, 0)}),
        (30, {H100: Count(3, 1, 2)}),
        (45, {H100: Count(1, 1, 0)}),
    ]
    assert stages(history, [(H100, 2, 0.0)]) == []


def test_starts_of_others_are_timed_from_when_they_were_first_seen() -> None:
    history: list[tuple[float, Mapping[Target, Count]]] = [
        (0, {H100: Count(2, 1, 1)}),
        (200, {H100: Count(2, 2, 0)}),
    ]
    assert stages(history, []) == [(H100, "node", 200.0)]


def test_the_world_passes_on_what_was_asked_and_when() -> None:
    world = PipeWorld(POLICY)
    world.hear(read({"at": 0, "targets": {"h100": {"desired": 1, "ready": 1}}}))
    world.state(0.0)
    world.apply(Decision(at=0.0, scope="all", generation=1, verdicts=(Scale(H100, 1, 2, ()),)))
    world.hear(read({"at": 15, "targets": {"h100": {"desired": 2, "ready": 1}}}))
    assert world.state(15.0).fleets[H100].starting == (0.0,)


# --- the past ---------------------------------------------------------------------------------------------


def test_history_is_work_offered_on_the_grid_that_is_asked_for() -> None:
    past = PastWork(POLICY)
    steps = [
        {"arrivals_per_second": 10.0},
        {"arrivals_per_second": 30.0},
        None,
        None,
        {"arrivals_per_second": 20.0},
    ]
    line = read({"history": {"at": 150, "step": 30, "workloads": {"chat": steps}}})
    assert isinstance(line, History)
    past.add(line)
    panel = past.panels(-1e9, 120.0, 60.0)["chat"]
    assert (panel.start, panel.step) == (0.0, 60.0)
    np.testing.assert_allclose(panel.values, [[20 * PROFILE.usual_work, np.nan]])


def test_a_line_for_each_step_says_the_same_as_a_list() -> None:
    alone, listed = PastWork(POLICY), PastWork(POLICY)
    rates = [4.0, 7.0, 5.0, 6.0]
    for k, rate in enumerate(rates):
        alone.add(
            _history({"at": 60 * (k + 1), "step": 60, "workloads": {"chat": {"arrivals_per_second": rate}}})
        )
    steps = [{"arrivals_per_second": rate} for rate in rates]
    listed.add(_history({"at": 240, "step": 60, "workloads": {"chat": steps}}))
    for step in (30.0, 60.0, 120.0):
        np.testing.assert_allclose(
            alone.panels(0, 240, step)["chat"].values, listed.panels(0, 240, step)["chat"].values
        )


def _history(plain: Mapping[str, Any]) -> History:
    line = read({"history": plain})
    assert isinstance(line, History)
    return line


def test_a_step_of_which_half_was_not_measured_is_a_gap() -> None:
    past = PastWork(POLICY)
    past.add(_history({"at": 60, "step": 60, "workloads": {"chat": {"arrivals_per_second": 10}}}))
    past.add(_history({"at": 320, "step": 20, "workloads": {"chat": {"arrivals_per_second": 10}}}))
    values = past.panels(0, 360, 60)["chat"].values[0]
    assert np.isnan(values[1:]).all()
    assert values[0] == pytest.approx(10 * PROFILE.usual_work)


OFFERED = [
    ("nothing", {}, None),
    ("arrivals alone are usual requests", {"arrivals_per_second": 10.0}, 10 * PROFILE.usual_work),
    ("tokens alone are what was served", {"prompt_tokens_per_second": 12_000.0, "output_tokens_per_second": 2_200.0}, 10 * PROFILE.usual_work),
    ("both tell the size of a request", {"arrivals_per_second": 10.0, "prompt_tokens_per_second": 24_000.0, "output_tokens_per_second": 4_400.0}, 20 * PROFILE.usual_work),
    ("one kind of tokens tells nothing", {"prompt_tokens_per_second": 12_000.0}, None),
    ("a zero is a zero", {"arrivals_per_second": 0.0}, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("signals, expected", [o[1:] for o in OFFERED], ids=[o[0] for o in OFFERED])
def test_work_is_told_from_what_is_there(signals: Mapping[str, float], expected: float | None) -> None:
    (work,) = offered([signals], 60.0, PROFILE)
    assert work == (None if expected is None else pytest.approx(expected, rel=0.05))


def test_what_the_queue_gained_was_asked_though_not_served() -> None:
    tokens = {"prompt_tokens_per_second": 12_000.0, "output_tokens_per_second": 2_200.0}
    steps = [
        {**tokens, "arrivals_per_second": 10.0, "waiting": 0.0},
        {**tokens, "arrivals_per_second": 20.0, "waiting": 600.0},
    ]
    before, after = offered(steps, 60.0, PROFILE)
    assert before is not None
    assert after == pytest.approx(2 * before)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["at", "step", "history", "workloads", "targets", "chat", "waiting", "desired", "ready", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING | st.dictionaries(st.sampled_from(["at", "workloads", "targets", "history"]), ANYTHING))
def test_any_line_is_read_or_refused_in_one_line(plain: Any) -> None:
    said = ""
    try:
        read_line(json.dumps(plain), 7, NAMES)
    except PipeError as refused:
        said = str(refused)
    assert len(said.splitlines()) <= 1
