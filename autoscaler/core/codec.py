"""Values of the core ↔ plain JSON values, by type hints. No pickle: a journal may come from anywhere."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from autoscaler.core.cluster import Target


def to_plain(value: Any) -> Any:
    """A value as JSON can hold it: targets as "name/kind", what is not finite as a word."""
    if isinstance(value, Target):
        return str(value)
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        kind = {"is": type(value).__name__} if type(value).__name__ in ("Scale", "Hold") else {}
        return kind | {name: to_plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value) if f.init}
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(plain: Any, kind: Any) -> Any:
    """The value of type `kind` that `to_plain` made this of. Raises ValueError where it cannot be one."""
    try:
        return _build(plain, kind)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a {getattr(kind, '__name__', kind)}: {error}") from error


def _build(plain: Any, kind: Any) -> Any:
    origin = get_origin(kind)
    if kind is Target:
        name, _, of = plain.rpartition("/")
        return Target(of, name)
    if kind is float:
        return plain if type(plain) is int else float(plain)
    if kind in (int, str, bool):
        return _exactly(plain, kind)
    if origin is Literal:
        if plain not in get_args(kind):
            raise ValueError(f"{plain!r} is none of {get_args(kind)}")
        return plain
    if origin in (Union, types.UnionType):
        return _build_union(plain, get_args(kind))
    if origin is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_build(item, inner[0]) for item in plain)
        return tuple(_build(item, of) for item, of in zip(plain, inner, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        key, item = get_args(kind)
        return {_build(k, key): _build(v, item) for k, v in plain.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind[plain]
    hints = _hints(kind)
    return kind(**{name: _build(plain[name], hint) for name, hint in hints.items() if name in plain})


def _build_union(plain: Any, kinds: tuple[Any, ...]) -> Any:
    if plain is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    if len(rest) == 1:
        return _build(plain, rest[0])
    named = {kind.__name__: kind for kind in rest}
    return _build({k: v for k, v in plain.items() if k != "is"}, named[plain["is"]])


def _exactly(plain: Any, kind: type) -> Any:
    if type(plain) is not kind:
        raise TypeError(f"{plain!r} is not of type {kind.__name__}")
    return plain


@cache
def _hints(kind: Any) -> dict[str, Any]:
    names = {f.name for f in fields(kind) if f.init} if is_dataclass(kind) else set(kind._fields)
    return {name: hint for name, hint in get_type_hints(kind).items() if name in names}
