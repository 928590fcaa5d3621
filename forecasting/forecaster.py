"""The two verbs of every method: fit, rarely; forecast, often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from forecasting.forecast import Forecast
from forecasting.series import Panel

State = dict[str, Any]


class Fitted(Protocol):
    """What was learned: a value that can be asked, written and read back."""

    @property
    def name(self) -> str: ...

    @property
    def memory(self) -> int:
        """How many trailing steps `forecast` wants to see. More is fine; with fewer it falls back."""
        ...

    def forecast(self, recent: Panel, horizon: float, levels: Sequence[float]) -> Forecast:
        """Paths from the end of `recent` over `horizon` seconds, at `levels` and at the median."""
        ...

    def state(self) -> State:
        """Everything, as floats, strings, lists and dicts; `catalogue.restore` reads it back."""
        ...


class Forecaster(Protocol):
    """A method with its parameters, before it has seen anything."""

    @property
    def name(self) -> str: ...

    def fit(self, history: Panel) -> Fitted:
        """Learn from the past. Rarely, and off the tick."""
        ...
