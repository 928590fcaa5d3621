"""`headway forecast`: what was expected against what came."""

import json

import pytest

from tests.cli.running import run, trace, write_trace

__all__ = ["trace"]


def test_the_table_says_what_was_expected_and_what_came(trace, capsys):
    run("forecast", trace, "--at", "day 1 12:00")
    head, second, _, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("chat at 2025-01-07 12:00:00, by ")
    assert "newest known value" in second
    for column in ("minutes", "median", "90 % bound", "97 % bound", "99 % bound", "came", "inside"):
        assert column in columns
    assert [row.split()[0] for row in rows] == ["3", "6", "9", "12", "15", "18", "21", "24", "27", "30"]
    assert all(row.split()[-1] in ("yes", "no") for row in rows)


def test_json_has_every_minute(trace, capsys):
    run("forecast", trace, "--at", "2025-01-07T12:00", "--method", "last-value", "--horizon", "10m", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["at"], shown["method"], shown["unit"]) == ("2025-01-07T12:00:00Z", "last-value", "servers")
    assert [row["minutes"] for row in shown["ahead"]] == list(range(1, 11))
    for row in shown["ahead"]:
        assert row["0.5"] <= row["0.9"] <= row["0.97"] <= row["0.99"]
        assert row["came"] == pytest.approx(row["0.5"], rel=0.5)


def test_nothing_that_came_later_is_known(tmp_path, capsys):
    """The trace goes on differently; what was expected stays the same, but for the scale of servers."""
    plain = write_trace(tmp_path / "a.csv")
    lines = plain.read_text().splitlines()
    other = tmp_path / "b.csv"
    other.write_text("\n".join([*lines[: 1 + 36 * 60 + 30], *lines[-100:]][: 1 + 36 * 60 + 30]) + "\n")
    shown = []
    for path in (plain, other):
        run("forecast", path, "--at", "day 1 12:00", "--json")
        shown.append(json.loads(capsys.readouterr().out)["ahead"])
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--at", "day 0 12:00"], "12 h of history by then, and a day is needed; chat goes from 2025-01-06"),
        (
            ["--at", "day 2 00:00"],
            "is outside the trace; chat goes from 2025-01-06 00:00:00 to 2025-01-08 00:00:00",
        ),
        (["--at", "day 1 23:45"], "the trace ends 15 min later, and the horizon is 30 min"),
        (["--at", "day 1 12:00", "--method", "magic"], "no forecaster is called magic; there are"),
        (["--at", "day 1 12:00", "--horizon", "2h"], "forecasts look from 1m to 1h ahead"),
        (["--at", "day 1 12:00", "--horizon", "30"], "30 has no unit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line(trace, capsys, arguments, said):
    run("forecast", trace, *arguments, rc=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_formula_can_be_forecast(capsys):
    run("forecast", "smooth", "--at", "day 10 09:00", "--horizon", "5m")
    assert "smooth at 2025-01-16 09:00:00" in capsys.readouterr().out
