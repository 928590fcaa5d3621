"""What `headway check` says, and how it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoscaler.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
TWO = ROOT / "configs" / "examples" / "two-workloads.yaml"


def run(*arguments: str, rc: int = 0) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert (left.value.code or 0) == rc


def test_check_says_what_would_be_managed(capsys: pytest.CaptureFixture[str]) -> None:
    run("check", str(TWO), "--at", "2026-03-28T08:00Z")
    said = capsys.readouterr().out
    for fact in (
        "2–24 on h100, 4 GPUs each: 8–96",
        "Deployment/llm/chat-70b-router",
        "wait ≤ 10s for 99 %",
        "4m for a node + 1m40s to load",
        "2–20, 150 requests a second each",
        "at least 6: Mon 30 Mar 08:00–19:00 CEST",
        "at least 6: Tue 31 Mar 08:00–19:00 CEST",
        "32–512 an hour, budget 512",
        "would need 14 of 16 nodes",
        "summaries-8b may sleep: the first request would then wait about 4m40s",
    ):
        assert fact in said
    assert "Wed" not in said


def test_check_warns_of_what_is_hardly_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("workloads: {a: {}, b: {servers: {paused: true}}}\npools: {h: {max: 4}}")
    run("check", str(file))
    said = capsys.readouterr().out
    assert "warning: pools.h: max 4 cannot hold all ceilings at once, they need 8 nodes" in said
    assert "1–32, paused on h" in said
    assert "costs 7m of billed time" in said
    assert "auto; chosen every night from the past" in said
    assert "auto; nodes follow servers that have settled" in said


def test_a_mistake_is_told_on_stderr_with_code_2_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("workloads:\n  chat: {servers: {min: 5, max: 3}}\npools: {h100: {max: 4}}")
    run("check", str(file), rc=2)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"{file}:2: workloads.chat.servers.min: 5 is larger than max 3; make min ≤ max\n"


@pytest.mark.parametrize(
    "arguments", [("check", "nowhere.yaml"), ("check", str(TWO), "--at", "soon"), ("chek",)]
)
def test_what_cannot_be_used_ends_with_code_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run(*arguments, rc=2)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err


def test_a_time_is_utc_unless_it_says_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    for at in ("2026-03-28T08:00", "2026-03-28T09:00+01:00"):
        run("check", str(TWO), "--at", at)
    one, two = capsys.readouterr().out.split("can be used")[1:]
    assert one.splitlines()[:-2] == two.splitlines()[: len(one.splitlines()) - 2]
    run("check", str(TWO), "--at", "soon", rc=2)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_misspelt_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    run("chek", rc=2)
    assert "Did you mean 'check'?" in capsys.readouterr().err


def test_help_lists_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run("--version")
    assert capsys.readouterr().out.startswith("headway ")


def test_a_bug_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("autoscaler.cli.check.load", broken)
    with pytest.raises(KeyError):
        main(["check", str(TWO)])


def test_a_reader_who_leaves_early_gets_no_traceback() -> None:
    program = f"import sys; from autoscaler.cli import main; main(['check', {str(TWO)!r}])"
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, cwd=ROOT, check=False
    )
    os.close(write)
    assert b"Traceback" not in run.stderr


def test_names_in_brackets_are_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text('workloads: {"[/a]": {servers: {target: "[/t]"}}}\npools: {"[/p]": {max: 4}}')
    run("check", str(file))
    said = capsys.readouterr().out
    assert all(name in said for name in ("[/a]", "[/t]", "[/p]"))
