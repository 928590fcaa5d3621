"""One line of JSON, in the form of docs/drive.md → what it says of a tick or of the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any, NamedTuple

from autoscaler.core.cluster import Target, nodes, routers, servers
from autoscaler.core.observation import SHARES, SIGNALS
from autoscaler.core.policy import Policy

Signals = Mapping[str, float | None]
TICK = ("at", "workloads", "targets")
HISTORY = ("at", "step", "workloads")
COUNTS = ("desired", "ready", "starting")
MOST = 100_000  # of one target: a slip of the keyboard must not fill the memory


class PipeError(ValueError):
    """A line that cannot be used: which one, what is wrong, and what would be right."""


class Count(NamedTuple):
    """One target as the other side sees it."""

    desired: int
    ready: int
    starting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    given: str | float  # the instant as it was written, to be answered in kind
    workloads: Mapping[str, Signals]
    targets: Mapping[Target, Count]
    called: Mapping[Target, str] = field(default_factory=dict)  # what they call a target


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Steps of the past, oldest first; the last one ends at `at`. None: nobody measured."""

    at: float
    step: float
    workloads: Mapping[str, tuple[Signals | None, ...]]


class Names:
    """The workloads and targets that a policy knows, and the short names that are plain enough."""

    def __init__(self, policy: Policy) -> None:
        self.workloads = tuple(policy.workloads)
        ours = [servers(name) for name in policy.workloads]
        ours += [routers(name) for name, w in policy.workloads.items() if w.routers is not None]
        ours += [nodes(name) for name in policy.pools]
        self.targets = {str(target): target for target in ours}
        for name in policy.workloads.keys() ^ policy.pools.keys():
            self.targets[name] = servers(name) if name in policy.workloads else nodes(name)


def read_line(text: str, number: int, names: Names) -> Tick | History:
    """The tick or the history on line `number`. Raises PipeError."""
    try:
        plain = _object(json.loads(text, parse_constant=_not_a_number), "a line")
        if "history" in plain:
            _known(plain, ("history",), "a line of history")
            return _history(_object(plain["history"], "history"), names)
        return _tick(plain, names)
    except json.JSONDecodeError as error:
        raise PipeError(f"line {number}: not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        # A name that was written may hold a newline; what is said of it is one line.
        raise PipeError(" ".join(f"line {number}: {error}".splitlines())) from None


def _tick(plain: Mapping[str, Any], names: Names) -> Tick:
    _known(plain, TICK, "a tick")
    targets: dict[Target, Count] = {}
    called: dict[Target, str] = {}
    for name, value in _object(plain.get("targets", {}), "targets").items():
        target = _named(name, names.targets, "target")
        if target in called:
            raise ValueError(f"targets.{name}: the same target as '{called[target]}'; name it once")
        called[target] = name
        count = None if value is None else _count(_object(value, f"targets.{name}"), f"targets.{name}")
        if count is not None:
            targets[target] = count
    return Tick(
        at=_instant(plain),
        given=plain["at"],
        workloads={n: s for n, s in _workloads(plain, names, _signals).items() if s is not None},
        targets=targets,
        called=called,
    )


def _history(plain: Mapping[str, Any], names: Names) -> History:
    _known(plain, HISTORY, "history")
    step = _number(plain.get("step"), "history.step")
    if not step:
        raise ValueError("history.step: is missing or 0; say how many seconds one step lasts")
    return History(at=_instant(plain), step=step, workloads=_workloads(plain, names, _steps))


def _workloads(plain: Mapping[str, Any], names: Names, read: Any) -> dict[str, Any]:
    given = _object(plain.get("workloads", {}), "workloads")
    known = {name: name for name in names.workloads}
    return {_named(n, known, "workload"): read(value, f"workloads.{n}") for n, value in given.items()}


def _steps(value: object, at: str) -> tuple[Signals | None, ...]:
    if isinstance(value, list):
        return tuple(_signals(step, f"{at}[{index}]") for index, step in enumerate(value))
    return (_signals(value, at),)


def _signals(value: object, at: str) -> Signals | None:
    if value is None:
        return None
    given = _object(value, at)
    _known(given, SIGNALS, at)
    return {name: _reading(name, reading, f"{at}.{name}") for name, reading in given.items()}


def _reading(name: str, value: object, at: str) -> float | None:
    number = _number(value, at)
    if number is not None and number > 1.0 and name in SHARES:
        raise ValueError(f"{at}: {number:g} is more than 1; a share goes from 0 to 1")
    return number


def _count(plain: Mapping[str, Any], at: str) -> Count | None:
    """What is known of one target; None where it was not read. What is starting can be told from the rest."""
    _known(plain, COUNTS, at)
    desired, ready, starting = (_whole(plain.get(name), f"{at}.{name}") for name in COUNTS)
    if desired is None or ready is None:
        return None
    return Count(desired, ready, max(desired - ready, 0) if starting is None else starting)


def _whole(value: object, at: str) -> int | None:
    number = _number(value, at)
    if number is not None and number != int(number):
        raise ValueError(f"{at}: {value!r} is not a whole number")
    if number is not None and number > MOST:
        raise ValueError(f"{at}: {value!r} is more than anybody has; the most is {MOST}")
    return None if number is None else int(number)


def _number(value: object, at: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{at}: {value!r} is not a number; say null where nobody measured")
    if not isfinite(value) or value < 0:
        raise ValueError(f"{at}: {value!r} is not a count or rate; it must be 0 or more")
    return float(value)


def _instant(plain: Mapping[str, Any]) -> float:
    value = plain.get("at")
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    try:
        told = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"at: {value!r} is not a time; say seconds or ISO 8601") from None
    if told.tzinfo is None:
        raise ValueError(f"at: '{value}' has no offset; say {value}Z")
    return told.timestamp()


def _object(value: object, at: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{at}: want an object with names and values, got {json.dumps(value)[:40]}")
    return value


def _known(given: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{at}: unknown name '{name}'; {_nearest(name, known)}")


def _named(name: str, known: Mapping[str, Any], kind: str) -> Any:
    if name not in known:
        raise ValueError(f"{kind}s: no {kind} is called '{name}'; {_nearest(name, tuple(known))}")
    return known[name]


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known)}"


def _not_a_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON; say null where nobody measured")
