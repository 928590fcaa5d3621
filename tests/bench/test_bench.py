"""The benchmark on two short series: what is done, what is kept, what is measured and how it is written."""

import json
from pathlib import Path

import pytest

from autoscaler.bench import bench as whole
from autoscaler.bench import store as stores
from autoscaler.bench.bench import measure, run
from autoscaler.bench.charts import charts
from autoscaler.bench.jobs import OPTIMUM, Job, perform, season
from autoscaler.bench.known import BUILT_ON, HELD_OUT, half, named_goals
from autoscaler.bench.markdown import markdown
from autoscaler.bench.plan import FAMILIES, Bench, Series, found_series, jobs_of
from autoscaler.bench.store import Store, key
from autoscaler.replay.sweep import Where
from autoscaler.replay.synthetic import FORMULAS, formula
from tests.cli.running import write_trace

HERE = Where(workers=1)
POLICIES = ("hpa", "reactive", "headway", "oracle")


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    path = write_trace(tmp_path_factory.mktemp("traces") / "chat.csv")
    return Bench(
        series=[Series("chat", path), Series("smooth", None)],
        seeds=(1, 2),
        policies=POLICIES,
        scored_days=0.1,
        every=5,
    )


@pytest.fixture(scope="module")
def kept(bench, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("out") / "deep" / "results.jsonl"
    run(bench, Store(path), HERE)
    return path


@pytest.fixture(scope="module")
def measured(bench, kept):
    return measure(bench, Store(kept))


def test_every_job_is_done_once(bench):
    jobs = jobs_of(bench)
    assert len(jobs) == len(set(jobs))
    optima = [job for job in jobs if job.policy == OPTIMUM]
    # A file is the same for every seed; a formula is another series for each.
    assert [(job.series, job.seed) for job in optima] == [("chat", 0), ("smooth", 1), ("smooth", 2)]


def test_knobs_are_turned_only_for_those_who_are_asked_for(bench):
    assert set(bench.families) == {"hpa", "reactive", "rule", "headway", "oracle"}
    assert set(bench._replace(policies=("kpa", "headway")).families) == {"kpa"}
    assert bench.families["hpa"].tried == FAMILIES["hpa"].tried[::5]


def test_what_is_kept_is_not_done_again(bench, kept, monkeypatch):
    def never(job):
        raise AssertionError(f"did {job} again")

    monkeypatch.setattr(whole, "perform", never)
    before = kept.read_text()
    run(bench, Store(kept), HERE)
    assert kept.read_text() == before


def test_a_run_that_was_cut_off_goes_on(bench, kept, tmp_path):
    lines = kept.read_text().splitlines(keepends=True)
    cut = tmp_path / "results.jsonl"
    cut.write_text("".join(lines[:-2]) + lines[-2][:40])
    told = []
    run(bench, Store(cut), HERE, lambda done, of, what: told.append((done, of)))
    assert told[0] == (len(lines) - 2, len(lines))
    assert told[-1] == (len(lines), len(lines))


def test_a_job_that_fails_loses_nothing_that_was_done(bench, tmp_path, monkeypatch):
    jobs = jobs_of(bench)

    def third_fails(job):
        if job == jobs[2]:
            raise RuntimeError("no power")
        return {}

    monkeypatch.setattr(whole, "perform", third_fails)
    with pytest.raises(RuntimeError, match="no power") as raised:
        run(bench, Store(tmp_path / "results.jsonl"), HERE)
    assert "Job(series=" in raised.value.__notes__[0]
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 2


def test_fresh_forgets(kept, bench, tmp_path):
    copy = tmp_path / "results.jsonl"
    copy.write_text(kept.read_text())
    job = jobs_of(bench)[0]
    assert Store(copy).get(job) is not None
    assert Store(copy, fresh=True).get(job) is None
    assert not copy.exists()


def test_a_key_changes_with_the_job_the_content_and_the_code_and_not_with_the_folder(tmp_path, monkeypatch):
    one, same, other = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    write_trace(one, days=1.0)
    write_trace(same, days=1.0)
    write_trace(other, days=1.0, level=500.0)
    job = Job("chat", "hpa", path=str(one))
    assert key(job) == key(job._replace(path=str(same)))
    assert len({key(job), key(job._replace(path=str(other))), key(job._replace(seed=2))}) == 3
    before = key(job)
    monkeypatch.setattr(stores, "source_digest", lambda: "another")
    stores.key.cache_clear()
    assert key(job) != before
    monkeypatch.undo()
    stores.key.cache_clear()


def test_each_series_has_its_figures(measured):
    assert list(measured.series) == ["chat", "smooth"]
    for one in measured.series.values():
        assert set(one["policies"]["measured"]) == set(POLICIES)
        for policy in one["policies"]["measured"].values():
            middle, least, most = policy["attainment"]
            assert 0.0 <= least <= middle <= most <= 100.0
            assert policy["of_optimum"][0] > 0.9
        assert set(one["coverage"]) == {"0.9", "0.97", "0.99"}
        assert one["pinball"]["headway"] > 0.0
        assert one["pinball"]["requirement"] > 0.0
        assert set(one["hindsight"]) == {"hpa", "reactive"}
    assert measured.series["smooth"]["half"] == BUILT_ON
    assert measured.series["chat"]["half"] == HELD_OUT
    assert measured.series["smooth"]["season"] > 0.8


def test_hindsight_is_no_dearer_than_the_default_that_gets_there(measured):
    for one in measured.series.values():
        for policy in ("hpa", "reactive"):
            tuned, usual = one["hindsight"][policy], one["policies"]["measured"][policy]
            if usual["attainment"][1] >= 99.0:
                assert tuned["cost"] <= tuned["cheapest"] + 1e-9 <= usual["of_optimum"][2] + 2e-9


def test_the_goals_say_what_was_measured_and_whether_it_is_met(measured):
    rows = {row.goal: row for row in measured.goals}
    assert rows["coverage of the 0.97 bound"].met in (True, False)
    assert rows["pinball at .97 against persistence of the rate"].built_on.endswith("%")
    assert all(row.measured for row in measured.goals)


def test_the_object_is_json_without_infinities(measured):
    shown = json.loads(json.dumps(measured.to_json(), allow_nan=False))
    assert set(shown) == {"setting", "split", "goals", "series"}
    assert shown["split"] == {BUILT_ON: ["smooth"], HELD_OUT: ["chat"]}
    assert shown["setting"]["seeds"] == [1, 2]
    assert set(shown["goals"][0]) == {"goal", "asked", "measured", "built_on", "held_out", "met"}


def test_the_markdown_has_a_table_for_each_section_and_every_row_is_whole(measured):
    sections = measured.sections()
    text = markdown("Decision quality", ["One paragraph."], sections)
    assert [section.title for section in sections][:2] == ["Goals", "Attainment @ GPU-hours ÷ optimum"]
    for section in sections:
        assert f"## {section.title}\n" in text
        assert all(len(row) == len(section.columns) for row in section.rows)
    assert text.endswith("|\n")
    assert "inf" not in text.replace("info", "")
    assert "nan" not in text


def test_the_charts_hold_every_policy_and_only_what_is_efficient(measured):
    smooth, chat = charts(measured.series, "measured")
    assert (smooth.name, chat.name) == ("smooth", "chat")  # those that were looked at come first
    assert {dot.name for dot in smooth.dots} == set(POLICIES)
    assert {curve.kind for curve in smooth.curves} == {"headway", "rule", "oracle", "tuned"}
    for curve in smooth.curves:
        shares = [share for _, share, _ in curve.points]
        assert shares == sorted(shares)


def test_series_are_files_with_days_enough_and_requests_and_the_formulas(tmp_path):
    write_trace(tmp_path / "long.60s.csv.gz.csv", days=6)
    write_trace(tmp_path / "short.60s.csv.gz", days=2)
    empty = tmp_path / "empty.60s.csv"
    write_trace(empty, days=7, level=0.0)
    for source in (tmp_path / "long.60s.csv.gz.csv", tmp_path / "short.60s.csv.gz", empty):
        _zip(source, tmp_path / f"{source.name.partition('.')[0]}.60s.csv.gz")
    assert [one.name for one in found_series(tmp_path)] == ["long", *FORMULAS]
    assert [one.name for one in found_series(None)] == list(FORMULAS)


def test_the_split_names_every_formula_and_every_series_but_the_unknown_is_held_out():
    assert {name for name in FORMULAS if half(name) == BUILT_ON} == {"smooth", "flash", "cron"}
    assert half("somebody's own") == HELD_OUT
    assert {goal.policy for goal in named_goals()} == {"headway", "headway-calm"}


def test_a_day_that_repeats_is_a_season_and_noise_is_none():
    assert season(formula("smooth", 1)) > 0.5
    assert season(formula("noise", 1)) < 0.3
    assert season(formula("smooth", 1).last(1.5), 0.1) is None


def test_a_job_turns_its_own_knob():
    usual = Job("smooth", "headway", scored_days=0.1, forecaster="none")
    little, much = (perform(usual._replace(headroom=headroom)) for headroom in (0.0, 1.0))
    assert little["gpu_hours"] < perform(usual)["gpu_hours"] < much["gpu_hours"]
    assert "pinball" not in little


def _zip(source: Path, to: Path) -> None:
    import gzip

    text = source.read_text()
    source.unlink()
    to.write_bytes(gzip.compress(text.encode()))
