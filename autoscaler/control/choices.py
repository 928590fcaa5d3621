"""What is chosen for each workload, and how it follows what came: prices, headroom, how long plans hold.

Every night a tuner, where there is one, replays the past against candidates; in between the price of lateness
follows the misses. What was said in each step is kept until the next night: a tuner replays it.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, log10
from typing import Literal, NamedTuple, Protocol, overload

import numpy as np

from autoscaler.control.calendar import Cron
from autoscaler.core.chosen import Chosen, headroom_of, hold_of
from autoscaler.core.demand import Demand
from autoscaler.core.history import History
from autoscaler.core.lead_time import Lead
from autoscaler.core.ledger import Calibrated
from autoscaler.core.outlook import Bounds, late_price_for, price_of_misses
from autoscaler.core.policy import Policy, Workload
from autoscaler.core.price import Price
from autoscaler.core.strictness import adjusted

DAY = 86_400.0
NIGHTLY = Cron("17 3 * * *")
HEADROOM_FOLLOWS = 0.5  # a price four times as high doubles the headroom: as errors' tails ask for, about
MOST_SAID = 10_080  # a week of minutes
WIDER = 2.0  # times the price, where no past has told a better one

# What a benchmark leaves out to see what it is worth. Nobody sets it in life.
Layer = Literal["tuning", "trust", "calibration", "following"]


class Said(NamedTuple):
    """What was said of one workload's future when a step ended."""

    end: float
    ahead: tuple[float, ...]
    hold: tuple[float, ...]


class Spoken(Sequence[Said]):
    """What was said, a hundred bytes a step: a thousand workloads speak a million times a day."""

    def __init__(self, levels: int, said: Iterable[Said] = ()) -> None:
        self._levels = levels
        self._numbers = array("d")
        for one in said:
            self.append(one)

    def append(self, said: Said) -> None:
        if len(self) >= MOST_SAID:  # nobody listens: a tuner that fails every night
            del self._numbers[: (1 + 2 * self._levels) * MOST_SAID // 2]
        self._numbers.append(said.end)
        self._numbers.extend(said.ahead)
        self._numbers.extend(said.hold)

    def __len__(self) -> int:
        return len(self._numbers) // (1 + 2 * self._levels)

    @overload
    def __getitem__(self, at: int) -> Said: ...
    @overload
    def __getitem__(self, at: slice) -> list[Said]: ...
    def __getitem__(self, at: int | slice) -> Said | list[Said]:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        first, levels = at * (1 + 2 * self._levels), self._levels
        end, *bounds = self._numbers[first : first + 1 + 2 * levels]
        return Said(end, tuple(bounds[:levels]), tuple(bounds[levels:]))


class Task(NamedTuple):
    """One workload to choose for: what was said since the last time, in order."""

    workload: Workload
    lead: Lead
    size: int
    usual: float
    levels: tuple[float, ...]
    said: Sequence[Said]


class Tuner(Protocol):
    """Chooses from the past. It keeps its own scores by day, so that a night adds one day."""

    def begin(self, history: History, leads: Mapping[str, Lead], levels: tuple[float, ...]) -> "Begun":
        """What would have been said in the past days, for the first choice."""
        ...

    def choose(self, tasks: Mapping[str, Task], history: History) -> Mapping[str, Chosen | None]:
        """A choice for each whose turn it was; None where there is not past enough for one."""
        ...


class Begun(NamedTuple):
    said: Mapping[str, Sequence[Said]]
    learned: Mapping[str, Calibrated]  # of the bounds


class Choices:
    def __init__(
        self,
        policy: Policy,
        history: History,
        levels: tuple[float, ...],
        kept: Mapping[str, Calibrated],
        tuner: Tuner | None,
        at: float,
        without: frozenset[Layer] = frozenset(),
    ) -> None:
        self._policy = policy
        self._levels = levels
        self._tuner = None if "tuning" in without else tuner
        self._follows = "following" not in without
        self._due = NIGHTLY.next(at)
        self._sizes = {name: _size(policy, w) for name, w in policy.workloads.items()}
        self.usual = _means(history)
        self._said = {name: Spoken(len(levels)) for name in policy.workloads}
        self.chosen: Mapping[str, Chosen] = {
            name: Chosen(WIDER * late_price_for(w, policy.pools[w.pool]))
            for name, w in policy.workloads.items()
        }
        self._least = {
            name: price_of_misses(w, policy.pools[w.pool]) for name, w in policy.workloads.items()
        }  # stated in money: no choice and nothing that came goes below it
        self._base = dict(self.chosen)  # as chosen, before it followed what came
        self._strictness = {name: log10(c.late_price) for name, c in self.chosen.items()}
        self._begun = dict(self._strictness)
        for name in self.chosen.keys() & kept.keys():
            self._strictness[name] = kept[name].strictness

    def strictness(self, name: str) -> float:
        return self._strictness[name]

    def price(self, name: str) -> Price:
        """What the workload's bands are read with now."""
        level = self._policy.workloads[name].level
        late = 0.0 if level is not None else 10.0 ** self._strictness[name]
        return Price(late, self.usual.get(name, 0.0), self._sizes[name], level)

    def on_top(self, name: str) -> float:
        """What a stated headroom makes of a forecast's count."""
        return 1.0 + (self._policy.workloads[name].headroom or 0.0)

    def by_rule(self, name: str, work: float) -> float:
        """Servers that the reactive rule asks for, in whole nodes as the forecast does."""
        size = self._sizes[name]
        return ceil(work * (1.0 + headroom_of(self._policy.workloads[name], self.chosen[name])) / size) * size

    def late_prices(self) -> dict[str, float]:
        return {name: chosen.late_price for name, chosen in self.chosen.items()}

    def holds(self) -> dict[str, float]:
        return {name: hold_of(w.servers, self.chosen[name]) for name, w in self._policy.workloads.items()}

    def worth(self, name: str) -> float:
        """How far the past says that a forecast is worth reading."""
        return self.chosen[name].forecast

    def remember(self, name: str, end: float, bounds: Bounds) -> None:
        if self._tuner is not None:
            self._said[name].append(Said(end, bounds.ahead, bounds.hold))

    def recall(self, history: History) -> None:
        """A past that became known late."""
        self.usual |= _means(history)

    def begin(self, history: History, leads: Mapping[str, Lead]) -> Mapping[str, Calibrated]:
        """The first choice, from what would have been said; and what that taught about the bounds."""
        if self._tuner is None:
            return {}
        begun = self._tuner.begin(history, leads, self._levels)
        for name, said in begun.said.items():
            self._said[name] = Spoken(len(self._levels), said)
        self._choose(history, leads)
        return begun.learned

    def night(self, at: float, history: History, leads: Mapping[str, Lead]) -> bool:
        """Choose anew where the night has come; whether it had."""
        if self._tuner is None or self._due is None:
            return False
        if self._due - at > 2.0 * DAY:  # the clock had jumped ahead
            self._due = NIGHTLY.next(at)
        if self._due is None or at < self._due:
            return False
        self._due = NIGHTLY.next(at)
        self._choose(history, leads)
        return True

    def _choose(self, history: History, leads: Mapping[str, Lead]) -> None:
        assert self._tuner is not None
        tasks = {
            name: Task(
                w, leads[name], self._sizes[name], self.usual.get(name, 0.0), self._levels,
                self._said[name],
            )
            for name, w in self._policy.workloads.items()
        }  # fmt: skip
        turns = self._tuner.choose(tasks, history)
        for name in turns:  # the others keep what was said until theirs comes
            self._said[name] = Spoken(len(self._levels))
        found = {
            name: chosen._replace(late_price=max(chosen.late_price, self._least[name]))
            for name, chosen in turns.items()
            if chosen is not None
        }
        for name, chosen in found.items():
            self._base[name] = chosen
            self._begun[name] = self._strictness[name] = log10(chosen.late_price)
        self.chosen = {**self.chosen, **found}

    def adjust(self, demands: Mapping[str, Demand | None], elapsed_s: float) -> None:
        """Prices, and the rule's headroom with them, follow what came of them since the last step."""
        current = {}
        for name, workload in self._policy.workloads.items():
            demand = demands.get(name)
            if demand is not None:
                usual = self.usual.get(name, demand.work)
                self.usual[name] = usual + min(elapsed_s / DAY, 1.0) * (demand.work - usual)
                if self._follows:
                    self._strictness[name] = adjusted(
                        self._strictness[name],
                        demand,
                        usual,
                        workload.objective,
                        self._begun[name],
                        elapsed_s,
                    )
                if self._least[name] > 0.0:
                    self._strictness[name] = max(self._strictness[name], log10(self._least[name]))
            moved = self._strictness[name] - self._begun[name]
            base = self._base[name]
            current[name] = base._replace(
                late_price=round(10.0 ** self._strictness[name], 6),
                headroom=round(base.headroom * 10.0 ** (HEADROOM_FOLLOWS * moved), 6),
            )
        self.chosen = current


def _size(policy: Policy, workload: Workload) -> int:
    """Servers that come and go together: a node's, where they are alone on it."""
    pool = policy.pools[workload.pool]
    alone = len(policy.users(pool.name)) == 1
    return max(1, workload.profile.servers_per_node(pool.gpus_per_node)) if alone else 1


def _means(history: History) -> dict[str, float]:
    """Mean work a second over the last week, for those that were measured."""
    recent = history.work().last(int(7 * DAY / history.step)).values
    means = {}
    for row, name in enumerate(history.names):
        known = recent[row][np.isfinite(recent[row])]
        if known.size:
            means[name] = float(known.mean())
    return means
