"""Simulated nodes of one pool and the servers on them: started, filled, emptied, drained, failed, billed.

Every node-second from the start of an order to the end of the drain is billed. Unused are those in which
a usable node carried no server, and the whole start of a node that never carried one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from autoscaler.core.cluster import Fleet, StageTime, Target, nodes
from autoscaler.core.policy import Pool
from autoscaler.replay.cluster_pods import Server, Servers, perfect_order, replicaset_order
from autoscaler.replay.happenings import Agenda, Log, Move
from autoscaler.replay.world import World


@dataclass(slots=True, eq=False)
class Node:
    serial: int
    asked: float
    billed_from: float
    free: int  # GPUs
    ready: float | None = None
    used: int = 0  # GPUs
    served: bool = False  # whether a server ever stood on it
    empty_since: float = 0.0
    unused_s: float = 0.0


@dataclass(slots=True, eq=False)
class Machines:
    """One pool: its nodes, and the servers of all workloads that share it."""

    pool: Pool
    world: World
    agenda: Agenda
    dice: Random
    fleets: dict[str, Servers]
    moves: list[Move]
    stages: list[StageTime]
    on_change: Callable[[], None]
    starting: list[Node] = field(default_factory=list)  # oldest first
    ready: list[Node] = field(default_factory=list)
    draining: list[float] = field(default_factory=list)  # when each drain ends
    billed_s: float = 0.0  # of nodes that have left, to the end of their drain
    unused_s: float = 0.0
    log: Log = field(default_factory=Log)
    serials: int = 0

    @property
    def target(self) -> Target:
        return nodes(self.pool.name)

    @property
    def count(self) -> int:
        return len(self.starting) + len(self.ready)

    def fleet(self) -> Fleet:
        return Fleet(self.count, len(self.ready), tuple(node.asked for node in self.starting))

    def begin(self, at: float, n: int, wanted: dict[str, int]) -> None:
        """`n` nodes and their servers, all ready."""
        for _ in range(n):
            node = self._node(at, at)
            node.ready = at
            self.ready.append(node)
            self._emptied(node, at)
        for name, servers in wanted.items():
            for _ in range(servers):
                self._place(self._server(self.fleets[name], at), at)
        for fleet in self.fleets.values():
            for server in fleet.members:
                server.ready = at if server.nodes else None
        self._settle(at)

    # --- what a policy asks ---------------------------------------------------------------------------

    def resize(self, at: float, to: int) -> None:
        """So many nodes. Fewer: the newest of those that start, then the emptiest, servers and all."""
        by = to - self.count
        if by:
            self.moves.append(Move(at, self.target, by))
        for _ in range(by):
            self._order(at)
        for _ in range(-by):
            if self.starting:
                self._cancel(self.starting[-1], at)
            else:
                self._release(min(self.ready, key=lambda node: (node.used, -node.serial)), at)
        self._settle(at)

    def resize_servers(self, at: float, fleet: Servers, to: int) -> None:
        by = to - len(fleet.members)
        if by:
            self.moves.append(Move(at, fleet.target, by))
        for _ in range(by):
            self._server(fleet, at)
        if by < 0:
            order = perfect_order if self.world.packing == "perfect" else replicaset_order
            for server in order(fleet.members, -by):
                self._remove(server, at)
        self._settle(at)

    def fail(self, at: float, node: Node) -> None:
        """A ready node dies; the provider starts another in its place."""
        self._leave(node, at, billed_until=at)
        self._order(at)
        self._settle(at)

    # --- nodes ----------------------------------------------------------------------------------------

    def _node(self, asked: float, billed_from: float) -> Node:
        self.serials += 1
        return Node(self.serials, asked, billed_from, self.pool.gpus_per_node)

    def _order(self, at: float) -> None:
        begins = self.world.stocked_at(at)
        node = self._node(at, begins)
        self.starting.append(node)
        delay = self.dice.uniform(*self.world.node_delay_at(begins, self.pool.name))
        if self.world.boot_failures and self.dice.random() < self.world.boot_failures:
            self.agenda.enter(begins + self.world.boot_timeout_s, partial(self._dropped, node))
        else:
            self.agenda.enter(begins + delay, partial(self._booted, node))

    def _booted(self, node: Node, at: float) -> None:
        if node not in self.starting:
            return
        self.starting.remove(node)
        self.ready.append(node)
        node.ready = at
        self.stages.append(StageTime(self.target, "node", at - node.asked, at))
        self._emptied(node, at)
        self._settle(at)

    def _dropped(self, node: Node, at: float) -> None:
        """The provider gives up a node that never got ready, and starts another."""
        if node in self.starting:
            self._cancel(node, at)
            self._order(at)
            self._settle(at)

    def _cancel(self, node: Node, at: float) -> None:
        self.starting.remove(node)
        self.billed_s += max(at - node.billed_from, 0.0)
        self.unused_s += max(at - node.billed_from, 0.0)

    def _release(self, node: Node, at: float) -> None:
        drain = self.pool.drain_s if self.world.drain_s is None else self.world.drain_s
        self._leave(node, at, billed_until=at + drain)
        self.draining = [end for end in self.draining if end > at]
        self.draining.append(at + drain)

    def _leave(self, node: Node, at: float, *, billed_until: float) -> None:
        """The node goes; what stood on it waits for another place, and loads again there."""
        self.ready.remove(node)
        for fleet in self.fleets.values():
            for server in [s for s in fleet.members if node in s.nodes]:
                self._remove(server, at)
                self._server(fleet, at)
        self.billed_s += billed_until - node.billed_from
        self.unused_s += self._unused(node, at)

    def _unused(self, node: Node, at: float) -> float:
        idle = node.unused_s + (at - node.empty_since if not node.used else 0.0)
        return idle if node.served or node.ready is None else idle + node.ready - node.billed_from

    # --- servers --------------------------------------------------------------------------------------

    def _server(self, fleet: Servers, at: float) -> Server:
        self.serials += 1
        server = Server(self.serials, fleet, at)
        fleet.members.append(server)
        return server

    def _remove(self, server: Server, at: float) -> None:
        server.of.members.remove(server)
        if server.nodes:
            server.of.held_s += at - server.placed
        for node in server.nodes:
            node.used -= self._share(server)
            node.free += self._share(server)
            if not node.used:
                self._emptied(node, at)
        server.nodes = ()

    def _share(self, server: Server) -> int:
        """GPUs that a server takes of each of its nodes: all, when it stands on several."""
        return server.of.gpus if server.of.span == 1 else self.pool.gpus_per_node

    def _place(self, server: Server, at: float) -> bool:
        share, span = self._share(server), server.of.span
        room = [node for node in self.ready if node.free >= share]
        if len(room) < span:
            return False
        # Perfect: the fullest, of empty ones the last emptied. Kubernetes' scheduler: the emptiest.
        sign = -1 if self.world.packing == "perfect" else 1
        room.sort(key=lambda node: (sign * node.used, -node.empty_since, node.serial))
        for node in room[:span]:
            if not node.used:
                node.unused_s += at - node.empty_since
            node.used, node.free, node.served = node.used + share, node.free - share, True
        server.nodes, server.placed = tuple(room[:span]), at
        return True

    def _loaded(self, server: Server, at: float) -> None:
        if server.nodes:
            server.ready = at
            self.stages.append(StageTime(server.of.target, "load", at - server.placed, at))
            server.of.changed(at)
            self.on_change()

    # --- keeping in step ------------------------------------------------------------------------------

    def _settle(self, at: float) -> None:
        """Servers that wait take the room there is, the longest waiting first; the rest may ask for nodes."""
        pending = self._pending()
        left = []
        for server in pending:
            if self._place(server, at):
                load = self.dice.uniform(*self.world.load_at(at, server.of.name))
                self.agenda.enter(at + load, partial(self._loaded, server))
            else:
                left.append(server)
        if self.world.nodes_follow and left:
            self._follow(left, at)
        for fleet in self.fleets.values():
            fleet.changed(at)
        self.log.note(at, self.count, len(self.ready), len(self.starting))
        self.on_change()

    def _pending(self) -> list[Server]:
        waiting = [s for fleet in self.fleets.values() for s in fleet.members if not s.nodes]
        return sorted(waiting, key=lambda server: (server.asked, server.serial))

    def _follow(self, left: Iterable[Server], at: float) -> None:
        """Order a node for every server that the starting nodes will not hold, up to the ceiling."""
        rooms = [self.pool.gpus_per_node] * len(self.starting)
        ordered = 0
        for server in left:
            share, span = self._share(server), server.of.span
            fits = [i for i, room in enumerate(rooms) if room >= share][:span]
            new = span - len(fits)
            if self.count + ordered + new > self.pool.nodes.ceiling:
                continue
            ordered += new
            rooms.extend([self.pool.gpus_per_node] * new)
            for i in [*fits, *range(len(rooms) - new, len(rooms))]:
                rooms[i] -= share
        if ordered:
            self.moves.append(Move(at, self.target, ordered))
        for _ in range(ordered):
            self._order(at)

    def _emptied(self, node: Node, at: float) -> None:
        node.empty_since = at
        if self.world.nodes_follow:
            self.agenda.enter(at + self.world.unneeded_s, partial(self._unneeded, node, at))

    def _unneeded(self, node: Node, since: float, at: float) -> None:
        """Released by the node autoscaler when it has been empty all the time since then."""
        still = node in self.ready and not node.used and node.empty_since == since
        if still and self.count > self.pool.nodes.floor:
            self.moves.append(Move(at, self.target, -1))
            self._release(node, at)
            self._settle(at)

    # --- at the end -----------------------------------------------------------------------------------

    def billed_until(self, at: float) -> float:
        """Node-seconds billed so far."""
        alive = sum(max(at - node.billed_from, 0.0) for node in (*self.starting, *self.ready))
        ahead = sum(max(end - at, 0.0) for end in self.draining)
        return self.billed_s + alive - ahead

    def unused_until(self, at: float) -> float:
        return self.unused_s + sum(self._unused(node, at) for node in self.ready)
