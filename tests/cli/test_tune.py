"""`headway tune`: the settings that are chosen from a past, and the frontier that they are chosen from."""

import json
import re

import pytest

from autoscaler.cli.tune import Tuned, asked
from autoscaler.cli.tuned import _object, sentences, worth
from autoscaler.core.chosen import Chosen
from autoscaler.core.policy import Limits, Objective, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.choice import MARGINS, Candidate, Point, come_to, pick
from autoscaler.replay.tune import HEADROOMS, HOLDS_S, PRICES, Frontier
from tests.cli.running import run, trace, write_trace

__all__ = ["trace"]

CONFIG = """
workloads:
  chat: {servers: {pool: gpu, max: 40, gpus: 4}, headroom: 10%, capacity: {prompt_tokens_per_second: 4000}}
pools: {gpu: {max: 20}}
policy: {cooldown_down: 30m}
"""


def some_workload(**changes) -> Workload:
    return Workload(name="chat", pool="gpu", profile=Profile(), **changes)


def some_points(forecast: float = 0.0, rule: float = 0.0) -> list[Point]:
    """Twice the price misses half as much and costs 2 % more, a hold too for 5 %; dearer by what is given."""
    points = []
    for k, hold in enumerate(HOLDS_S):
        for n, price in enumerate(PRICES):
            points.append(
                Point(
                    Candidate(price, hold, 0.15), 0.1 * 0.5 ** (n + k), 1.1 + forecast + 0.02 * n + 0.05 * k
                )
            )
        for n, share in enumerate(HEADROOMS):
            points.append(
                Point(Candidate(None, hold, share), 0.1 * 0.5 ** (n + k), 1.2 + rule + 0.02 * n + 0.05 * k)
            )
    return points


def a_tuned(points: list[Point], **changes) -> Tuned:
    workload = some_workload(**changes)
    chosen = pick(points, workload, 5.0)
    return Tuned(workload, Frontier(tuple(points), 5.0, chosen), chosen)


def test_the_table_says_what_was_chosen_and_from_what(trace, capsys):
    run("tune", trace)
    said = capsys.readouterr().out
    for text in (
        "For 99 % within 10 s, chosen from ",
        "Price of lateness ",
        "one server-second served late weighs as ",
        "Headroom ",
        "against the best reactive rule" if "worth 0" not in said else "reactive rule",
        "Stated: nothing of this.",
        "price of lateness ",
        "reactive rule, headroom ",
    ):
        assert text in said
    cells = re.findall(r"\d+\.\d\d % @\d\.\d{3}", said)
    assert len(cells) == len(HOLDS_S) * (len(PRICES) + len(HEADROOMS))
    assert len(re.findall(r"(?:held .*? min|not held) ←", said)) == 2


def test_json_has_every_candidate_and_the_choice(trace, capsys):
    run("tune", trace, "--json", "--days", "1", "--share", "95%", "--wait", "30s")
    shown = json.loads(capsys.readouterr().out)["workloads"]["chat"]
    assert shown["objective"] == {"wait_s": 30.0, "share": 0.95}
    assert len(shown["frontier"]) == len(HOLDS_S) * (len(PRICES) + len(HEADROOMS))
    assert shown["chosen"]["hold_s"] in HOLDS_S
    assert shown["chosen"]["of_work"] >= 1.0
    assert shown["at_margin"]["missed"] == pytest.approx(MARGINS[0] * 0.05)
    assert set(shown["stated"].values()) == {None}


def test_the_page_stands_alone(trace, tmp_path, capsys):
    html = tmp_path / "tune.html"
    run("tune", trace, "--days", "1", "--html", html)
    assert f"Page: {html}" in capsys.readouterr().out.replace("\n", "")
    page = html.read_text()
    assert not re.findall(r"(?:src|href)=|url\(|@import|fetch\(", page.replace('href="#', ""))
    values = re.search(r'<script id="values" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert values is not None
    (chart,) = json.loads(values[1])
    assert chart["unit"] == "the work"
    assert len(chart["curves"]) == 2 * len(HOLDS_S)
    assert [dot["name"] for dot in chart["dots"]] == ["headway"]
    assert "benchmark" not in page.split("<script")[0]


def test_what_is_stated_stands_and_is_said(tmp_path, trace, capsys):
    config = tmp_path / "headway.yaml"
    config.write_text(CONFIG)
    run("tune", trace, "--config", config, "--days", "1")
    said = capsys.readouterr().out
    assert "Stated, and never overridden: headroom 10 %, cooldown_down 30 min" in said
    assert "Plans hold for 30 min" in said
    assert "Headroom 10 %" in said
    assert len(re.findall(r"@\d", said)) == len(PRICES) + 1  # one hold, one headroom


def test_the_price_of_a_late_request_in_money_is_the_least_that_lateness_weighs(tmp_path, trace, capsys):
    config = tmp_path / "headway.yaml"
    config.write_text(CONFIG.replace("cooldown_down: 30m", "miss_price: 5"))
    run("tune", trace, "--config", config, "--days", "1", "--json")
    shown = json.loads(capsys.readouterr().out)["workloads"]["chat"]
    assert shown["chosen"]["late_price"] > max(PRICES)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["nowhere"], "nowhere: no such file"),
        (["smooth", "--share", "1.5"], "--share: 1.5 is more than 1"),
        (["smooth", "--share", "0"], "--share 0: more than 0 and less than 1"),
        (["smooth", "--share", "most"], "--share: 'most' is not a share"),
        (["smooth", "--wait", "soon"], "--wait: "),
        (["smooth", "--days", "0"], "--days"),
        (["smooth", "--forecaster", "magic"], "no forecaster is called magic"),
        (["smooth", "--forecaster", "none"], "--forecaster none: nothing to choose for"),
        (["smooth", "--html", "nowhere/page.html"], "there is no folder nowhere"),
        (["smooth", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADWAY_TRACES", raising=False)
    run("tune", *arguments, rc=2)
    heard = capsys.readouterr().err
    assert said in heard
    assert heard.count("\n") == 1


def test_a_stated_level_is_read_at_and_no_price_is_chosen(tmp_path, trace, capsys):
    config = tmp_path / "headway.yaml"
    config.write_text(CONFIG.replace("cooldown_down: 30m", "level: 97%"))
    run("tune", trace, "--config", config, "--days", "1", "--html", tmp_path / "tune.html")
    said = capsys.readouterr().out
    assert "Counts are read at the level of 0.97 that is stated, and no price is chosen." in said
    assert "Price of lateness" not in said
    assert re.search(r"the level stated .*\n0\.97 ", said)


def test_a_short_past_is_refused(tmp_path, capsys):
    run("tune", write_trace(tmp_path / "chat.csv", days=0.9), rc=2)
    assert "chat: 0.90 days were measured; more than 1 is needed" in capsys.readouterr().err


def test_a_past_that_ends_in_gaps_is_used_up_to_them(tmp_path, capsys):
    path = write_trace(tmp_path / "chat.csv", days=2)
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows[:-120], *(row.split(",")[0] + "," for row in rows[-120:])]) + "\n")
    run("tune", path, "--days", "1", "--json")
    assert json.loads(capsys.readouterr().out)["workloads"]["chat"]["days"] > 0.9


@pytest.mark.parametrize(
    "tuned, said",
    [
        (a_tuned(some_points()), "A forecast is worth "),
        (a_tuned(some_points(forecast=0.11)), "The forecast is dearer than the best reactive rule by 0.8 %"),
        (a_tuned(some_points(forecast=0.5)), "The forecast is not worth reading here"),
        (a_tuned([p._replace(missed=0.3) if p.candidate.late_price is None else p for p in some_points()]),
         "No reactive rule stays at 0.4 % of the work late; a forecast does"),
        (a_tuned([p._replace(missed=0.3) if p.candidate.late_price else p for p in some_points()]),
         "No reading of the forecast stays at 0.4 %"),
        (a_tuned([p._replace(missed=0.3) for p in some_points()]), "Nothing that was tried stays at 0.4 %"),
    ],
    ids=["a gain", "within two per cent", "dearer", "no rule does", "no price does", "nothing does"],
)  # fmt: skip
def test_what_a_forecast_is_worth_is_said(tuned, said):
    assert worth(tuned).startswith(said)
    assert sentences(tuned)
    json.dumps(_object(tuned), allow_nan=False)


def test_a_choice_comes_to_just_what_the_margin_leaves():
    points = some_points()
    workload = some_workload()
    missed, spent = come_to(points, pick(points, workload, 5.0))
    assert missed == pytest.approx(MARGINS[0] * 0.01, rel=0.02)
    assert 1.1 < spent < 1.4


def test_a_choice_of_the_rule_is_read_on_the_rules_line():
    points = some_points(forecast=0.5)
    chosen = pick(points, some_workload(), 5.0)
    assert chosen.forecast == 0.0
    missed, spent = come_to(points, chosen)
    assert (missed, spent) == pytest.approx((MARGINS[0] * 0.01, 1.293), rel=0.02)


@pytest.mark.parametrize("chosen", [Chosen(4.0), Chosen(2000.0), Chosen(0.01)])
def test_a_price_beyond_the_candidates_is_read_at_the_end_of_the_line(chosen):
    missed, spent = come_to(some_points(), chosen)
    assert 0.0 <= missed <= 0.1
    assert 1.1 <= spent <= 1.4


def test_the_command_line_goes_over_the_objective_alone():
    from autoscaler.core.policy import Policy, Pool

    workload = some_workload(objective=Objective(wait_s=20.0, share=0.9), servers=Limits(ceiling=7))
    policy = Policy(workloads={"chat": workload}, pools={"gpu": Pool(name="gpu")})
    changed = asked(policy, 0.999, None).workloads["chat"]
    assert (changed.objective.share, changed.objective.wait_s, changed.servers.ceiling) == (0.999, 20.0, 7)


def test_workloads_of_one_trace_are_chosen_for_one_by_one(tmp_path, capsys):
    rows = [row.split(",") for row in write_trace(tmp_path / "one.csv").read_text().splitlines()[1:]]
    both = [f"{at},{requests},{name}" for at, requests in rows for name in ("chat", "code")]
    (tmp_path / "both.csv").write_text("\n".join(["timestamp,requests,workload", *both]) + "\n")
    html = tmp_path / "tune.html"
    run("tune", tmp_path / "both.csv", "--days", "1", "--html", html)
    said = capsys.readouterr().out
    assert said.count("Price of lateness ") == 2
    assert "chat: Price of lateness " in html.read_text()
    assert "code: Price of lateness " in html.read_text()
