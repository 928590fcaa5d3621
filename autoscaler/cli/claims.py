"""`--assert 'attainment>=99'`: a claim about the figures of a run, checked before and after it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autoscaler.cli.errors import BadInput

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
FIELDS = (
    "attainment",
    "gpu_hours",
    "of_optimum",
    "p50_wait_s",
    "p95_wait_s",
    "p99_wait_s",
    "scale_ups",
    "scale_downs",
    "reversals_per_day",
    "cost",
    "node_minutes_unused",
)
NESTED = ("forecast.", "workloads.", "pools.")
_FORM = re.compile(r"\s*([A-Za-z][\w.-]*)\s*(>=|<=|==|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*")
OURS = "headway"


class Claim(NamedTuple):
    text: str
    policy: str
    field: str
    sign: str
    value: float


def parse_claim(text: str, policies: Sequence[str]) -> Claim:
    """Raises BadInput where the claim is malformed, or nothing of that name will be known."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadInput(
            f"--assert '{text}': say a field, one of {' '.join(OPERATORS)}, and a number, "
            "as in 'attainment>=99'"
        )
    left, sign, value = found.groups()
    first, _, rest = left.partition(".")
    policy, field = (first, rest) if rest and f"{first}." not in NESTED else (OURS, left)
    if policy not in policies:
        raise BadInput(
            f"--assert '{text}': {policy} is not among the policies of this run: {', '.join(policies)}"
        )
    if field not in FIELDS and not field.startswith(NESTED):
        raise BadInput(f"--assert '{text}': no field is called {field}; there are {', '.join(FIELDS)}")
    return Claim(text, policy, field, sign, float(value))


def broken(claim: Claim, policies: Mapping[str, Mapping[str, Any]]) -> str | None:
    """By how much the claim fails; None where it holds."""
    known = flattened(policies[claim.policy])
    if claim.field not in known:
        raise BadInput(
            f"--assert '{claim.text}': {claim.policy} has no {claim.field}; there are {', '.join(known)}"
        )
    value = known[claim.field]
    left = claim.field if claim.policy == OURS else f"{claim.policy}.{claim.field}"
    if value is None:
        return f"{left} is not known in this run, and was to be {claim.sign} {claim.value:g}"
    if OPERATORS[claim.sign](value, claim.value):
        return None
    gap = abs(value - claim.value)
    if gap == 0:
        return f"{left} {value:g} is not {claim.sign} {claim.value:g}"
    if claim.sign == "==":
        return f"{left} {value:g} is off {claim.value:g} by {gap:.4g}"
    if claim.sign in ("<", "<="):
        return f"{left} {value:g} is {gap:.4g} over {claim.value:g}"
    return f"{left} {value:g} is {gap:.4g} short of {claim.value:g}"


def flattened(figures: Mapping[str, Any], before: str = "") -> dict[str, float | None]:
    """Nested figures under dotted names: forecast.coverage.0.97."""
    flat: dict[str, float | None] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{before}{name}.")
        else:
            flat[before + name] = value
    return flat
