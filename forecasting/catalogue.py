"""Every forecaster by name, and fitted ones read back from what they wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forecasting import fallback, learned, limits, profile, rules
from forecasting.fallback import Guess, Ladder
from forecasting.forecaster import Fitted, Forecaster
from forecasting.learned import Learned, Method
from forecasting.limits import LimitedForecaster
from forecasting.methods import ensemble, seasonal_naive
from forecasting.methods.ensemble import Ensemble
from forecasting.methods.harmonic import Harmonic
from forecasting.methods.holt_winters import HoltWinters
from forecasting.methods.last_value import LastValue
from forecasting.methods.memories import Memories
from forecasting.methods.seasonal_naive import SeasonalNaive
from forecasting.methods.statsmodels import Stl, Theta
from forecasting.past import HOUR
from forecasting.rules import Rule

_METHODS: dict[str, Callable[..., Method]] = {
    "last-value": LastValue,
    "seasonal-naive": SeasonalNaive,
    "holt-winters": HoltWinters,
    "theta": Theta,
    "stl": Stl,
    "harmonic": Harmonic,
    "memories": Memories,
}


def _safe(method: Method) -> Forecaster:
    if not 0 < method.max_ahead <= HOUR:
        raise ValueError(f"max_ahead lies between 0 and {HOUR:.0f} s, got {method.max_ahead}")
    return LimitedForecaster(inner=Ladder(method=method))


def _factory(method: Callable[..., Method]) -> Callable[..., Forecaster]:
    return lambda **params: _safe(method(**params))


def _ensemble(members: Sequence[str] = ("harmonic",), **params: Any) -> Forecaster:
    """Members by name, besides last value, seasonal naive and memories, which always take part."""
    extra = [name for name in members if name not in ("last-value", "seasonal-naive", "memories")]
    chosen = tuple(_named(_METHODS, name)(max_ahead=params.get("max_ahead", HOUR / 2)) for name in extra)
    return _safe(Ensemble(members=chosen, **params))


FORECASTERS: dict[str, Callable[..., Forecaster]] = {
    **{name: _factory(method) for name, method in _METHODS.items()},
    "ensemble": _ensemble,
}


def make(name: str, **params: Any) -> Forecaster:
    """A forecaster by its name, with the parameters of its method."""
    try:
        made: Forecaster = _named(FORECASTERS, name)(**params)
        return made
    except TypeError as wrong:
        raise ValueError(f"{name}: {wrong}") from wrong


def _named(table: Mapping[str, Callable[..., Any]], name: str) -> Callable[..., Any]:
    if name not in table:
        raise ValueError(f"no forecaster {name!r}; there are {', '.join(sorted(table))}")
    return table[name]


def restore(state: dict[str, Any]) -> Fitted:
    """A fitted forecaster from what its `state()` said."""
    if state.get("kind") != "limited":
        raise ValueError(f"not the state of a fitted forecaster: kind {state.get('kind')!r}")
    inner = state["inner"]
    members = [_learned(group["learned"]) for group in inner["groups"]]
    return limits.restored(state, fallback.restored(inner, members))


def _learned(state: dict[str, Any]) -> Learned:
    return Guess() if state["kind"] == "guess" else learned.restored(state, _rule(state["rule"]))


def _rule(state: dict[str, Any]) -> Rule:
    match state["rule"]:
        case "recall":
            return rules.restored(state)
        case "season":
            return seasonal_naive.restored(state)
        case "profile":
            return profile.restored(state)
        case "mix":
            return ensemble.restored(state, [_rule(rule) for rule in state["rules"]])
        case other:
            raise ValueError(f"no such rule: {other!r}")
