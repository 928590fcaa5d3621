"""YAML → plain values, and the line on which each key stands. Knows YAML and no key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

Location = tuple[str | int, ...]
Lines = Mapping[Location, int]
_MERGE = "tag:yaml.org,2002:merge"


class Unreadable(ValueError):
    """Text that is not YAML, or not a mapping: a line number and what is wrong."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read(text: str) -> tuple[dict[str, Any], dict[Location, int]]:
    """The values of a YAML mapping, and the line of every key, counted from one."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        if not isinstance(node, yaml.MappingNode):
            raise Unreadable(_line(node), "a configuration is keys with values, like 'workloads:'")
        lines: dict[Location, int] = {}
        _mark(node, (), lines)
        return _constructed(loader, node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = (error.problem or "cannot be read").replace("\n", " ")
        raise Unreadable(mark.line + 1 if mark else 1, f"not YAML: {said}") from None
    except yaml.YAMLError as error:
        raise Unreadable(1, f"not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise Unreadable(1, "nested deeper than any configuration is") from None


def _constructed(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    try:
        values: dict[str, Any] = loader.construct_document(node)
    except ValueError as error:  # a date or a number that cannot be, like 2026-13-01
        raise Unreadable(_line(node), f"not YAML: {error}") from None
    return values


def _mark(node: yaml.Node, at: Location, lines: dict[Location, int]) -> None:
    match node:
        case yaml.MappingNode():
            seen: set[str] = set()
            for key, value in node.value:
                if key.tag == _MERGE:
                    for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        _mark(merged, at, lines)
                    continue
                name = str(key.value)
                if name in seen:
                    raise Unreadable(
                        _line(key), f"{'.'.join(map(str, (*at, name)))} is given twice; keep one"
                    )
                seen.add(name)
                lines[*at, name] = _line(key)
                _mark(value, (*at, name), lines)
        case yaml.SequenceNode():
            for index, item in enumerate(node.value):
                lines[*at, index] = _line(item)
                _mark(item, (*at, index), lines)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
