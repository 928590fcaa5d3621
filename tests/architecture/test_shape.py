"""What a reader can rely on in every file."""

import tomllib

import pytest

import autoscaler
import forecasting
from tests.architecture.source import PACKAGES, ROOT, calls, files, functions, text

LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def test_no_file_is_too_long_to_read():
    long = {
        str(path): lines
        for path in files(*PACKAGES)
        if (lines := len(text(path).splitlines())) > LONGEST_FILE
    }
    assert not long, f"split these, they have more than {LONGEST_FILE} lines"


def test_no_function_is_too_long_to_read():
    long = {
        f"{path}:{function.lineno} {function.name}": lines
        for path in files(*PACKAGES)
        for function in functions(path)
        if function.end_lineno and (lines := function.end_lineno - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long, f"split these, they have more than {LONGEST_FUNCTION} lines"


def test_dry_run_is_an_actuator_and_never_a_flag():
    flags = [
        f"{path}:{argument.lineno} {argument.arg}"
        for path in files(*PACKAGES)
        for function in functions(path)
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if argument.arg.replace("_", "") == "dryrun"
    ]
    assert not flags


@pytest.mark.parametrize("name", ["open", "print", "input", "exec", "eval", "breakpoint"])
def test_the_core_and_the_forecasts_never_call(name):
    found = [
        f"{path}:{call.lineno}"
        for path in files("autoscaler/core", "forecasting")
        for call in calls(path)
        if getattr(call.func, "id", None) == name
    ]
    assert not found


def test_the_core_and_the_forecasts_roll_no_dice_without_a_seed():
    found = [
        f"{path}:{call.lineno}"
        for path in files("autoscaler/core", "forecasting")
        for call in calls(path)
        if getattr(call.func, "attr", getattr(call.func, "id", None)) == "default_rng"
        and not (call.args or call.keywords)
    ]
    assert not found


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == autoscaler.__version__ == forecasting.__version__
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
