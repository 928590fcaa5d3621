"""Counts that come and go → how long each start took. Who asked first is taken to be ready first.

A server that waits for a node is not loading yet: its load begins when its pool has room for it. So the two
stages, `node` and `load`, can be told apart from counts alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from autoscaler.adapters.pipe.lines import Count
from autoscaler.core.cluster import Fleet, StageTime, Target, nodes, servers
from autoscaler.core.policy import Policy, Workload


@dataclass(slots=True)
class Start:
    asked: float
    began: float | None = None  # of a server: when it had a node to load on
    looked: bool = False  # whether anybody has looked for one


@dataclass(slots=True)
class Queue:
    """What one target has asked for and not got yet, oldest first."""

    ready: int | None = None  # at the line before; None: never seen
    waiting: list[Start] = field(default_factory=list)


class Starts:
    """Follows every target from line to line."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._queues: dict[Target, Queue] = {}

    def asked(self, target: Target, more: int, at: float) -> None:
        """We ordered `more` of a target."""
        self._queue(target).waiting += [Start(at) for _ in range(more)]

    def follow(
        self, counts: Mapping[Target, Count], at: float
    ) -> tuple[dict[Target, Fleet], list[StageTime]]:
        """The fleets as they stand, and the starts that ended since the line before."""
        stages: list[StageTime] = []
        for target, count in counts.items():
            stages += self._settle(target, count, at)
        self._begin(counts, at)
        fleets = {
            target: Fleet(count.desired, count.ready, tuple(s.asked for s in self._queue(target).waiting))
            for target, count in counts.items()
        }
        return fleets, stages

    def _queue(self, target: Target) -> Queue:
        return self._queues.setdefault(target, Queue())

    def _settle(self, target: Target, count: Count, at: float) -> list[StageTime]:
        queue = self._queue(target)
        more = count.ready - queue.ready if queue.ready is not None else 0
        queue.ready = count.ready
        gone = len(queue.waiting) - count.starting
        if gone < 0:  # somebody else asked, or we see them for the first time
            queue.waiting += [Start(at) for _ in range(-gone)]
            return []
        arrived = [queue.waiting.pop(0) for _ in range(min(gone, max(more, 0)))]
        del queue.waiting[count.starting :]  # taken back: the youngest are let go first
        stage, since = (
            "node" if target.kind == "nodes" else "load",
            [start.began if target.kind == "servers" else start.asked for start in arrived],
        )
        return [
            StageTime(target, stage, at - begun, at) for begun in since if begun is not None and begun < at
        ]

    def _begin(self, counts: Mapping[Target, Count], at: float) -> None:
        """Servers begin to load where their pool has room; who asked first takes it first."""
        for pool in self._policy.pools.values():
            known = counts.get(nodes(pool.name))
            each = {w.name: _gpus(w, pool.gpus_per_node) for w in self._policy.users(pool.name)}
            queues = {name: self._queue(servers(name)) for name in each}
            loading = sorted(
                ((start, name) for name, queue in queues.items() for start in queue.waiting),
                key=lambda pair: pair[0].asked,
            )
            used = sum((queue.ready or 0) * each[name] for name, queue in queues.items())
            used += sum(each[name] for start, name in loading if start.began is not None)
            # Where nobody counts the nodes, a server is taken to load from the moment it was asked for.
            room = known.ready * pool.gpus_per_node if known is not None else inf
            for start, name in loading:
                if start.began is None and used + each[name] <= room:
                    start.began = at if start.looked else start.asked
                    used += each[name]
                start.looked = True


def _gpus(workload: Workload, gpus_per_node: int) -> int:
    """What one server takes of its pool; one that spans nodes takes them whole."""
    spanned = workload.profile.nodes_per_server
    return spanned * gpus_per_node if spanned > 1 else workload.profile.gpus_per_server
