"""What a forecaster says: one path ahead for each quantile, for each row."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, floor

from forecasting.series import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Paths of shape (levels, rows, ahead); ahead step j covers [origin + j*step, origin + (j+1)*step)."""

    origin: float
    step: float
    levels: tuple[float, ...]
    paths: FloatArray
    method: str

    @property
    def ahead(self) -> int:
        return int(self.paths.shape[2])

    @property
    def end(self) -> float:
        return self.origin + self.step * self.ahead

    def peak(self, start: float, end: float, level: float, row: int = 0) -> float:
        """The greatest value of that level's path over the steps that overlap [start, end).

        A window beyond the last step is answered by the last step, one before the first by the first.
        Between two levels the path is interpolated; outside them the nearest level answers.
        """
        last = self.paths.shape[2] - 1
        # 1e-6 of a step: an instant computed in another order must not touch one step more.
        first = min(max(floor((start - self.origin) / self.step + 1e-6), 0), last)
        until = min(max(ceil((end - self.origin) / self.step - 1e-6), first + 1), last + 1)
        return float(self.path(level, row)[first:until].max())

    def path(self, level: float, row: int = 0) -> FloatArray:
        """One row's path at `level`, interpolated between the levels that were asked for."""
        levels = self.levels
        above = bisect_left(levels, level - 1e-9)
        upper: FloatArray = self.paths[min(above, len(levels) - 1), row]
        if above in (0, len(levels)) or levels[above] <= level + 1e-9:
            return upper
        lower: FloatArray = self.paths[above - 1, row]
        weight = (level - levels[above - 1]) / (levels[above] - levels[above - 1])
        return (1.0 - weight) * lower + weight * upper
