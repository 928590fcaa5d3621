"""What is wrong with a configuration, a line each: file and line, key, what is wrong, what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError

from autoscaler.settings.keys import every_key, keys_at
from autoscaler.settings.lines import Location


class SettingsError(ValueError):
    """A configuration that cannot be used. `lines` say why, one for each mistake."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(" ".join(line.splitlines()) for line in lines)  # what was typed may hold a newline
        super().__init__("\n".join(self.lines))


class Problem(NamedTuple):
    at: Location
    message: str


class Sources(NamedTuple):
    """Where each key was read: a line of the file, or a variable of the environment."""

    name: str
    lines: Mapping[Location, int]
    variables: Mapping[Location, str] = {}

    def error(self, problems: Iterable[Problem]) -> SettingsError:
        ordered = sorted(problems, key=lambda p: self._line(p.at) or 0)
        return SettingsError(dict.fromkeys(self._told(problem) for problem in ordered))

    def _told(self, problem: Problem) -> str:
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.at).removeprefix(".")
        variable = self.variables.get(problem.at)
        if variable is not None:
            return f"{variable}: {path}: {problem.message}"
        line = self._line(problem.at)
        where = f"{self.name}:{line}" if line else self.name
        return f"{where}: {path}: {problem.message}" if path else f"{where}: {problem.message}"

    def _line(self, at: Location) -> int | None:
        """The line of the key, or of the nearest key around it."""
        return next((self.lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self.lines), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is not among the known ones."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names) or 'none'}"


def translated(error: ValidationError) -> list[Problem]:
    """pydantic's findings in our words."""
    return [Problem(tuple(e["loc"]), _worded(tuple(e["loc"]), e)) for e in error.errors(include_url=False)]


def empty_keys(value: Any, at: Location = ()) -> list[Problem]:
    """Keys with nothing behind them: neither a value nor a wish for the default."""
    if value is None:
        return [Problem(at, "has no value; give one, or leave the key out")]
    if isinstance(value, Mapping):
        return [found for key, inner in value.items() for found in empty_keys(inner, (*at, str(key)))]
    if isinstance(value, list):
        return [found for index, inner in enumerate(value) for found in empty_keys(inner, (*at, index))]
    return []


def _worded(at: Location, error: Mapping[str, Any]) -> str:
    given, limits = error.get("input"), error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(at)
        case "missing":
            return "is missing; " + _WANTED.get(str(at[-1]), "it has no default")
        case "value_error":
            return str(limits["error"])
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{given!r} is not a whole number; say one like 2"
        case "float_parsing" | "float_type" | "finite_number":
            return f"{given!r} is not a number; say one like 2.5"
        case "bool_parsing" | "bool_type":
            return f"{given!r} is neither true nor false"
        case "string_type":
            return f"{given!r} is not text; put it in quotes"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _out_of_bounds(given, limits)
        case "too_short":
            return "is empty; name at least one"
        case "model_type" | "model_attributes_type" | "dict_type":
            return _want_keys(at, given)
        case "tuple_type" | "list_type":
            return f"{given!r} is not a list; begin each item with '-'"
    return str(error["msg"])


_WANTED = {
    "workloads": "say what is to be scaled",
    "pools": "say which nodes there are, like pools: {h100: {max: 8}}",
    "max": "say the most nodes that you would pay for",
    "schedule": "say when the floor begins, like '0 8 * * mon-fri'",
    "until": "say when the floor ends, like '0 19 * * mon-fri'",
}


def _unknown_key(at: Location) -> str:
    here, key = keys_at(at[:-1]), str(at[-1])
    if get_close_matches(key, here, n=1, cutoff=0.6):
        return f"unknown key; {nearest(key, here)}"
    elsewhere = [path for path in every_key() if path.rpartition(".")[2] == key]
    if elsewhere:
        return f"unknown key here; it belongs at {' or '.join(elsewhere[:3])}"
    return f"unknown key; {nearest(key, here)}"


def _out_of_bounds(given: object, limits: Mapping[str, Any]) -> str:
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    bound = next(name for name in words if name in limits)
    return f"{given} is out of bounds; it must be {words[bound]} {limits[bound]:g}"


def _want_keys(at: Location, given: object) -> str:
    known = keys_at(at)
    hint = f" ({', '.join(known[:4])}, …)" if known else ""
    return f"{given!r} stands where keys are wanted{hint}"
