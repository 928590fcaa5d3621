"""From text to policy, and every mistake in a line of its own."""

# ruff: noqa: E501 (a table is read along its rows)

from pathlib import Path

import pytest

from autoscaler.core.cluster import routers, servers
from autoscaler.settings import Settings, SettingsError, load, parse
from autoscaler.settings.build import forecasters
from autoscaler.settings.keys import DEFAULT_FORECASTER, REACTIVE, every_key

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = "workloads: {chat: {}}\npools: {h100: {max: 4}}\n"


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        parse(text, name="x.yaml")
    assert str(error.value) == "\n".join(error.value.lines)
    return error.value.lines


def workload(text: str, rest: str = "") -> str:
    return f"workloads:\n  chat: {{{text}}}\npools: {{h100: {{max: 4}}}}\n{rest}"


def pool(text: str) -> str:
    return f"workloads: {{chat: {{}}}}\npools:\n  h100: {{{text}}}\n"


def test_everything_but_names_and_the_size_of_the_pool_has_a_default() -> None:
    settings = parse(SMALL)
    chat, h100 = settings.policy.workloads["chat"], settings.policy.pools["h100"]
    assert (chat.pool, chat.servers.floor, chat.servers.ceiling, chat.routers) == ("h100", 1, 32, None)
    assert (h100.nodes.floor, h100.nodes.ceiling, h100.nodes.cooldown_down_s) == (1, 4, None)
    assert settings.schedules == {}
    assert settings.warnings == ()


def test_what_is_typed_is_what_the_policy_says() -> None:
    settings = load(CONFIGS / "examples" / "two-workloads.yaml")
    chat, batch = settings.policy.workloads["chat-70b"], settings.policy.workloads["summaries-8b"]
    assert (chat.objective.wait_s, chat.objective.share, chat.priority) == (10.0, 0.99, 10)
    assert (chat.profile.weights_gigabytes, chat.profile.read_gigabytes_per_second) == (140.0, 2.0)
    assert chat.profile.requests_per_router == 150.0
    assert chat.routers is not None
    assert chat.routers.ceiling == 20
    assert (batch.servers.floor, batch.profile.load.median, batch.profile.load.p90) == (0, 45.0, 70.0)
    assert settings.called[servers("chat-70b")] == "Deployment/llm/chat-70b"
    assert settings.called[routers("chat-70b")] == "Deployment/llm/chat-70b-router"
    (office,) = settings.schedules["chat-70b"]
    assert (office.start.text, office.start.timezone, office.servers) == (
        "0 8 * * mon-fri",
        "Europe/Berlin",
        6,
    )


def test_a_server_over_several_nodes_takes_them_whole() -> None:
    chat = load(CONFIGS / "examples" / "multi-node.yaml").policy.workloads["chat-405b"]
    assert (chat.profile.nodes_per_server, chat.profile.gpus_per_server) == (2, 16)


def test_policy_speaks_for_all_who_do_not_speak_for_themselves() -> None:
    settings = parse(
        """
workloads:
  a: {servers: {cooldown_down: auto}, objective: {share: 95%}, timezone: Europe/Paris}
  b: {routers: {stabilisation: 5m}}
pools: {h100: {max: 4, paused: true}}
policy: {cooldown_down: 30m, stabilisation: 1m, step_down: 2, objective: {wait: 5s}, headroom: 10%, repay: 1m}
"""
    )
    a, b, h100 = settings.policy.workloads["a"], settings.policy.workloads["b"], settings.policy.pools["h100"]
    assert (a.servers.cooldown_down_s, b.servers.cooldown_down_s, h100.nodes.cooldown_down_s) == (
        None,
        1800,
        1800,
    )
    assert b.routers is not None
    assert (a.servers.stabilisation_s, b.routers.stabilisation_s, h100.nodes.stabilisation_s) == (60, 300, 60)
    assert (a.objective.share, a.objective.wait_s, b.objective.wait_s) == (0.95, 10.0, 5.0)
    assert (a.headroom, a.repay_s, a.servers.step_down, h100.nodes.paused) == (0.1, 60.0, 2, True)


def test_where_only_the_median_is_stated_slow_starts_are_slower_in_proportion() -> None:
    settings = parse(workload("load: {median: 240s}"))
    assert settings.policy.workloads["chat"].profile.load.p90 == 340.0


def test_the_calendar_counts_a_lead_time_early() -> None:
    settings = load(CONFIGS / "examples" / "two-workloads.yaml")
    lead, opening = (
        settings.leads()["chat-70b"].slow,
        1_743_487_200.0,
    )  # Tuesday 1 April 2025, 08:00 in Berlin
    calendar = settings.calendar()
    assert calendar.least(opening - lead - 1) == {}
    assert calendar.least(opening - lead) == {"chat-70b": 6}


MISTAKES = [
    ("unknown key", workload("server: {min: 2}"), "x.yaml:2: workloads.chat.server: unknown key; did you mean 'servers'?"),
    ("unknown section", SMALL + "polcy: {}", "x.yaml:3: polcy: unknown key; did you mean 'policy'?"),
    ("a key in the wrong place", workload("gpus: 4"), "x.yaml:2: workloads.chat.gpus: unknown key here; it belongs at workloads.<name>.servers.gpus"),
    ("a key of a later mode", SMALL + "prometheus: {url: x}", "x.yaml:3: prometheus: unknown key; there are: policy, pools, workloads"),
    ("min above max", workload("servers: {min: 5, max: 3}"), "x.yaml:2: workloads.chat.servers.min: 5 is larger than max 3; make min ≤ max"),
    ("routers min above max", workload("routers: {min: 5, max: 3}"), "x.yaml:2: workloads.chat.routers.min: 5 is larger than max 3; make min ≤ max"),
    ("pool min above max", pool("min: 5, max: 3"), "x.yaml:3: pools.h100.min: 5 is larger than max 3; make min ≤ max"),
    ("no ceiling", pool("min: 1"), "x.yaml:3: pools.h100.max: is missing; say the most nodes that you would pay for"),
    ("zero lead time", pool("max: 4, node: {median: 0s}"), "x.yaml:3: pools.h100.node.median: 0s is out of bounds; it must be more than 0"),
    ("negative lead time", workload("load: {median: -5m}"), "x.yaml:2: workloads.chat.load.median: '-5m' is not a duration; say one like 30s, 10m or 1h30m"),
    ("slow starts faster than usual ones", workload("load: {median: 5m, p90: 4m}"), "x.yaml:2: workloads.chat.load.p90: 240s is shorter than the median 300s; make p90 ≥ median"),
    ("weights without a rate", workload("load: {weights: 140GB}"), "x.yaml:2: workloads.chat.load.weights: says nothing without read_rate; give both, or neither"),
    ("no unit", workload("objective: {wait: 10}"), "x.yaml:2: workloads.chat.objective.wait: 10 has no unit; say 10s, 10m or 10h"),
    ("wrong unit", workload("load: {weights: 140Gb, read_rate: 2GB/s}"), "x.yaml:2: workloads.chat.load.weights: 'Gb' in '140Gb' is not a unit of size; use MB, GB, TB, MiB, GiB, TiB"),
    ("share of one", workload("objective: {share: 100%}"), "x.yaml:2: workloads.chat.objective.share: 100% is out of bounds; it must be less than 1"),
    ("share of a hundred", workload("objective: {share: 99}"), "x.yaml:2: workloads.chat.objective.share: 99 is more than 1; say 99% or 0.99"),
    ("two objectives", workload("objective: {wait: 5s, utilisation: 70%}"), "x.yaml:2: workloads.chat.objective.utilisation: stands beside wait or share; state a wait with its share, or a utilisation"),
    ("no such pool", workload("servers: {pool: h10}"), "x.yaml:2: workloads.chat.servers.pool: no pool is called 'h10'; did you mean 'h100'?"),
    ("GPUs do not fit a node", workload("servers: {gpus: 16}"), "x.yaml:2: workloads.chat.servers.gpus: 16 do not fit a node of 8 GPUs; say nodes: 2, or fewer GPUs"),
    ("a group larger than the pool", workload("servers: {nodes: 5}"), "x.yaml:2: workloads.chat.servers.nodes: 5 for one server are more than max 4 of h100"),
    ("a floor the pool cannot hold", workload("servers: {min: 33}"), "x.yaml:2: workloads.chat.servers.min: 33 is more than the 32 that the pool can hold"),
    ("floors that one pool cannot hold together", "workloads:\n  a: {servers: {min: 20}}\n  b: {servers: {min: 20}}\npools:\n  h: {max: 4}\n", "x.yaml:5: pools.h.max: 4 cannot hold the min of its workloads, who need 5 nodes; raise max, or lower a min"),
    ("a budget below the floor", pool("max: 4, min: 2, price_per_hour: 30, budget_per_hour: 50"), "x.yaml:3: pools.h100.budget_per_hour: 50 does not pay for the 2 nodes of min; they cost 60"),
    ("a calendar floor above the ceiling", workload("servers: {max: 3}, floors: [{schedule: 0 8 * * *, until: 0 9 * * *, servers: 6}]"), "x.yaml:2: workloads.chat.floors[0].servers: 6 is more than max 3 of the servers, and the ceiling wins; make it ≤ 3"),
    ("not a schedule", workload("floors: [{schedule: 0 8 * *, until: 0 9 * * *, servers: 2}]"), "x.yaml:2: workloads.chat.floors[0].schedule: the schedule '0 8 * *' has 4 fields; cron has five: minute hour day month weekday"),
    ("not a time zone", workload("timezone: Europe/Berln"), "x.yaml:2: workloads.chat.timezone: 'Europe/Berln' is not a time zone; say one like Europe/Berlin or UTC"),
    ("not a whole number", workload("servers: {min: 1.5}"), "x.yaml:2: workloads.chat.servers.min: 1.5 is not a whole number; say one like 2"),
    ("a truth for a number", workload("servers: {min: no}"), "x.yaml:2: workloads.chat.servers.min: false is not a number; say one like 2"),
    ("not a truth", workload("servers: {paused: maybe}"), "x.yaml:2: workloads.chat.servers.paused: 'maybe' is neither true nor false"),
    ("a value where keys are wanted", workload("load: 5m"), "x.yaml:2: workloads.chat.load: '5m' stands where keys are wanted (median, p90, weights, read_rate, …)"),
    ("a value where a list is wanted", workload("floors: 6"), "x.yaml:2: workloads.chat.floors: 6 is not a list; begin each item with '-'"),
    ("no value", workload("servers: {min: }"), "x.yaml:2: workloads.chat.servers.min: has no value; give one, or leave the key out"),
    ("nothing to scale", "workloads: {}\npools: {h100: {max: 4}}", "x.yaml:1: workloads: is empty; name at least one"),
    ("a key twice", "workloads: {a: {}, a: {}}", "x.yaml:1: workloads.a is given twice; keep one"),
    ("not YAML", "workloads: [1\npools: 2", "x.yaml:2: not YAML: expected ',' or ']', but got ':'"),
    ("not keys", "- a", "x.yaml:1: a configuration is keys with values, like 'workloads:'"),
]  # fmt: skip


@pytest.mark.parametrize("text, line", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_one_line_with_file_line_key_and_what_would_be_right(text: str, line: str) -> None:
    assert refused(text) == (line,)


def test_an_unknown_forecaster_is_refused_with_the_ones_there_are() -> None:
    (line,) = refused(SMALL + "policy: {forecaster: crystal-ball}")
    assert line.startswith("x.yaml:3: policy.forecaster: 'crystal-ball' is not a forecaster; there are: ")
    assert "none" in line


def test_the_forecasters_that_are_not_looked_up_are_there() -> None:
    assert {DEFAULT_FORECASTER, REACTIVE, "memories"} <= set(forecasters())
    assert parse(SMALL + "policy: {forecaster: memories}").forecaster == "memories"
    assert parse(SMALL).forecaster == DEFAULT_FORECASTER


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    lines = refused("workloads:\n  chat:\n    priority: high\n    timezone: Moon\npools:\n  h: {min: x}\n")
    assert [line.split(":")[1] for line in lines] == ["3", "4", "6", "6"]


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nope.yaml: no such file or directory; name a YAML file"):
        load(tmp_path / "nope.yaml")


def test_without_a_pool_named_the_only_one_is_meant_and_with_two_it_must_be_said() -> None:
    (line,) = refused("workloads:\n  chat: {}\npools: {a: {max: 1}, b: {max: 1}}")
    assert line == "x.yaml:2: workloads.chat.servers.pool: is missing; say which of a, b"


WARNINGS = [
    ("an idle pool", "workloads: {a: {servers: {pool: h}}}\npools: {h: {max: 4}, k: {max: 1}}", "no workload uses it"),
    ("ceilings that do not fit together", "workloads: {a: {}, b: {}}\npools: {h: {max: 4}}", "cannot hold all ceilings at once, they need 8 nodes"),
    ("calendar floors that do not fit together", "workloads: {a: {floors: [{schedule: 0 8 * * *, until: 0 9 * * *, servers: 30}]}, b: {servers: {min: 8}}}\npools: {h: {max: 4}}", "cannot hold all floors at once, they may need 5 nodes"),
    ("floors above the budget", "workloads: {a: {servers: {min: 9}}}\npools: {h: {max: 4, price_per_hour: 30, budget_per_hour: 40}}", "a floor beats the budget of 40"),
]  # fmt: skip


@pytest.mark.parametrize("text, message", [w[1:] for w in WARNINGS], ids=[w[0] for w in WARNINGS])
def test_what_can_be_used_but_hardly_is_meant_is_a_warning(text: str, message: str) -> None:
    assert any(message in warning for warning in parse(text).warnings)


def test_the_environment_goes_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_POOLS__H100__MAX", "6")
    monkeypatch.setenv("HEADWAY_POLICY__COOLDOWN_DOWN", "45m")
    monkeypatch.setenv("HEADWAY_POLICY__PAUSED", "true")
    monkeypatch.setenv("HEADWAY_WORKLOADS__CHAT_70B__SERVERS__MIN", "3")
    monkeypatch.setenv("HEADWAY_TRACES", "/somewhere/else")
    policy = parse("workloads: {chat-70b: {servers: {max: 9}}}\npools: {h100: {max: 4}}").policy
    chat = policy.workloads["chat-70b"].servers
    assert list(policy.workloads) == ["chat-70b"]
    assert (chat.floor, chat.ceiling, chat.cooldown_down_s, chat.paused) == (3, 9, 2700.0, True)
    assert policy.pools["h100"].nodes.ceiling == 6


def test_a_mistake_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_POOLS__H100__MAX", "many")
    assert refused(SMALL) == (
        "HEADWAY_POOLS__H100__MAX: pools.h100.max: 'many' is not a whole number; say one like 2",
    )


def test_a_misspelt_variable_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_POOL__H100__MAX", "6")
    assert refused(SMALL) == (
        "x.yaml: the variable HEADWAY_POOL__H100__MAX names no key 'pool'; did you mean 'pools'?",
    )


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_file_is_usable_and_states_its_cooldown(path: Path) -> None:
    settings: Settings = load(path)
    assert settings.warnings == ()
    assert all(w.servers.cooldown_down_s for w in settings.policy.workloads.values())


def test_every_key_is_documented() -> None:
    text = (CONFIGS / "README.md").read_text()
    missing = [path for path in every_key() if f"`{path.rpartition('.')[2]}`" not in text and path.count(".")]
    assert missing == []
