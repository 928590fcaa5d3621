"""The real controller over pipes: another world asks, and follows the answers."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autoscaler.adapters.pipe import Names, PipeWorld
from autoscaler.assembly import drive
from autoscaler.cli import main
from autoscaler.cli.drive import answers
from autoscaler.settings import parse

ROOT = Path(__file__).parents[2]
CONFIG = """
workloads:
  chat: {servers: {min: 1, max: 40, gpus: 4}, routers: {min: 2, max: 20, requests_per_second: 20}}
pools: {h100: {min: 1, max: 20, price_per_hour: 32}}
policy: {forecaster: none, cooldown_down: 10m}
"""
USUAL = 0.148  # server-seconds of a usual request
START = 1_750_000_000.0


class Asking:
    """A world on the other side of the pipe: nodes take four minutes, servers two."""

    def __init__(self) -> None:
        settings = parse(CONFIG)
        self.world = PipeWorld(settings.policy)
        controller = drive(
            settings.policy, signals=self.world, cluster=self.world, actuator=self.world, forecaster="none"
        )
        self.lines: list[str] = []
        self.answers = answers(iter(self._next, None), self.world, Names(settings.policy), controller)
        self.desired = {"chat": 4, "chat/routers": 2, "h100": 2}
        self.ready = dict(self.desired)
        self.starting: dict[str, list[float]] = {name: [] for name in self.desired}
        self.waiting, self.at = 0.0, START

    def _next(self) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def tick(self, rate: float) -> dict[str, Any]:
        for name, takes in (("h100", 240.0), ("chat", 120.0), ("chat/routers", 20.0)):
            room = name != "chat" or self.ready["chat"] < 2 * self.ready["h100"]
            while self.starting[name] and room and self.at - self.starting[name][0] >= takes:
                self.starting[name].pop(0)
                self.ready[name] += 1
        served = min(self.ready["chat"] / USUAL, rate + self.waiting / 15)
        self.waiting = max(self.waiting + (rate - served) * 15, 0.0)
        signals = {
            "arrivals_per_second": rate,
            "prompt_tokens_per_second": 1_200 * served,
            "output_tokens_per_second": 220 * served,
            "waiting": self.waiting,
            "running": served * USUAL * 64,
            "kv_use": None,
        }
        targets = {
            name: {
                "desired": self.desired[name],
                "ready": self.ready[name],
                "starting": len(self.starting[name]),
            }
            for name in self.desired
        }
        self.lines.append(json.dumps({"at": self.at, "workloads": {"chat": signals}, "targets": targets}))
        answer: dict[str, Any] = json.loads(next(self.answers))
        self._follow(answer)
        self.at += 15.0
        return answer

    def _follow(self, answer: dict[str, Any]) -> None:
        for name, told in answer["targets"].items():
            assert told["from"] == self.desired[name]
            assert told["reasons"]
            self.starting[name] += [self.at] * (told["to"] - self.desired[name])
            self.desired[name] = told["to"]
            self.ready[name] = min(self.ready[name], told["to"])


def test_a_world_that_follows_the_answers_gets_what_it_needs() -> None:
    asking = Asking()
    for _ in range(80):
        asking.tick(20.0)
    calm = dict(asking.ready)
    for _ in range(120):
        answer = asking.tick(60.0)
    assert set(answer["targets"]) == {"chat", "chat/routers", "h100"}
    assert calm["chat"] < 60 * USUAL < asking.ready["chat"] <= 2 * asking.ready["h100"]
    assert asking.ready["chat/routers"] * 20 >= 60
    assert asking.waiting == 0.0


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: object, rc: int = 0) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(CONFIG)
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape"))))
    with pytest.raises(SystemExit) as left:
        main(["drive", "--config", str(file)])
    assert (left.value.code or 0) == rc


TARGETS = {"chat": {"desired": 4, "ready": 4}, "h100": {"desired": 2, "ready": 2}}


def test_the_answer_speaks_in_the_names_and_times_of_the_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    past = {
        "at": "2026-03-02T07:59:00Z",
        "step": 60,
        "workloads": {"chat": [{"arrivals_per_second": 20}] * 30},
    }
    question = {"at": "2026-03-02T08:00:00Z", "workloads": {"chat": None}, "targets": TARGETS}
    run(monkeypatch, tmp_path, {"history": past}, "", question)
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert answer["at"] == "2026-03-02T08:00:00Z"
    assert set(answer["targets"]) == {"chat", "h100", "chat/routers"}
    assert {k: v for k, v in answer["targets"]["chat"].items() if k != "reasons"} == {"from": 4, "to": 4}
    assert answer["targets"]["chat/routers"]["from"] is None


@pytest.mark.parametrize(
    "line, message",
    [
        ('{"at": ', "line 2: not JSON"),
        ({"at": START}, f"line 2: at: {START} is not later than the tick before"),
        ({"at": START + 15, "targets": {"chat": {"desired": -1}}}, "line 2: targets.chat.desired: -1"),
        ('{"at": "\udcff"}', "line 2: at: "),
    ],
)
def test_a_malformed_line_ends_it_with_one_line_and_nothing_decided(
    line: object,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(monkeypatch, tmp_path, {"at": START, "targets": TARGETS}, line, rc=2)
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err.startswith(message)
    assert len(said.err.splitlines()) == 1


def test_a_bad_configuration_is_told_before_the_first_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["drive", "--config", str(tmp_path / "none.yaml")])
    assert left.value.code == 2
    assert (
        capsys.readouterr().err == f"{tmp_path / 'none.yaml'}: no such file or directory; name a YAML file\n"
    )


def test_the_example_of_the_page_is_answered_as_soon_as_it_is_asked() -> None:
    page = (ROOT / "docs" / "drive.md").read_text()
    question, told = (json.loads(line) for line in re.findall(r"^\{.*\}$", page, re.M)[:2])
    program = "from autoscaler.cli import main; main()"
    command = [sys.executable, "-c", program, "drive", "--config", "configs/default.yaml"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        process.stdin.close()
    assert process.returncode == 0
    assert answer["at"] == told["at"]
    assert answer["targets"].keys() >= told["targets"].keys()
    assert {name: a["to"] for name, a in answer["targets"].items()} == {
        name: t["to"] for name, t in told["targets"].items()
    }
