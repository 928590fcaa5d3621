"""Which errors are the input's fault: they are told in one line, without a traceback.

They are known by name, so that nothing is imported to recognise one. Anything else is a bug and shows itself.
"""

from __future__ import annotations

import errno

BAD_INPUT = 2  # the exit code

# Module and class, whose subclasses count too.
KNOWN = {
    ("autoscaler.adapters.pipe.lines", "PipeError"),
    ("autoscaler.assembly", "UnknownPolicy"),
    ("autoscaler.cli.errors", "BadInput"),
    ("autoscaler.control.memory", "JournalError"),
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
    if isinstance(error, FILE_ERRORS) or (isinstance(error, OSError) and error.errno in FULL):
        return f"{error.filename or 'output'}: {(error.strerror or 'cannot be used').lower()}"
    return None
