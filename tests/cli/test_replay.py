"""`headway replay`: the object it prints, the table, the claims, and how it refuses."""

import json
import re

import pytest

from autoscaler.cli.claims import FIELDS, broken, parse_claim
from autoscaler.cli.compare import chosen, unrouted
from autoscaler.cli.errors import BadInput, worded
from autoscaler.cli.stage import make_stage
from autoscaler.cli.tables import best, ranked, verdict
from tests.cli.running import run, trace, write_trace

__all__ = ["trace"]
FIGURES = {
    "attainment", "gpu_hours", "of_optimum", "p50_wait_s", "p95_wait_s", "p99_wait_s", "scale_ups",
    "scale_downs", "reversals_per_day", "cost",
}  # fmt: skip


def figures(attainment: float, cost: float, **more: float) -> dict:
    return {
        "attainment": attainment,
        "gpu_hours": 8 * cost,
        "of_optimum": cost / 100,
        "cost": cost,
        **more,
    }


def test_json_is_one_object_and_nothing_else(trace, capsys):
    run("replay", trace, "--score", "0.1", "--against", "hpa,reactive", "--json")
    said = capsys.readouterr()
    shown = json.loads(said.out)
    assert said.err == ""
    assert set(shown) == {"trace", "setting", "optimum", "policies"}
    assert shown["trace"] == "chat"
    assert set(shown["optimum"]) == {"gpu_hours", "attainment", "kind"}
    assert list(shown["policies"]) == ["headway", "hpa", "reactive"]
    for one in shown["policies"].values():
        assert set(one) >= FIGURES
        assert "workloads" not in one
    assert {"0.9", "0.97", "0.99"} <= set(shown["policies"]["headway"]["forecast"]["coverage"])
    assert shown["setting"]["scored_days"] == pytest.approx(0.1, abs=0.001)
    assert shown["setting"]["seed"] == 1


def test_several_traces_are_several_workloads(tmp_path, capsys):
    one, two = write_trace(tmp_path / "one.csv"), write_trace(tmp_path / "two.csv", level=300.0)
    run("replay", one, two, "--score", "0.05", "--against", "none", "--json")
    shown = json.loads(capsys.readouterr().out)
    ours = shown["policies"]["headway"]
    assert shown["trace"] == "one, two"
    assert set(ours["workloads"]) == {"one", "two"}
    assert set(ours["workloads"]["one"]) >= FIGURES - {"of_optimum"}
    assert set(ours["pools"]["gpu"]) == {"gpu_hours", "node_minutes_unused"}


def test_the_table_says_setting_optimum_and_verdict(trace, tmp_path, capsys):
    html, journal = tmp_path / "report.html", tmp_path / "journal.jsonl.gz"
    run("replay", trace, "--score", "0.05", "--html", html, "--journal", journal)
    said = capsys.readouterr().out
    for text in (
        "chat: 99 % of requests",
        "1–24 nodes of 8 GPUs",
        "seed: 1",
        "÷ optimum",
        "HPA v2",
        "Headway",
    ):
        assert text in said
    assert "The least that anyone who knows the future could spend: " in said
    assert re.search(r"Headway served [\d.]+ % within 10 s for [\d.]+x the optimum", said)
    assert html.read_text().startswith("<!doctype html>")
    assert journal.stat().st_size > 1000


def test_gaps_in_what_is_scored_are_said(trace, capsys):
    lines = trace.read_text().splitlines()
    lines[-30:-10] = [line.split(",")[0] + "," for line in lines[-30:-10]]
    trace.write_text("\n".join(lines) + "\n")
    run("replay", trace, "--score", "0.05", "--against", "none")
    assert re.search(r"^chat: .*; 27\.8 % of what is scored is gaps", capsys.readouterr().out, re.MULTILINE)


def test_the_same_seed_gives_the_same_object(trace, capsys):
    outs = []
    for _ in range(2):
        run("replay", trace, "--score", "0.05", "--against", "none", "--json", "--seed", "3")
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1]


def test_a_journal_is_a_trace(trace, tmp_path, capsys):
    journal = tmp_path / "journal.jsonl"
    run("replay", trace, "--score", "0.05", "--against", "none", "--journal", journal)
    capsys.readouterr()
    run("replay", journal, "--score", "all", "--against", "none", "--json")
    assert json.loads(capsys.readouterr().out)["policies"]["headway"]["attainment"] > 50


def test_what_prometheus_would_show_can_be_shown(trace, capsys):
    run(
        "replay", trace, "--score", "0.05", "--against", "none", "--json",
        "--scrape", "30s", "--window", "2m", "--packing", "replicaset",
    )  # fmt: skip
    world = json.loads(capsys.readouterr().out)["setting"]["world"]
    assert (world["scrape_s"], world["window_s"], world["packing"]) == (30.0, 120.0, "replicaset")


def test_a_name_is_found_in_the_folder_of_traces(tmp_path, monkeypatch, capsys):
    write_trace(tmp_path / "mine.60s.csv")
    monkeypatch.setenv("HEADWAY_TRACES", str(tmp_path))
    run("replay", "mine", "--score", "0.05", "--against", "none", "--json")
    assert json.loads(capsys.readouterr().out)["policies"]["headway"]


def test_a_claim_that_holds_is_silent_and_one_that_fails_says_by_how_much(trace, capsys):
    args = ("replay", trace, "--score", "0.05", "--against", "none", "--json")
    run(*args, "--assert", "attainment>=0", "--assert", "forecast.coverage.0.97>=0")
    assert capsys.readouterr().err == ""
    run(*args, "--assert", "gpu_hours<=1", rc=1)
    said = capsys.readouterr()
    assert re.fullmatch(r"gpu_hours [\d.]+ is [\d.]+ over 1\n", said.err)
    assert json.loads(said.out)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--against", "hpa,mpc"], "no policy is called mpc; there are static, hpa"),
        (["--assert", "attainment"], "say a field, one of >= <= == > <, and a number"),
        (["--assert", "atainment>=99"], "no field is called atainment; there are attainment"),
        (["--assert", "kpa.attainment>=99"], "kpa is not among the policies of this run"),
        (["--score", "often"], "--score often: say auto, all or a number of days above 0"),
        (["--score", "1.5"], "days of history before the scored part"),
        (["--scrape", "30"], "30 has no unit"),
        (["--scrape", "60s", "--window", "60s"], "holds fewer than two scrapes"),
        (["--forecaster", "oracle"], "no forecaster is called oracle; there are"),
        (["--html", "nowhere/report.html"], "there is no folder nowhere; create it first"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--htm", "x"], "headway replay: no such option: --htm (Possible options: --html); headway "),
        (["--seed", "x"], "headway replay: invalid value for '--seed': "),
        (["--packing", "loose"], "'loose' is not one of 'perfect', 'replicaset'; headway replay -h shows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_is_one_line(trace, capsys, arguments, said):
    run("replay", trace, *arguments, rc=2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize(
    "name, said",
    [
        (
            "nosuch.csv",
            "nosuch.csv: no such file, and HEADWAY_TRACES names no folder of traces; give a CSV file",
        ),
        ("broken.csv", "broken.csv:2: requests is '-3'; expected a number from 0 up"),
        (".", ".: a folder; name a file in it, or set HEADWAY_TRACES=. and give its name"),
    ],
)
def test_a_trace_that_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, name, said):
    monkeypatch.delenv("HEADWAY_TRACES", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.csv").write_text("timestamp,requests\n0,-3\n60,1\n")
    run("replay", name, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)


def test_a_trace_that_ends_in_gaps_alone_is_refused_in_a_line(tmp_path, capsys):
    path = write_trace(tmp_path / "chat.csv", days=2)
    rows = path.read_text().splitlines()
    path.write_text("\n".join(rows[:1440] + [row.split(",")[0] + "," for row in rows[1440:]]) + "\n")
    run("replay", path, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("chat: nobody looked at any time that is scored")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["replay"], "headway replay: missing argument 'TRACE'; headway replay -h shows what there is"),
        (["repaly"], "headway: no such command 'repaly'"),
        (["--nope"], "headway: no such option: --nope"),
    ],
    ids=["nothing to replay", "no such command", "no such option"],
)
def test_a_command_that_is_not_understood_is_one_line(capsys, arguments, said):
    run(*arguments, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)


def test_headway_alone_shows_its_help(capsys):
    run(rc=2)
    assert "Commands:" in capsys.readouterr().err


def test_the_same_workload_twice_is_a_mistake(trace, capsys):
    run("replay", trace, trace, rc=2)
    assert "a workload called chat was given before" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, value, said",
    [
        ("attainment>=99", 98.7, "attainment 98.7 is 0.3 short of 99"),
        ("attainment>99", 99.0, "attainment 99 is not > 99"),
        ("of_optimum<=1.2", 1.31, "of_optimum 1.31 is 0.11 over 1.2"),
        ("scale_ups==4", 5, "scale_ups 5 is off 4 by 1"),
        ("hpa.cost<200", 250.0, "hpa.cost 250 is 50 over 200"),
        ("of_optimum<=1.2", None, "of_optimum is not known in this run, and was to be <= 1.2"),
        ("attainment>=99", 99.0, None),
        ("forecast.coverage.0.97>=0.96", 0.97, None),
    ],
)
def test_claims(text, value, said):
    claim = parse_claim(text, ["headway", "hpa"])
    field = claim.field.split(".", 1)
    nested = {"forecast": {"coverage": {"0.97": value}}} if field[0] == "forecast" else {claim.field: value}
    assert broken(claim, {claim.policy: nested}) == said


def test_every_field_of_a_scorecard_can_be_claimed(trace, capsys):
    run("replay", trace, "--score", "0.05", "--against", "none", "--json")
    shown = json.loads(capsys.readouterr().out)["policies"]["headway"]
    assert set(FIELDS) == {name for name, value in shown.items() if not isinstance(value, dict)}


def test_who_does_not_scale_routers_is_not_throttled_by_them():
    setting = make_stage(1).setting
    (workload,) = unrouted(setting).policy.workloads.values()
    assert setting.policy.workloads["chat"].routers is not None
    assert workload.routers is None
    assert unrouted(setting).policy.users("gpu") == (workload,)


def test_against_is_names_all_or_none():
    assert chosen("none") == ["headway"]
    assert chosen("hpa, keda,hpa") == ["headway", "hpa", "keda"]
    assert chosen("all")[0] == "headway"
    assert len(chosen("all")) == 14


@pytest.mark.parametrize("against", ["", ",", "hpa,all", "none,hpa", "hbase"])
def test_an_against_that_names_nobody_is_refused(against):
    with pytest.raises(BadInput, match="--against"):
        chosen(against)


def test_policies_are_ranked_by_cost_among_those_that_meet_the_objective():
    policies = {
        "hpa": figures(99.8, 153),
        "headway": figures(99.3, 113),
        "planner": figures(43.9, 106),
        "keda": figures(52.0, 267),
        "oracle": figures(99.9, 104),
    }
    assert ranked(policies, 99.0) == ["oracle", "headway", "hpa", "keda", "planner"]
    assert best(policies, 99.0) == "headway"
    assert verdict(policies, 99.0, 10.0) == (
        "Headway served 99.30 % within 10 s for 1.13x the optimum; HPA v2 took 1.53x the optimum for 99.80 %."
    )


def test_the_verdict_says_when_headway_falls_short():
    policies = {"headway": figures(98.7, 113), "reactive": figures(98.0, 118)}
    said = verdict(policies, 99.0, 10.0)
    assert "0.30 points short of the objective of 99 %" in said
    assert said.endswith("no other policy reached 99 %.")


@pytest.mark.parametrize(
    "error, said",
    [
        (FileExistsError(17, "File exists", "a"), "a: file exists"),
        (OSError(28, "No space left on device"), "output: no space left on device"),
        (OSError(5, "Input/output error"), None),
    ],
)
def test_a_full_disk_is_told_in_a_line(error, said):
    assert worded(error) == said


def test_policies_at_once_give_the_same_figures(trace, tmp_path, capsys):
    asked = ("replay", trace, "--score", "0.05", "--against", "hpa", "--json")
    run(*asked)
    one_by_one = capsys.readouterr().out
    run(*asked, "--backend", "loky", "--journal", tmp_path / "seen.jsonl")
    assert capsys.readouterr().out == one_by_one
    assert (tmp_path / "seen.jsonl").is_file()


def test_a_scheduler_needs_its_backend(trace, capsys):
    run("replay", trace, "--scheduler", "tcp://there:8786", rc=2)
    assert capsys.readouterr().err == (
        "--scheduler tcp://there:8786: say --backend dask or --backend ray with it\n"
    )
