"""`headway bench`: what it writes, how it goes on, and how it refuses."""

import gzip
import json
import re

import pytest

from autoscaler.cli.bench import parse_seeds
from autoscaler.cli.errors import BadInput
from tests.cli.running import run, write_trace


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """A folder with one series that is long enough, named by the environment."""
    folder = tmp_path / "traces"
    folder.mkdir()
    plain = write_trace(tmp_path / "chat.csv", days=6)
    (folder / "chat.60s.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    monkeypatch.setenv("HEADWAY_TRACES", str(folder))
    return folder


def test_a_small_run_is_written_three_ways_and_goes_on_where_it_was(traces, tmp_path, capsys):
    out = tmp_path / "out"
    asked = ("bench", "--only", "chat", "--seeds", "1", "--policies", "hpa,headway", "--score", "0.05",
             "--workers", "1", "--out", out)  # fmt: skip
    run(*asked)
    first = capsys.readouterr()
    assert first.out.startswith("# Decision quality\n")
    assert "`HEADWAY_TRACES=/path/to/traces headway bench --only chat --policies hpa,headway" in first.out
    assert "Written to" in first.err
    assert (out / "decisions.md").read_text() in first.out
    shown = json.loads((out / "decisions.json").read_text())
    assert list(shown["series"]) == ["chat"]
    assert str(tmp_path) not in json.dumps(shown)
    page = (out / "decisions.html").read_text()
    assert not re.findall(r'(?:src|href)="http', page)
    assert "<h3>" not in page.split("<script")[0]  # charts are drawn by the page itself
    kept = (out / "results.jsonl").read_text()
    run(*asked)
    assert capsys.readouterr().out == first.out
    assert (out / "results.jsonl").read_text() == kept


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--only", "nobody"], "--only nobody: no series is called nobody; there are chat, smooth"),
        (["--policies", "hpa,magic"], "--policies hpa,magic: no policy is called magic; there are static"),
        (["--seeds", "five"], "--seeds five: say a range like 1-5, or numbers like 1,3"),
        (["--traces", "nowhere"], "nowhere: no such folder"),
        (["--only", "chat", "--scheduler", "tcp://there:8786"], "loky has no scheduler"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(traces, tmp_path, capsys, arguments, said):
    run("bench", *arguments, "--out", tmp_path / "out", rc=2)
    heard = capsys.readouterr().err
    assert said in heard
    assert heard.strip().splitlines()[-1].count("\n") == 0
    assert "Traceback" not in heard


@pytest.mark.parametrize(
    "text, seeds", [("1-5", [1, 2, 3, 4, 5]), ("3", [3]), ("4,1-2,1", [1, 2, 4])], ids=str
)
def test_seeds_are_a_range_or_a_list(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "5-1", "1-", "-3", "0-1000"])
def test_seeds_that_are_none_are_refused(text):
    with pytest.raises(BadInput, match="--seeds"):
        parse_seeds(text)
