"""Simulated servers and routers of one workload, and the order in which a lower count takes servers away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from autoscaler.core.cluster import Fleet, Target, routers, servers
from autoscaler.core.policy import Workload
from autoscaler.replay.fluid import Queue
from autoscaler.replay.happenings import Agenda, Log, Move
from autoscaler.replay.world import World

if TYPE_CHECKING:
    from autoscaler.replay.cluster_nodes import Node


@dataclass(slots=True, eq=False)
class Server:
    """One replica: pending without nodes, loading until ready."""

    serial: int
    of: Servers
    asked: float
    nodes: tuple[Node, ...] = ()
    placed: float = 0.0
    ready: float | None = None  # since when it serves


@dataclass(slots=True, eq=False)
class Servers:
    """All replicas of one workload, oldest first."""

    name: str
    gpus: int
    span: int  # nodes that one replica stands on, each taken whole when more than one
    queue: Queue
    members: list[Server] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    held_s: float = 0.0  # server-seconds on nodes, of servers that have left
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        self.target = servers(self.name)

    def changed(self, at: float) -> None:
        ready = sum(server.ready is not None for server in self.members)
        self.queue.capacity = float(ready)
        self.log.note(at, len(self.members), ready, len(self.members) - ready)

    def fleet(self) -> Fleet:
        starting = tuple(server.asked for server in self.members if server.ready is None)
        return Fleet(len(self.members), len(self.members) - len(starting), starting)

    def held_until(self, at: float) -> float:
        """Server-seconds on nodes until now."""
        return self.held_s + sum(at - server.placed for server in self.members if server.nodes)


def perfect_order(members: Sequence[Server], n: int) -> list[Server]:
    """Those without a node first, then always from the emptiest node, so that nodes come free."""
    left = list(members)
    used = {node: node.used for server in left for node in server.nodes}
    gone = []
    for _ in range(min(n, len(left))):
        server = min(
            left,
            key=lambda s: (bool(s.nodes), sum(used[x] for x in s.nodes), s.ready is not None, -s.serial),
        )
        for node in server.nodes:
            used[node] -= server.of.gpus
        left.remove(server)
        gone.append(server)
    return gone


def replicaset_order(members: Sequence[Server], n: int) -> list[Server]:
    """Kubernetes' own: no node, not ready, more of the same set on its node, ready later, created later."""
    beside = {s: sum(t.nodes == s.nodes for t in members) if s.nodes else 0 for s in members}

    def first(s: Server) -> tuple[bool, bool, int, float, int]:
        return bool(s.nodes), s.ready is not None, -beside[s], -(s.ready or 0.0), -s.serial

    return sorted(members, key=first)[:n]


class Routers:
    """CPU pods that let requests pass: no node to wait for, ready within seconds."""

    def __init__(self, workload: Workload, queue: Queue, world: World, agenda: Agenda, dice: Random) -> None:
        self.target: Target = routers(workload.name)
        self.per_router = workload.profile.requests_per_router
        self.log = Log()
        self._queue, self._world, self._agenda, self._dice = queue, world, agenda, dice
        self._starting: list[float] = []  # when each was asked; a list entry that is gone was cancelled
        self._ready = 0
        self.on_change: Callable[[], None] = lambda: None

    def begin(self, at: float, n: int) -> None:
        self._ready = n
        self._changed(at)

    def resize(self, at: float, to: int) -> Move | None:
        by = to - self._ready - len(self._starting)
        for _ in range(by):
            self._starting.append(at)
            self._agenda.enter(at + self._dice.uniform(*self._world.router_delay), self._readier(at))
        for _ in range(-by):
            if self._starting:
                self._starting.pop()
            else:
                self._ready -= 1
        self._changed(at)
        return Move(at, self.target, by) if by else None

    def fleet(self) -> Fleet:
        return Fleet(self._ready + len(self._starting), self._ready, tuple(self._starting))

    def _readier(self, asked: float) -> Callable[[float], None]:
        def ready(at: float) -> None:
            if asked in self._starting:
                self._starting.remove(asked)
                self._ready += 1
                self._changed(at)

        return ready

    def _changed(self, at: float) -> None:
        self._queue.passing = self._ready * self.per_router
        starting = len(self._starting)
        self.log.note(at, self._ready + starting, self._ready, starting)
        self.on_change()
