"""Ensemble: members mixed by how right each has been of late.

Points are mixed in logarithms before bands are put around them: what is right in the mean of two methods is
then calibrated as one. Members that recall weighted past values fold into one set of weights, so that a mix
costs a tick no more than one of them. Last value and seasonal naive always take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from forecasting import rules
from forecasting.errors import loss
from forecasting.forecaster import State
from forecasting.lags import columns_at
from forecasting.learned import Method, Studied, far_points
from forecasting.methods.harmonic import Harmonic
from forecasting.methods.last_value import LastValue
from forecasting.methods.memories import Memories, season_share
from forecasting.past import DAY, HOUR, MINUTE, Array32, Past
from forecasting.rules import Folded, Recall, Rule, all_finite, at_steps
from forecasting.series import FloatArray, Panel

_HALF_LIFE = 7 * DAY
_SHARPNESS = 12.0  # a member that costs a tenth more weighs a third
_WORKHORSE, _TRUST = 2, 3.0  # memories are believed until the others are clearly better
_LEAST = 0.05  # below this a member is left out
_FEW = 16  # rows up to which one look is faster than one for each member


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Recalls folded into one, and other rules with a share of their own at each horizon."""

    horizons: tuple[int, ...]
    rules: tuple[Rule, ...]
    shares: tuple[FloatArray, ...]  # each (rows, horizons)
    _asked: dict[int, tuple[FloatArray, ...]] = field(default_factory=dict, compare=False, repr=False)
    _folded: dict[int, Folded | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def memory(self) -> int:
        return max(rule.memory for rule in self.rules)

    def points(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        rows, steps = recent.values.shape
        if rows <= _FEW:
            if ahead not in self._folded:
                self._folded[ahead] = self.fold(ahead)
            folded = self._folded[ahead]
            if folded is not None and steps >= -folded.places[0]:
                points = folded.points(recent, offset)
                if all_finite(points):
                    return points
        return self._each(recent, offset, ahead)

    def fold(self, ahead: int) -> Folded | None:
        """All members as one product: a tick of one workload pays for one look instead of one for each."""
        parts = [rule.fold(ahead) for rule in self.rules]
        folded = [part for part in parts if part is not None]
        if len(folded) < len(parts):
            return None
        shares = self._shares(ahead)
        places = np.unique(np.concatenate([part.places for part in folded]))
        weights = np.zeros((*shares[0].shape, len(places)))
        for part, share in zip(folded, shares, strict=True):
            weights[:, :, np.searchsorted(places, part.places)] += share[:, :, None] * part.weights
        beside = tuple(b.scaled(s) for part, s in zip(folded, shares, strict=True) for b in part.beside)
        return Folded(places=places, weights=weights, beside=beside)

    def _shares(self, ahead: int) -> tuple[FloatArray, ...]:
        shares = self._asked.get(ahead)
        if shares is None:
            shares = tuple(at_steps(share, self.horizons, ahead) for share in self.shares)
            self._asked[ahead] = shares
        return shares

    def _each(self, recent: Panel, offset: FloatArray, ahead: int) -> FloatArray:
        """The same, rule by rule: each has its own way around a gap."""
        shares = self._shares(ahead)
        total = shares[0] * self.rules[0].points(recent, offset, ahead)
        for rule, share in zip(self.rules[1:], shares[1:], strict=True):
            total += share * rule.points(recent, offset, ahead)
        return total

    def state(self) -> State:
        return {
            "rule": "mix", "horizons": list(self.horizons),
            "rules": [rule.state() for rule in self.rules],
            "shares": [share.tolist() for share in self.shares],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """`members` are taken in besides last value, seasonal naive and memories."""

    name: str = "ensemble"
    members: tuple[Method, ...] = (Harmonic(),)
    max_ahead: float = 30 * MINUTE
    needs: float = 3 * HOUR

    def study(self, history: Panel, offset: FloatArray, past: Past) -> Studied:
        studied = [
            LastValue().study(history, offset, past),
            _same_time(past),
            Memories().study(history, offset, past),
        ]
        others = [m.study(history, offset, past) for m in self.members if m.needs <= past.steps * past.step]
        weights = weigh([s.points for s in studied + others], past)
        recall, points = _folded(studied, weights[: len(studied)], past)
        if not others:
            return Studied(rule=recall, points=points)
        shares = [weights[: len(studied)].sum(axis=0), *weights[len(studied) :]]
        mixed = sum(
            share[:, :, None].astype(np.float32) * p
            for share, p in zip(shares, [points, *(s.points for s in others)], strict=True)
        )
        rule = Mix(horizons=past.horizons, rules=(recall, *(s.rule for s in others)), shares=tuple(shares))
        return Studied(rule=rule, points=cast(Array32, mixed))


def _same_time(past: Past) -> Studied:
    """The seasonal naive as a recall, so that it folds: three quarters days, one quarter weeks."""
    names = [c.name for c in columns_at(past.step, past.reach, past.knots[0])]
    share = {"season-days": 0.75 if "season-weeks" in names else 1.0, "season-weeks": 0.25}
    row = np.array([share.get(name, 0.0) for name in names])
    weights = np.broadcast_to(row, (past.rows, len(past.knots), len(names))).copy()
    season = season_share(past)
    rule = rules.recall(past.step, past.reach, past.knots, weights, season)
    points = np.repeat(past.at(0)[:, None], len(past.knots), axis=1)
    for k, h in enumerate(past.knots):
        for lag, part in rules.season_mean_lags(past.step, past.reach, h):
            points[:, k] += np.float32(part) * np.nan_to_num(past.at(-lag) - past.at(0))
    return Studied(rule=rule, points=far_points(past, points, season))


def weigh(points: Sequence[Array32], past: Past) -> FloatArray:
    """Shares of the members, (members, rows, horizons): by their own recent pinball at the loud levels."""
    near = len(past.knots)
    tried = [*range(0, near - 1, 2), near - 1]  # every second horizon says enough
    targets = np.stack([past.at(past.knots[k]) for k in tried], axis=1)
    for said in points:  # members are compared where all of them have something to say
        targets += np.float32(0.0) * said[:, tried]
    age = past.step * (past.steps - past.origin_steps) / _HALF_LIFE
    size = np.exp(np.clip(np.nan_to_num(targets, nan=-30.0), -30, 30)) * (0.5**age).astype(np.float32)
    cost = np.stack([loss(targets - said[:, tried], size) for said in points]).astype(np.float64)
    best = cost.min(axis=0)
    trifle = 1e-9 * best.max(initial=1e-30) + 1e-300
    share = ((cost + trifle) / (best + trifle)) ** -_SHARPNESS
    share[_WORKHORSE] *= _TRUST
    share /= share.sum(axis=0)
    share[share < _LEAST] = 0.0
    share /= share.sum(axis=0)
    # Beyond the fitted horizons the shares stay what they were at the last of them.
    knots = tuple(past.knots[k] for k in tried)
    steps = [h - 1 for h in past.knots] + [past.knots[-1] - 1] * len(past.far)
    return np.stack([at_steps(s, knots, past.knots[-1])[:, steps] for s in share])


def _folded(studied: Sequence[Studied], weights: FloatArray, past: Past) -> tuple[Recall, Array32]:
    """Members that are all recalls, as one; weights (members, rows, horizons) need not add up to one."""
    near = len(past.knots)
    total = weights.sum(axis=0)
    part = weights / np.where(total > 0, total, 1.0)
    part[0] += np.where(total > 0, 0.0, 1.0)
    recalls = [cast(Recall, s.rule) for s in studied]
    mixed = sum(p[:, :near, None] * r.weights for p, r in zip(part, recalls, strict=True))
    season = sum(p[:, near - 1] * r.season for p, r in zip(part, recalls, strict=True))
    points = sum(
        p[:, :near, None].astype(np.float32) * s.points[:, :near] for p, s in zip(part, studied, strict=True)
    )
    recall = rules.recall(past.step, past.reach, past.knots, np.asarray(mixed), np.asarray(season))
    return recall, far_points(past, cast(Array32, points), np.asarray(season))


def restored(state: dict[str, Any], members: Sequence[Rule]) -> Mix:
    shares = tuple(np.array(share, dtype=np.float64) for share in state["shares"])
    return Mix(horizons=tuple(state["horizons"]), rules=tuple(members), shares=shares)
