"""What every method is inside: asked only for rows whose newest step was measured and long enough a past.

The public face (gaps, short pasts, what cannot be) is put around it once, in `fallback` and `limits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from forecasting import bands, errors, one_row, rules
from forecasting.bands import Bands
from forecasting.errors import Errors
from forecasting.forecaster import State
from forecasting.past import HOUR, MINUTE, UNREST_FLOOR, Array32, Past, offsets, past_of, steps_in
from forecasting.rules import Rule
from forecasting.series import FloatArray, Panel

Levels = tuple[float, ...]


class Learned(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def memory(self) -> int: ...

    def paths(self, recent: Panel, ahead: int, levels: Levels) -> FloatArray:
        """Paths of shape (levels, rows, ahead)."""
        ...

    def state(self) -> State: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """A fitted rule, and what rules like it would have said at every origin: (rows, horizons, origins)."""

    rule: Rule
    points: Array32


class Method(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> float:
        """Seconds of past below which the method has nothing to say."""
        ...

    @property
    def max_ahead(self) -> float: ...

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied: ...


def unrest_window(step: float) -> int:
    return max(2, steps_in(30 * MINUTE, step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Banded:
    """A rule's point in logarithms with bands from its own past errors around it."""

    name: str
    offset: FloatArray  # (rows, 1)
    rule: Rule
    bands: Bands
    window: int

    @property
    def memory(self) -> int:
        return max(self.rule.memory, self.window + 1)

    def paths(self, recent: Panel, ahead: int, levels: Levels) -> FloatArray:
        points = self.rule.points(recent, self.offset, ahead)
        if points.shape[0] == 1:
            alone = self._of_one(recent, points, levels)
            if alone is not None:
                return alone
        # The newest step is in every rule's look; asking again for 31 steps is cheaper than sharing.
        logs = np.log(recent.values[:, -self.window - 1 :] + self.offset)
        paths = self.bands.around(points, logs[:, -1:], _unrest(logs, self.window), levels)
        np.exp(paths, out=paths)
        paths -= self.offset[:, :, None]
        np.maximum(paths, 0.0, out=paths)
        return paths.transpose(2, 0, 1)

    def _of_one(self, recent: Panel, points: FloatArray, levels: Levels) -> FloatArray | None:
        """The same for one row, in plain floats; None where gaps ask for more care."""
        offset = float(self.offset[0, 0])
        seen = one_row.unrest_of(
            recent.values[0, -self.window - 1 :].tolist(), offset, self.window, UNREST_FLOOR
        )
        if seen is None:
            return None
        newest, unrest = seen
        tables = self.bands.alone(points.shape[1], levels)
        bands = one_row.around(tables, points[0].tolist(), newest, unrest, offset)
        return np.array(bands).reshape(-1, 1, len(levels)).transpose(2, 1, 0)

    def state(self) -> State:
        return {
            "kind": "banded", "name": self.name, "offset": self.offset[:, 0].tolist(),
            "rule": self.rule.state(), "bands": self.bands.state(), "window": self.window,
        }  # fmt: skip


def _unrest(logs: FloatArray, window: int) -> FloatArray:
    moved = logs[:, 1:] - logs[:, :-1]
    np.abs(moved, out=moved)
    total: FloatArray = np.add.reduce(moved, axis=1, keepdims=True)
    if not np.isfinite(total).all():
        total = np.nansum(moved, axis=1, keepdims=True)
    return np.log(total / window + UNREST_FLOOR)


def learn(method: Method, history: Panel, origins: int) -> Banded:
    """Fit a method's rule on at most `origins` instants; put bands around it from its own past errors."""
    offset = offsets(history.values)
    past = past_of(history, offset, method.max_ahead, origins)
    studied = method.study(history, offset, past)
    window = unrest_window(past.step)
    seen = Errors(points=studied.points, targets=past.targets(), now=past.at(0), unrest=past.unrest(window))
    learned = errors.learn(seen, past.horizons)
    return Banded(name=method.name, offset=offset, rule=studied.rule, bands=learned, window=window)


def far_points(past: Past, near: Array32, share: FloatArray) -> Array32:
    """What the rule's far branch would have said at the horizons beyond the fitted ones."""
    if not past.far:
        return near
    last = near[:, -1]
    apart = last - _season(past, past.knots[-1], last)
    out = []
    for h in past.far:
        fade = np.float32(np.exp(-past.step * (h - past.knots[-1]) / (2 * HOUR)))
        season = _season(past, h, last)
        weight = share[:, None].astype(np.float32)
        out.append((1 - weight) * last + weight * (season + fade * apart))
    return np.concatenate([near, np.stack(out, axis=1)], axis=1)


def _season(past: Past, ahead: int, otherwise: Array32) -> Array32:
    total, count = np.zeros_like(otherwise), np.zeros_like(otherwise)
    for lag, share in rules.season_mean_lags(past.step, past.reach, ahead):
        found = past.at(-lag)
        seen = np.isfinite(found)
        total += np.where(seen, np.float32(share) * found, np.float32(0.0))
        count += np.float32(share) * seen
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, otherwise)


def restored(state: dict[str, Any], rule: Rule) -> Banded:
    return Banded(
        name=state["name"],
        offset=np.array(state["offset"], dtype=np.float64)[:, None],
        rule=rule,
        bands=bands.restored(state["bands"]),
        window=state["window"],
    )
