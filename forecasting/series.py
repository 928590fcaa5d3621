"""A panel: many series as rows on one regular grid.

It knows the grid and which steps nobody measured (NaN). It does not know what the numbers count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Rows of values; row r, step k covers [start + k*step, start + (k+1)*step). NaN is a gap."""

    start: float
    step: float
    values: FloatArray

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise ValueError(f"a panel has rows and steps, got {self.values.ndim} dimension(s)")
        if not self.step > 0:
            raise ValueError(f"a step lasts longer than nothing, got {self.step}")

    @property
    def rows(self) -> int:
        return int(self.values.shape[0])

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])

    @property
    def end(self) -> float:
        """The instant at which the last step ends."""
        return self.start + self.step * self.steps

    def last(self, n_steps: int) -> Panel:
        """The newest `n_steps` steps, or all when there are fewer. A view."""
        return self._between(max(self.steps - max(n_steps, 0), 0), self.steps)

    def until(self, instant: float) -> Panel:
        """Only the steps that have ended by `instant`. A view."""
        # The small allowance keeps a step whose end was computed as 1e9 + k*step from being lost to rounding.
        ended = floor((instant - self.start) / self.step + 1e-6)
        return self._between(0, min(max(ended, 0), self.steps))

    def row(self, i: int) -> Panel:
        """One series as a panel of one. A view."""
        return Panel(start=self.start, step=self.step, values=self.values[i : i + 1 or None])

    def _between(self, first: int, end: int) -> Panel:
        return Panel(start=self.start + first * self.step, step=self.step, values=self.values[:, first:end])
