"""One TickRecord → sentences: measured, expected, planned, restrained, decided, and what came of it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autoscaler.adapters.reporting import chosen as settings
from autoscaler.adapters.reporting.units import (
    NOUNS,
    certainty,
    clock,
    count,
    duration,
    instant,
    number,
    percent,
)
from autoscaler.adapters.reporting.words import RESTRAINTS, SAID_BESIDE, binding, change, sentence, words
from autoscaler.core.cluster import Fleet, Target
from autoscaler.core.decision import Scale, Verdict
from autoscaler.core.observation import (
    ARRIVALS,
    GPU_MEMORY,
    KV_USE,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    ROUTER_REQUESTS,
    RUNNING,
    WAITING,
    Reading,
)
from autoscaler.core.outlook import Outlook
from autoscaler.core.reasons import AFTER, Why
from autoscaler.core.record import TickRecord

_UNITS = {
    ARRIVALS: "{} requests a second arrive",
    PROMPT_TOKENS: "{} prompt tokens a second",
    OUTPUT_TOKENS: "{} output tokens a second",
    WAITING: "{} requests wait",
    RUNNING: "{} requests run",
    KV_USE: "KV cache {} full",
    GPU_MEMORY: "GPU memory {} full",
    ROUTER_REQUESTS: "{} requests a second pass the routers",
}
_SHARES = {KV_USE, GPU_MEMORY}


class Part(NamedTuple):
    """One step of the story: its heading, and its sentences."""

    heading: str
    lines: Sequence[str]


class Story(NamedTuple):
    """Why one target moved or stayed at one tick."""

    title: str
    parts: Sequence[Part]


def summary(record: TickRecord, verdict: Verdict) -> str:
    """One line for one verdict of a tick."""
    return f"{instant(record.at)}  {verdict.target}  {change(verdict)}. {sentence(verdict, record.at)}"


def stories(record: TickRecord, target: Target | None = None) -> list[Story]:
    """The full story of a tick, a target at a time."""
    return [story(record, v) for v in record.decision.verdicts if target is None or v.target == target]


def story(record: TickRecord, verdict: Verdict) -> Story:
    parts = [
        Part("measured", _measured(record, verdict.target)),
        Part("present", _present(record, verdict.target)),
        Part("expected", _expected(record, verdict.target)),
        Part("chosen", _chosen(record, verdict.target)),
        Part("planned", _planned(record, verdict)),
        Part("restrained", _restrained(record, verdict)),
        Part("decided", _decided(record, verdict)),
        Part("outcome", _outcome(record, verdict)),
        Part("trouble", list(record.notes)),
    ]
    return Story(f"{verdict.target}: {change(verdict)}", [part for part in parts if part.lines])


def _measured(record: TickRecord, target: Target) -> list[str]:
    """Every reading and how old it is. Nodes are not measured by signals."""
    if target.kind == "nodes":
        return []
    readings = record.observation.workloads.get(target.name)
    if not readings:
        return ["nothing was measured"]
    wanted = (ROUTER_REQUESTS,) if target.kind == "routers" else [s for s in _UNITS if s != ROUTER_REQUESTS]
    return [_reading(name, readings[name], record.at) for name in wanted if name in readings]


def _reading(name: str, reading: Reading, at: float) -> str:
    if reading.value is None:
        return _UNITS[name].format("an unknown number of" if name not in _SHARES else "an unknown share")
    value = percent(reading.value) if name in _SHARES else number(reading.value)
    age = "now" if at - reading.at < 0.5 else f"{duration(at - reading.at)} ago"
    doubt = ", with a warning" if reading.suspect else ""
    return f"{_UNITS[name].format(value)} ({age}{doubt})"


def _present(record: TickRecord, target: Target) -> list[str]:
    lines = []
    if target.kind == "servers":
        demand = record.inputs.demands.get(target.name)
        if demand is None:
            lines.append("what users ask for is unknown: the controller is blind here")
        else:
            lines.append(
                f"users ask for {count(demand.work, 'busy server')}, "
                f"with {number(demand.requests)} requests a second"
            )
            if demand.backlog > 0:
                lines.append(f"a backlog worth {number(demand.backlog)} server-seconds waits")
    fleet = record.inputs.fleets.get(target)
    lines.append("the count could not be read" if fleet is None else _fleet(fleet, record.at))
    return lines


def _fleet(fleet: Fleet, at: float) -> str:
    text = f"{fleet.desired} asked for, {fleet.ready} ready"
    if not fleet.starting:
        return f"{text}, none starting"
    oldest = duration(at - fleet.starting[0])
    return f"{text}, {len(fleet.starting)} starting (the oldest asked for {oldest} ago)"


def _expected(record: TickRecord, target: Target) -> list[str]:
    if target.kind != "servers":
        return []
    lines = []
    lead = record.inputs.leads.get(target.name)
    if lead is not None:
        lines.append(
            f"an order of now serves in {duration(lead.median)}, 49 times in 50 within {duration(lead.slow)}"
        )
    outlook = record.inputs.outlooks.get(target.name)
    if outlook is None:
        return [*lines, "no forecast: the reactive rule plans alone"]
    age = record.at - outlook.origin
    return [
        *lines,
        f"by then about {count(outlook.expected, 'server')} will be needed; "
        f"{number(outlook.ahead)} are asked for, enough in {certainty(outlook.level)} of cases",
        f"{number(outlook.hold)} are kept for all that may come before what is let go now could be back",
        f"forecast by {outlook.method}, from what was known {'now' if age < 0.5 else duration(age) + ' ago'}",
        *_believed(outlook),
    ]


def _believed(outlook: Outlook) -> list[str]:
    if outlook.trust >= 1.0:
        return []
    if outlook.trust <= 0.0:
        return ["it does not count: the reactive rule would have cost less"]
    return [f"it counts for {percent(outlook.trust)} of the plan, the reactive rule for the rest"]


def _chosen(record: TickRecord, target: Target) -> list[str]:
    """What nobody stated, as it was chosen and as it followed what came. A record knows no stated values."""
    chosen = record.inputs.chosen.get(target.name)
    if target.kind != "servers" or chosen is None:
        return []
    return [
        f"where nothing else is stated, {settings.since(chosen.days)}",
        settings.price(chosen.late_price),
        settings.hold(chosen.hold_s),
        settings.headroom(chosen.headroom),
        *(["a forecast was not worth reading in that past"] if chosen.forecast <= 0.0 else []),
    ]


def _planned(record: TickRecord, verdict: Verdict) -> list[str]:
    asked = [w for w in verdict.why if w.reason not in RESTRAINTS and w.reason not in SAID_BESIDE]
    lines = [words(why, verdict.target, record.at) for why in asked]
    plan = record.decision.plans.get(verdict.target)
    if plan is not None:
        lines.append(f"the plan, with nothing restrained: {count(plan, NOUNS[verdict.target.kind])}")
    return lines


def _restrained(record: TickRecord, verdict: Verdict) -> list[str]:
    """Every constraint in the order in which it spoke, numbered; the last is the one that bound."""
    spoke = [why for why in verdict.why if why.reason in RESTRAINTS]
    bound = binding(verdict)
    plan = record.decision.plans.get(verdict.target)
    if not spoke and plan is not None and plan != _after(verdict):
        return ["by nothing: up follows the near need, down waits for the far one"]
    lines = [
        f"{n}. {why.reason.value}: {words(why, verdict.target, record.at)}{_left(why, verdict.target)}"
        for n, why in enumerate(spoke, 1)
    ]
    if bound is not None:
        lines[-1] += "  ← this bound"
    return lines or ["by nothing"]


def _left(why: Why, target: Target) -> str:
    """The count after a guard that changed it; journals written before did not keep it."""
    after = dict(why.numbers).get(AFTER)
    return "" if after is None else f" → {count(after, NOUNS[target.kind])}"


def _decided(record: TickRecord, verdict: Verdict) -> list[str]:
    beside = [words(w, verdict.target, record.at) for w in verdict.why if w.reason in SAID_BESIDE]
    return [change(verdict), *beside]


def _outcome(record: TickRecord, verdict: Verdict) -> list[str]:
    if not isinstance(verdict, Scale):
        return []
    if verdict.target in record.actuation.applied:
        return [f"set to {verdict.to} at {clock(record.at)}"]
    refused = dict(record.actuation.failed).get(verdict.target)
    return [f"not set: {refused}"] if refused else ["told, not set: nobody acted on it"]


def _after(verdict: Verdict) -> int:
    return verdict.to if isinstance(verdict, Scale) else verdict.current


def every_move(records: Sequence[TickRecord]) -> Iterator[tuple[TickRecord, Scale]]:
    for record in records:
        for move in record.decision.moves:
            yield record, move
