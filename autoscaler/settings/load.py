"""A file and the environment → Settings, or every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

from autoscaler.settings.build import build
from autoscaler.settings.checks import mistakes, warnings
from autoscaler.settings.keys import ENVIRONMENT, NESTED, FileKeys
from autoscaler.settings.lines import Location, Unreadable, read
from autoscaler.settings.problems import Problem, SettingsError, Sources, empty_keys, nearest, translated
from autoscaler.settings.values import Settings

NAMED = ("workloads", "pools")  # keys whose own keys are names that the operator chose


def load(path: Path) -> Settings:
    """The settings in a file, with the environment over them. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError([f"{path}: {(error.strerror or str(error)).lower()}; name a YAML file"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: not text in UTF-8; name a YAML file"]) from None
    return parse(text, name=str(path))


def parse(text: str, *, name: str = "settings") -> Settings:
    """The same from the text of a file; `name` stands in the messages."""
    try:
        values, lines = read(text)
    except Unreadable as error:
        raise SettingsError([f"{name}:{error.line}: {error}"]) from None
    sources = Sources(name, lines, dict(_variables(values)))
    problems = [*empty_keys(values), *_unknown_variables()]
    if problems:
        raise sources.error(problems)
    try:
        keys = _WithEnvironment(**{str(key): value for key, value in values.items()})
    except ValidationError as error:
        raise sources.error(translated(error)) from None
    except UnreadableVariable as error:
        raise SettingsError([f"the environment: {str(error).splitlines()[0]}; give JSON"]) from None
    found = mistakes(keys)
    if found:
        raise sources.error(found)
    return build(keys, warnings(keys))


class _Environment(EnvSettingsSource):
    """Variables like HEADWAY_POOLS__H100__MAX. In a name, _ may stand for - and for a dot."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._file = values

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for key in NAMED:
            if isinstance(found.get(key), dict) and isinstance(self._file.get(key), dict):
                found[key] = {_as_written(name, self._file[key]): v for name, v in found[key].items()}
        return found


class _WithEnvironment(FileKeys):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(init_settings, InitSettingsSource)
        return _Environment(settings_cls, init_settings.init_kwargs), init_settings


def _variables(values: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Which variable stands behind which key."""
    for variable in _ours():
        first, *rest = variable.removeprefix(ENVIRONMENT).lower().split(NESTED)
        named = values.get(first)
        if first in NAMED and rest and isinstance(named, Mapping):
            rest[0] = _as_written(rest[0], named)
        yield (first, *rest), variable


def _unknown_variables() -> Iterator[Problem]:
    """A misspelt variable would be ignored, and somebody would believe that it works."""
    for variable in _ours():
        first = variable.removeprefix(ENVIRONMENT).lower().split(NESTED)[0]
        if first not in FileKeys.model_fields:
            hint = nearest(first, FileKeys.model_fields)
            yield Problem((), f"the variable {variable} names no key '{first}'; {hint}")


def _ours() -> Iterator[str]:
    """Other variables with our prefix are not nested: HEADWAY_TRACES is a folder."""
    return (name for name in sorted(os.environ) if name.startswith(ENVIRONMENT) and NESTED in name)


def _as_written(name: str, known: Mapping[str, Any]) -> str:
    return next((k for k in known if _folded(str(k)) == _folded(name)), name)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")
