"""How far a comparison is, on stderr, and only where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


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
