"""Where forecasters are fitted: here and now under a virtual clock, in a child process beside a live tick.

A child keeps the controller's own process small and its ticks on time; one that is late is killed, and the
forecast made before it stays.
"""

from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from forecasting.forecaster import Fitted, Forecaster
from forecasting.series import Panel


class Fits(Protocol):
    def submit(self, history: Panel, at: float) -> None: ...

    def poll(self, at: float) -> Fitted | None:
        """A fit that is done since the last call, or None."""
        ...


class FitsHere:
    """Fits at once: the same instant always has the same forecaster, as a replay needs."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster
        self._done: Fitted | None = None

    def submit(self, history: Panel, at: float) -> None:
        self._done = self._forecaster.fit(history)

    def poll(self, at: float) -> Fitted | None:
        done, self._done = self._done, None
        return done


class FitsInChild:
    """Fits in a process of its own with a deadline."""

    def __init__(self, forecaster: Forecaster, deadline_s: float = 120.0) -> None:
        self._forecaster = forecaster
        self._deadline_s = deadline_s
        self._context = get_context("spawn")
        self._child: tuple[object, Connection, float] | None = None
        self.late = 0

    def submit(self, history: Panel, at: float) -> None:
        if self._child is not None:
            return
        here, there = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_fit_and_send, args=(self._forecaster, history, there), daemon=True
        )
        process.start()
        there.close()
        self._child = (process, here, at + self._deadline_s)

    def poll(self, at: float) -> Fitted | None:
        if self._child is None:
            return None
        process, here, deadline = self._child
        fitted: Fitted | None = None
        if here.poll():
            try:
                fitted = here.recv()
            except EOFError:
                self.late += 1  # it died without an answer
        elif at < deadline:
            return None
        else:
            self.late += 1
            process.kill()  # type: ignore[attr-defined]
        process.join(1.0)  # type: ignore[attr-defined]
        here.close()
        self._child = None
        return fitted


def _fit_and_send(forecaster: Forecaster, history: Panel, there: Connection) -> None:
    there.send(forecaster.fit(history))
