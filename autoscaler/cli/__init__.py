"""The command line. Each command loads what it needs, and only when it is called: help costs nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from autoscaler import __version__
from autoscaler.cli.errors import BAD_INPUT, worded

# Name → one line of help. The command itself is the function `command` in the module of that name.
COMMANDS = {
    "demo": "A simulated day, live: a ramp, a spike and a node failure.",
    "replay": "What Headway and others would have made of a past, and at what cost.",
    "tune": "Which settings Headway would choose from a past, and why.",
    "bench": "Every policy on every series, and whether the goals are met (long).",
    "explain": "Why a count moved or stayed: a journal in sentences.",
    "forecast": "What was expected at an instant, against what came.",
    "check": "Load a configuration and print what would be managed.",
    "drive": "Decide for another world: one line in a tick, one line out.",
}


class LazyGroup(TyperGroup):
    """Lists every command by its line of help alone, and loads the one that is called.

    Help is plain text: rich would cost three times what the rest does.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: _command(name, lambda: None) for name in COMMANDS})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, listed, rest = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, listed, rest
        return name, _command(name, import_module(f"{__name__}.{name}").command), rest


def _command(name: str, function: Any) -> Any:
    info = CommandInfo(name=name, callback=function, short_help=COMMANDS[name])
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headway {__version__}")
        raise typer.Exit


@app.callback()
def headway(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """A predictive GPU autoscaler for LLM inference."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. What the user can put right is told in one line, with exit code 2."""
    # Our matrices are small: on a busy machine, a fit took 20 times as long waiting for threads of BLAS.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = app(None if arguments is None else list(arguments), prog_name="headway", standalone_mode=False)
    except BrokenPipeError:
        # Whoever read us has seen enough, as in `headway … | head`; Python would complain once more at exit.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        text = worded(error)
        if text is None:
            raise
        print(text, file=sys.stderr)
        sys.exit(BAD_INPUT)
    sys.exit(code if isinstance(code, int) else 0)
