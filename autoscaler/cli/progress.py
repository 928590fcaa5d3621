"""How far a comparison is, on stderr, and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

SHARES = 50  # lines of a whole run where nobody watches


@contextmanager
def shown(names: Sequence[str]) -> Iterator[Callable[[str, float], None] | None]:
    """What to call with who runs and how far it is, or None where nobody watches."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    order = ["optimum", *names]
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(order))

        def told(name: str, share: float) -> None:
            progress.update(task, description=f"{name:<12}", completed=order.index(name) + share)

        yield told


@contextmanager
def counted() -> Iterator[Callable[[int, int, str], None]]:
    """What to call with how many of how many are done, and what was last; a line now and then in a log."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        said = [-1]

        def line(done: int, of: int, what: str) -> None:
            if (part := SHARES * done // max(of, 1)) != said[0]:
                said[0] = part
                print(f"{done}/{of}  {what}".rstrip(), file=sys.stderr, flush=True)

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, of, what: progress.update(task, completed=done, total=of, description=what)
