"""Which errors are the input's fault: they are told in one line, without a traceback.

They are known by name, so that nothing is imported to recognise one. Anything else is a bug and shows itself.
"""

from __future__ import annotations

import errno
from typing import Any

BAD_INPUT = 2  # the exit code

# Module and class, whose subclasses count too.
KNOWN = {
    ("autoscaler.adapters.pipe.lines", "PipeError"),
    ("autoscaler.assembly", "UnknownPolicy"),
    ("autoscaler.cli.errors", "BadInput"),
    ("autoscaler.control.memory", "JournalError"),
    ("autoscaler.replay.sweep", "SweepError"),
    ("autoscaler.replay.trace", "TraceError"),
    ("autoscaler.settings.problems", "SettingsError"),
}

FILE_ERRORS = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG)


class BadInput(ValueError):
    """An argument that cannot be used: one line that says what is wrong and what would be right."""


def worded(error: BaseException) -> str | None:
    """What to tell the user, or None where the error is not theirs."""
    if any((kind.__module__, kind.__name__) in KNOWN for kind in type(error).__mro__):
        return str(error)
    names = {kind.__name__ for kind in type(error).__mro__}
    if "UsageError" in names:
        return _usage(error, help_asked="NoArgsIsHelpError" in names)
    if isinstance(error, FILE_ERRORS) or (isinstance(error, OSError) and error.errno in FULL):
        return f"{error.filename or 'output'}: {(error.strerror or 'cannot be used').lower()}"
    return None


def _usage(error: Any, *, help_asked: bool) -> str:
    """An option, argument or command that typer refused. By name again: typer brings a click of its own."""
    said = str(error.format_message())
    if help_asked:
        return said
    path = error.ctx.command_path if error.ctx is not None else "headway"
    line = " ".join(said.split()).rstrip(".")
    return f"{path}: {line[:1].lower()}{line[1:]}; {path} -h shows what there is"
