"""`headway demo`: the main job end to end, with commands at its end that exist."""

import re
import shlex

import pytest
from rich.console import Console

from autoscaler.cli import COMMANDS
from autoscaler.cli.demo import FETCH, REPLAY, RIVALS, program
from autoscaler.cli.live import Picture, watching
from autoscaler.cli.stage import make_stage
from tests.cli.running import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> tuple[str, str]:
    """What a demo prints into a pipe, and its report."""
    import contextlib
    import io

    html = tmp_path_factory.mktemp("demo") / "new" / "report.html"
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run("demo", "--html", html, "--fast")
    return out.getvalue(), html.read_text()


def test_the_day_is_told_as_it_passes(said):
    text, _ = said
    assert re.search(r"^08:00  asked [\d.]+, served [\d.]+ servers' worth, ", text, re.MULTILINE)
    assert re.search(r"^\d\d:\d\d  \d+ → \d+ servers\. .*servers .*\.$", text, re.MULTILINE)
    assert re.search(r"^\d\d:\d\d  \d+ → \d+ nodes?\. ", text, re.MULTILINE)
    for event in ("The morning ramp begins.", "The rush of every weekday", "A node dies"):
        assert f"*** {event}" in text
    assert "starting" in text
    assert "routers" in text


def test_the_table_has_headway_and_its_rivals(said):
    text, _ = said
    for name in ("Headway", "HPA v2", "KEDA, llm-d", "Knative KPA", "AWS-like", "reactive rule"):
        assert re.search(rf"^{re.escape(name)} +[\d.]+ %", text, re.MULTILINE), name
    assert len(RIVALS) == 5


def test_the_report_has_servers_routers_and_nodes(said):
    _, page = said
    for target in ("chat/servers", "chat/routers", "gpu/nodes"):
        assert f'"{target}"' in page


def test_it_ends_with_commands_that_exist(said):
    text, _ = said
    assert text.rstrip().endswith(f"  {FETCH}\n  {program()} {REPLAY}")
    assert shlex.split(REPLAY)[0] in COMMANDS
    assert shlex.split(FETCH)[0] == "curl"


def test_on_a_terminal_the_day_is_a_picture():
    stage = make_stage(1)
    console = Console(force_terminal=True, width=100, height=30)
    with console.capture(), watching(console, stage.setting, stage.events, 0.0) as view:
        assert isinstance(view, Picture)


def test_a_folder_is_no_report(tmp_path, capsys):
    run("demo", "--html", tmp_path, rc=2)
    assert capsys.readouterr().err == f"{tmp_path}: a folder; name a file\n"


def test_the_command_is_named_as_it_was_called_where_no_path_finds_it(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", [".venv/bin/headway", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == ".venv/bin/headway"
