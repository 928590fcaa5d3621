"""One node pool, several workloads: who gets the room, and how many nodes carry what was settled."""

from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import NamedTuple


class Claim(NamedTuple):
    """What one workload asks of a pool."""

    name: str
    priority: int
    floor: int  # servers it must not starve below
    want: int
    gpus: int  # of one server, on one node
    nodes: int = 1  # of one server


def nodes_for(counts: Sequence[tuple[int, int, int]], gpus_per_node: int) -> int:
    """Nodes that carry (servers, GPUs each, nodes each)."""
    spanning = sum(count * spanned for count, _, spanned in counts if spanned > 1)
    small = [(gpus, count) for count, gpus, spanned in counts if spanned == 1 and count]
    if _chain([gpus for gpus, _ in small], gpus_per_node):
        return spanning + -(-sum(gpus * count for gpus, count in small) // gpus_per_node)
    return spanning + _first_fit(small, gpus_per_node)


def _chain(sizes: Sequence[int], node: int) -> bool:
    """Whether each size divides the next and all divide the node (1, 2, 4 of 8): nothing is wasted then."""
    ordered = [*sorted(set(sizes)), node]
    return all(b % a == 0 for a, b in pairwise(ordered))


def _first_fit(small: Sequence[tuple[int, int]], node: int) -> int:
    """Largest first, each on the first node with room."""
    free: list[int] = []
    for gpus, count in sorted(small, reverse=True):
        left = count
        for i, room in enumerate(free):
            placed = min(left, room // gpus)
            free[i] -= placed * gpus
            left -= placed
        while left > 0:
            placed = min(left, node // gpus)
            free.append(node - placed * gpus)
            left -= placed
    return len(free)


def allot(
    claims: Sequence[Claim], nodes: int, gpus_per_node: int, least: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Servers for each claim on `nodes` nodes: floors first, then by priority, within a priority by need.

    One server at a time to whom the largest share of its want is missing: 3 of 6 and 1 of 2 are equal.
    """
    if nodes_for([(c.want, c.gpus, c.nodes) for c in claims], gpus_per_node) <= nodes:
        return {claim.name: claim.want for claim in claims}
    given = {claim.name: 0 for claim in claims}
    takes = _taker(claims, given, nodes, gpus_per_node)
    if least is not None:
        _fill(given, claims, least, takes)
    _fill(given, claims, {c.name: min(c.floor, c.want) for c in claims}, takes)
    _fill(given, claims, {c.name: c.want for c in claims}, takes)
    return given


def _taker(
    claims: Sequence[Claim], given: Mapping[str, int], nodes: int, gpus_per_node: int
) -> Callable[[Claim], bool]:
    """Whether one more server of a claim finds room; where sizes chain, a running sum tells."""
    if _chain([c.gpus for c in claims if c.nodes == 1], gpus_per_node):
        free = [nodes * gpus_per_node]

        def take(claim: Claim) -> bool:
            size = claim.gpus if claim.nodes == 1 else claim.nodes * gpus_per_node
            if size > free[0]:
                return False
            free[0] -= size
            return True

        return take
    return lambda claim: (
        nodes_for([(given[c.name] + (c.name == claim.name), c.gpus, c.nodes) for c in claims], gpus_per_node)
        <= nodes
    )


def _fill(
    given: dict[str, int],
    claims: Sequence[Claim],
    want: Mapping[str, int],
    takes: Callable[[Claim], bool],
) -> None:
    for priority in sorted({c.priority for c in claims}, reverse=True):
        waiting = [
            (given[c.name] / want[c.name], c.name, c)
            for c in claims
            if c.priority == priority and given[c.name] < want[c.name]
        ]
        heapify(waiting)
        while waiting:
            _, name, claim = heappop(waiting)
            if not takes(claim):
                continue  # no room for one of its size; a smaller one may still find some
            given[name] += 1
            if given[name] < want[name]:
                heappush(waiting, (given[name] / want[name], name, claim))
