"""`headway explain`: a line for each move, or the whole story of one tick."""

from pathlib import Path

import pytest

from autoscaler.cli.errors import BadInput
from autoscaler.cli.moments import parse_instant
from tests.cli.running import MONDAY, run, write_trace

HOUR = 3600.0


@pytest.fixture(scope="module")
def journal(tmp_path_factory) -> Path:
    """Two hours and a half from 21:36 of the second day, while demand falls."""
    folder = tmp_path_factory.mktemp("journal")
    path = folder / "journal.jsonl.gz"
    run("replay", write_trace(folder / "chat.csv"), "--score", "0.1", "--against", "none", "--journal", path)
    return path


def test_every_move_is_a_line(journal, capsys):
    run("explain", journal)
    *moves, last = capsys.readouterr().out.splitlines()
    assert f"{len(moves)} moves in 576 ticks from 2025-01-07 21:36:00 to 2025-01-07 23:59:45." in last
    assert moves
    for line in moves:
        assert line.startswith("2025-01-07 2")
        assert " → " in line
        assert line.endswith(".")


def test_one_target_alone(journal, capsys):
    run("explain", journal, "--target", "gpu")
    *moves, _ = capsys.readouterr().out.splitlines()
    assert all("gpu/nodes" in line for line in moves)


@pytest.mark.parametrize("at", ["2025-01-07T22:00", "day 0 22:00", "1440"])
def test_the_story_of_the_nearest_tick(journal, capsys, at):
    run("explain", journal, "--at", at)
    said = capsys.readouterr().out
    assert said.startswith("Tick of 2025-01-07 22:00:00\n")
    for text in (
        "chat/servers: ",
        "gpu/nodes: ",
        "  measured ",
        "  present ",
        "  expected ",
        "  planned ",
        "  decided ",
    ):
        assert text in said
    assert "requests a second arrive (now)" in said


def test_the_story_of_one_target(journal, capsys):
    run("explain", journal, "--at", "2025-01-07T22:00", "--target", "chat/servers")
    assert "gpu/nodes" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ["--at", "2025-02-01"],
            "is outside the journal, which goes from 2025-01-07 21:36:00 to 2025-01-07 23:59:45",
        ),
        (["--at", "2025-01-01"], "is outside the journal"),
        (["--at", "noon"], "'noon' is no time; say one like"),
        (["--target", "code"], "no such target; the journal has chat/servers, gpu/nodes"),
        (["--at", "2025-01-07T22:00", "--target", "code"], "no such target"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(journal, capsys, arguments, said):
    run("explain", journal, *arguments, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("content", ["", "{}\n", "no journal\n", '{"headway":{}}\n'])
def test_what_is_no_journal_is_one_line(tmp_path, capsys, content):
    path = tmp_path / "journal.jsonl"
    path.write_text(content)
    run("explain", path, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(str(path))


def test_a_missing_journal_is_one_line(tmp_path, capsys):
    run("explain", tmp_path / "none.jsonl", rc=2)
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "text, expected",
    [
        ("day 10 09:00", MONDAY + 10 * 24 * HOUR + 9 * HOUR),
        ("day 0", MONDAY),
        ("Day 1 9:30:15", MONDAY + 33.5 * HOUR + 15),
        ("2025-01-06T09:00", MONDAY + 9 * HOUR),
        ("2025-01-06T09:00+02:00", MONDAY + 7 * HOUR),
        (str(MONDAY + 60), MONDAY + 60),
        ("120", MONDAY + 5 * HOUR + 120),
    ],
)
def test_times_as_people_type_them(text, expected):
    assert parse_instant(text, MONDAY + 5 * HOUR) == expected


def test_seconds_in_a_trace_without_a_calendar_are_its_own():
    assert parse_instant("120", 60.0) == 120.0
    assert parse_instant("day 2 01:00", 60.0) == 49 * HOUR


@pytest.mark.parametrize("text", ["day 1 25:00", "day 1 9", "yesterday", "", "nan"])
def test_what_is_no_time_says_what_would_be(text):
    with pytest.raises(BadInput, match="say one like"):
        parse_instant(text, MONDAY)
