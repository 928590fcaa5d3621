"""A simulated day as it passes: a picture that changes on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autoscaler.adapters.reporting.units import NOUNS, clock, number
from autoscaler.adapters.reporting.words import change, sentence
from autoscaler.core.cluster import Fleet, Target, nodes, routers, servers
from autoscaler.core.observation import ARRIVALS, MISSING, RUNNING, WAITING

if TYPE_CHECKING:
    from autoscaler.assembly import Watched
    from autoscaler.core.decision import Scale
    from autoscaler.core.record import TickRecord
    from autoscaler.replay.setting import Setting

NEWEST = 6  # moves on the screen
FRAME_S = 300.0  # of the day, for each picture
PAUSE_S = 0.09  # so that a day takes about half a minute to watch
EVENT_S = 5400.0  # of the day, for which an event stays on the screen
LINE_S = 1800.0  # of the day, for each plain line
WIDEST = 40


class Sight(NamedTuple):
    """What is to be seen of one tick."""

    at: float
    requests: float
    asked: float  # in busy servers
    served: float
    waiting: float
    fleets: Sequence[tuple[Target, Fleet]]


class View(Protocol):
    def tick(self, watched: Watched) -> None: ...


def sight(record: TickRecord, setting: Setting) -> Sight:
    (name,) = setting.policy.workloads
    workload = setting.policy.workloads[name]
    readings = record.observation.workloads.get(name, {})
    demand = record.inputs.demands.get(name)
    targets = (servers(name), nodes(workload.pool), routers(name))
    fleets = record.inputs.fleets
    return Sight(
        at=record.at,
        requests=readings.get(ARRIVALS, MISSING).value or 0.0,
        asked=0.0 if demand is None else demand.work,
        served=(readings.get(RUNNING, MISSING).value or 0.0) / workload.profile.places,
        waiting=readings.get(WAITING, MISSING).value or 0.0,
        fleets=[(target, fleets[target]) for target in targets if target in fleets],
    )


@contextmanager
def watching(
    console: Console, setting: Setting, events: Sequence[tuple[float, str]], pause: float
) -> Iterator[View]:
    """The view that fits the console. `pause`: seconds between two pictures; plain lines never wait."""
    if not console.is_terminal:
        yield Lines(console, setting, events)
        return
    picture = Picture(setting, events, pause)
    with Live(picture.drawn(), console=console, auto_refresh=False, transient=True) as live:
        picture.live = live
        yield picture


class Lines:
    """A line every half hour, one for every move of servers and nodes, one for every event."""

    def __init__(self, console: Console, setting: Setting, events: Sequence[tuple[float, str]]) -> None:
        self._console, self._setting = console, setting
        self._events = deque(events)

    def tick(self, watched: Watched) -> None:
        while self._events and self._events[0][0] <= watched.at:
            self._say(f"{clock(watched.at)[:5]}  *** {self._events.popleft()[1]}")
        if watched.record is None:
            return
        for move in watched.record.decision.moves:
            if move.target.kind != "routers":
                self._say(f"{clock(watched.at)[:5]}  {change(move)}. {sentence(move, watched.at)}")
        if watched.at % LINE_S < 1.0:
            self._say(_line(sight(watched.record, self._setting)))

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def _line(seen: Sight) -> str:
    counts = ", ".join(f"{_fleet(target, fleet)}" for target, fleet in seen.fleets)
    return (
        f"{clock(seen.at)[:5]}  asked {number(seen.asked)}, served {number(seen.served)} servers' worth, "
        f"{number(seen.waiting, 2)} waiting; {counts}"
    )


def _fleet(target: Target, fleet: Fleet) -> str:
    starting = f" + {len(fleet.starting)} starting" if fleet.starting else ""
    return f"{fleet.ready}{starting} {NOUNS[target.kind]}s"


class Picture:
    """Bars for what is asked, served, ready and starting, and the newest moves with their reasons."""

    def __init__(self, setting: Setting, events: Sequence[tuple[float, str]], pause: float) -> None:
        self.live: Live | None = None
        self._setting, self._pause = setting, pause
        self._events = deque(events)
        self._moves: deque[tuple[float, Scale]] = deque(maxlen=NEWEST)
        self._event, self._event_ends = "", 0.0
        self._seen: Sight | None = None
        self._drawn_at = perf_counter()
        (workload,) = setting.policy.workloads.values()
        self._full = min(workload.servers.ceiling, 48)

    def tick(self, watched: Watched) -> None:
        while self._events and self._events[0][0] <= watched.at:
            at, text = self._events.popleft()
            self._event, self._event_ends = f"{clock(at)[:5]}  {text}", at + EVENT_S
        if watched.at > self._event_ends:
            self._event = ""
        if watched.record is None:
            return
        kept = [m for m in watched.record.decision.moves if m.target.kind != "routers"]
        self._moves.extend((watched.at, move) for move in kept)
        if watched.at % FRAME_S < 1.0 and self.live is not None:
            self._seen = sight(watched.record, self._setting)
            self.live.update(self.drawn(), refresh=True)
            sleep(max(self._pause - (perf_counter() - self._drawn_at), 0.0))
            self._drawn_at = perf_counter()

    def drawn(self) -> Group:
        if self._seen is None:
            return Group(Text("The past is being learned …", style="dim"))
        seen, start, end = self._seen, self._setting.start, self._setting.end
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text(clock(seen.at)[:5], style="bold"),
            ProgressBar(total=end - start, completed=seen.at - start, width=30),
            Text(f"{number(seen.requests)} requests a second"),
        )
        return Group(
            head, Text(""), self._bars(seen), Text(""), Text(self._event, style="bold yellow"), self._table()
        )

    def _bars(self, seen: Sight) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=9)
        grid.add_column(width=WIDEST)
        grid.add_column(no_wrap=True)
        fleet = seen.fleets[0][1] if seen.fleets else Fleet(0, 0)
        grid.add_row("asked", self._bar(seen.asked, "white"), f"{seen.asked:.1f} servers")
        grid.add_row("served", self._bar(seen.served, "cyan"), f"{seen.served:.1f} servers")
        both = self._bar(fleet.ready, "blue") + self._bar(len(fleet.starting), "yellow")
        grid.add_row("capacity", both, f"{fleet.ready} ready, {len(fleet.starting)} starting")
        waiting = Text(
            f"{number(seen.waiting, 2)} requests", style="bold red" if seen.waiting >= 1 else "dim"
        )
        grid.add_row("waiting", "", waiting)
        for target, other in seen.fleets[1:]:
            grid.add_row(f"{NOUNS[target.kind]}s", "", f"{other.ready} ready, {len(other.starting)} starting")
        return grid

    def _bar(self, value: float, colour: str) -> Text:
        return Text("█" * round(min(value / self._full, 1.0) * WIDEST), style=colour)

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(no_wrap=True, style="dim", width=5)
        grid.add_column(no_wrap=True, style="bold", width=16)
        grid.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        for at, move in reversed(self._moves):
            grid.add_row(clock(at)[:5], change(move), sentence(move, at))
        for _ in range(NEWEST - len(self._moves)):
            grid.add_row("", "", "")
        return grid
