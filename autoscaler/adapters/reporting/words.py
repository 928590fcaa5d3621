"""A reason and its numbers → words. Every reason has its sentence here, and nowhere else."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from autoscaler.adapters.reporting.units import NOUNS, certainty, clock, count, duration, number, percent
from autoscaler.core.cluster import Target
from autoscaler.core.decision import Scale, Verdict
from autoscaler.core.reasons import Reason, Why

# In the order of the guards: what restrains, beside what asks for more or less.
RESTRAINTS = (
    Reason.PAUSED,
    Reason.BLIND,
    Reason.DOUBTED,
    Reason.COLLAPSED,
    Reason.ORDERED,
    Reason.STABILISATION,
    Reason.FORECAST_DISAGREES,
    Reason.LEAD_TIME,
    Reason.COOLDOWN,
    Reason.STEP,
    Reason.HOURLY,
    Reason.BUDGET,
    Reason.ROOM,
    Reason.CALENDAR,
    Reason.FLOOR,
    Reason.CEILING,
)
SAID_BESIDE = (Reason.STEADY, Reason.LATE, Reason.UNREAD)


class Told(NamedTuple):
    """What a sentence may use."""

    numbers: Mapping[str, float]
    noun: str
    at: float

    def of(self, name: str) -> float:
        return self.numbers.get(name, float("nan"))

    def has(self, name: str) -> bool:
        return name in self.numbers

    def several(self, name: str) -> str:
        return count(self.of(name), self.noun)

    def until(self) -> str:
        left = self.of("until") - self.at
        return f"until {clock(self.of('until'))} ({duration(max(left, 0.0))} left)"


def _forecast(told: Told) -> str:
    return (
        f"{told.several('ahead')} will be enough in {certainty(told.of('level'))} of cases when an order "
        f"of now serves, {duration(told.of('in_s'))} from now"
    )


def _backlog(told: Told) -> str:
    now, left = number(told.of("waiting_work")), number(told.of("left"))
    return (
        f"a backlog worth {left} server-seconds will be there when an order of now serves, with what is "
        f"starting counted ({now} now)"
    )


def _doubted(told: Told) -> str:
    if told.has("expected"):
        return (
            f"no request was counted where {number(told.of('expected'))} a minute are usual: "
            f"a chance of {_chance(told.of('chance'))}, so the reading is doubted"
        )
    if told.has("running"):
        at_work = number(told.of("running"))
        return f"no request was counted while servers work on {at_work}: the reading is doubted"
    if told.has("suspect"):
        return "an answer came with warnings or only in part, so it may raise but not lower"
    return "what was measured is incomplete or in doubt, and that never lowers a count"


def _mixed(told: Told) -> str:
    rule = f"the reactive rule asks for {told.several('rule')}"
    if told.of("trust") <= 0.0:
        return f"the forecast does not count, since the reactive rule would have cost less: {rule}"
    counts = f"the forecast counts for {percent(told.of('trust'))}, by what it would lately have cost"
    return f"{counts}, and {rule}: together {told.several('need')}"


def _stabilisation(told: Told) -> str:
    window = duration(told.of("window_s"))
    if told.has("highest"):
        return f"within the last {window} {told.several('highest')} were planned; it goes no lower than that"
    return f"the last {window} are not all known yet, and going down waits for that"


_WORDS: Mapping[Reason, Callable[[Told], str]] = {
    Reason.PRESENT_NEED: lambda t: (
        f"users keep {t.several('work')} busy now, with {number(t.of('requests'))} requests a second"
    ),
    Reason.BACKLOG: _backlog,
    Reason.FORECAST: _forecast,
    Reason.REACTIVE: lambda t: (
        f"no forecast is worth reading, so present need and {percent(t.of('headroom'))} to spare ask for "
        f"{t.several('need')}"
    ),
    Reason.MIXED: _mixed,
    Reason.KV_PRESSURE: lambda t: f"the KV cache is {percent(t.of('kv_use'))} full",
    Reason.MEMORY_PRESSURE: lambda t: (
        f"GPU memory is {number(100 * t.of('above_usual'))} points above what is usual here"
    ),
    Reason.ROUTER_LOAD: lambda t: f"routers carry {number(t.of('requests'))} requests a second",
    Reason.CARRIES: lambda t: "as many nodes as carry the settled servers",
    Reason.FILLS: lambda t: "servers fill the nodes that are paid for anyway",
    Reason.GIVEN_UP: lambda t: (
        f"{t.several('nodes')} asked for more than {duration(t.of('after_s'))} ago will not come and "
        "must be ordered again"
    ),
    Reason.FIRST_WAIT: lambda t: (
        f"from zero, the first request waits about {duration(t.of('seconds'))} for a whole start"
    ),
    Reason.SHARED: lambda t: (
        f"the pool has room for {number(t.of('share'))} of the {t.several('want')} wanted, "
        "by priority and need"
    ),
    Reason.PAUSED: lambda t: "paused by the operator",
    Reason.BLIND: lambda t: "nothing fresh was measured, and blind never goes down",
    Reason.DOUBTED: _doubted,
    Reason.COLLAPSED: lambda t: (
        "demand fell below half of the least that the last day has seen, and the forecast was right until "
        "then: for an hour that may be an outage, and nothing goes"
    ),
    Reason.ORDERED: lambda t: (
        f"the order for {t.several('to')} given {duration(max(t.at - t.of('at'), 0.0))} ago is not seen yet "
        "and is neither repeated nor taken back"
    ),
    Reason.STABILISATION: _stabilisation,
    Reason.FORECAST_DISAGREES: lambda t: (
        f"the forecast needs {t.several('need')} before what is let go now could be back"
    ),
    Reason.LEAD_TIME: lambda t: (
        f"it went up lately, and nothing goes before that could have arrived, {t.until()}"
    ),
    Reason.COOLDOWN: lambda t: f"the cooldown after the last move down lasts {t.until()}",
    Reason.STEP: lambda t: f"no more than {number(t.of('at_once'))} at once",
    Reason.HOURLY: lambda t: f"no more than {number(t.of('per_hour'))} may go within an hour",
    Reason.BUDGET: lambda t: f"the budget pays for {t.several('most')}",
    Reason.ROOM: lambda t: f"the nodes have room for {t.several('room')}",
    Reason.CALENDAR: lambda t: f"the calendar asks for at least {t.several('least')} now",
    Reason.FLOOR: lambda t: f"the floor is {t.several('floor')}",
    Reason.CEILING: lambda t: f"the ceiling is {t.several('ceiling')}",
    Reason.STEADY: lambda t: "there is what is needed",
    Reason.LATE: lambda t: (
        f"{number(t.of('count'))} of what is starting is late, the oldest was asked for "
        f"{duration(t.of('oldest_s'))} ago"
    ),
    Reason.UNREAD: lambda t: "the count could not be read, so it stays as it is",
}


def words(why: Why, target: Target, at: float) -> str:
    """One reason as a clause: no capital, no full stop."""
    return _WORDS[why.reason](Told(dict(why.numbers), NOUNS[target.kind], at))


def binding(verdict: Verdict) -> Why | None:
    """The restraint that had the last word; None where nothing restrained."""
    return next((why for why in reversed(verdict.why) if why.reason in RESTRAINTS), None)


def sentence(verdict: Verdict, at: float) -> str:
    """Why a count moves or stays, in one sentence: what asked for it, and what bound it."""
    bound = binding(verdict)
    asked = [w for w in verdict.why if w.reason not in RESTRAINTS and w.reason not in SAID_BESIDE]
    beside = [w for w in verdict.why if w.reason in SAID_BESIDE]
    said = [words(why, verdict.target, at) for why in asked]
    if bound is not None:
        link = "but " if said and not isinstance(verdict, Scale) else ""
        said.append(link + words(bound, verdict.target, at))
    said += [words(why, verdict.target, at) for why in beside if not (said and why.reason is Reason.STEADY)]
    text = "; ".join(said) or "nothing was said"
    return text[0].upper() + text[1:] + "."


def change(verdict: Verdict) -> str:
    """12 → 16 servers."""
    noun = NOUNS[verdict.target.kind]
    if isinstance(verdict, Scale):
        return f"{verdict.current} → {count(verdict.to, noun)}"
    return f"stays at {count(verdict.current, noun)}"


def _chance(chance: float) -> str:
    return f"{chance:.0e}" if chance < 1e-3 else number(chance)
