"""What no single key can show: keys that contradict each other, and wishes that no cluster can meet."""

from __future__ import annotations

from collections.abc import Iterator

from autoscaler.core.share import nodes_for
from autoscaler.settings.build import ceiling_of, forecasters, gpus_of, pool_of
from autoscaler.settings.keys import (
    DEFAULT_FORECASTER,
    REACTIVE,
    FileKeys,
    LoadKeys,
    NodeKeys,
    ObjectiveKeys,
    PoolKeys,
    WorkloadKeys,
)
from autoscaler.settings.lines import Location
from autoscaler.settings.problems import Problem, nearest


def mistakes(keys: FileKeys) -> list[Problem]:
    """Everything that must be put right before a tick."""
    found = [*_shared_mistakes(keys)]
    for name, pool in keys.pools.items():
        found += _pool_mistakes(("pools", name), pool)
    placed = True
    for name, workload in keys.workloads.items():
        wrong = [*_workload_mistakes(("workloads", name), workload), *_place_mistakes(name, workload, keys)]
        placed = placed and not wrong
        found += wrong
    # The sums below mean something only where every server has its place.
    return found if found or not placed else [*_floors_without_room(keys)]


def warnings(keys: FileKeys) -> tuple[str, ...]:
    """What can be used, but hardly is what was meant. Only for keys without mistakes."""
    return tuple(warning for name, pool in keys.pools.items() for warning in _pool_warnings(name, pool, keys))


def _shared_mistakes(keys: FileKeys) -> Iterator[Problem]:
    yield from _objective_mistakes(("policy", "objective"), keys.policy.objective)
    name = keys.policy.forecaster
    # The two that need no catalogue, so that the usual start does not load it.
    if name not in (DEFAULT_FORECASTER, REACTIVE) and name not in (known := forecasters()):
        yield Problem(("policy", "forecaster"), f"'{name}' is not a forecaster; {nearest(name, known)}")


def _pool_mistakes(at: Location, pool: PoolKeys) -> Iterator[Problem]:
    if pool.min > pool.max:
        yield Problem((*at, "min"), f"{pool.min} is larger than max {pool.max}; make min ≤ max")
    yield from _slower(at, "node", pool.node)
    least = pool.min * pool.price_per_hour
    if pool.budget_per_hour is not None and pool.budget_per_hour < least:
        yield Problem(
            (*at, "budget_per_hour"),
            f"{pool.budget_per_hour:g} does not pay for the {pool.min} nodes of min; they cost {least:g}",
        )


def _workload_mistakes(at: Location, workload: WorkloadKeys) -> Iterator[Problem]:
    server, router, load = workload.servers, workload.routers, workload.load
    if server.max is not None and server.min > server.max:
        yield Problem(
            (*at, "servers", "min"), f"{server.min} is larger than max {server.max}; make min ≤ max"
        )
    if router is not None and router.min > router.max:
        yield Problem(
            (*at, "routers", "min"), f"{router.min} is larger than max {router.max}; make min ≤ max"
        )
    yield from _objective_mistakes((*at, "objective"), workload.objective)
    yield from _slower(at, "load", load)
    if (load.weights is None) != (load.read_rate is None):
        given, wanted = ("weights", "read_rate") if load.weights is not None else ("read_rate", "weights")
        yield Problem((*at, "load", given), f"says nothing without {wanted}; give both, or neither")


def _objective_mistakes(at: Location, objective: ObjectiveKeys) -> Iterator[Problem]:
    if objective.utilisation is not None and objective.model_fields_set & {"wait", "share"}:
        yield Problem(
            (*at, "utilisation"), "stands beside wait or share; state a wait with its share, or a utilisation"
        )


def _slower(at: Location, key: str, times: NodeKeys | LoadKeys) -> Iterator[Problem]:
    if times.p90 is not None and times.p90 < times.median:
        yield Problem(
            (*at, key, "p90"),
            f"{times.p90:g}s is shorter than the median {times.median:g}s; make p90 ≥ median",
        )


def _place_mistakes(name: str, workload: WorkloadKeys, keys: FileKeys) -> Iterator[Problem]:
    at, server = ("workloads", name, "servers"), workload.servers
    pool_name = pool_of(workload, keys)
    if pool_name is None:
        yield Problem((*at, "pool"), f"is missing; say which of {', '.join(sorted(keys.pools))}")
        return
    pool = keys.pools.get(pool_name)
    if pool is None:
        yield Problem((*at, "pool"), f"no pool is called '{pool_name}'; {nearest(pool_name, keys.pools)}")
        return
    gpus, node = gpus_of(server, pool), pool.gpus_per_node
    if gpus > server.nodes * node:
        yield Problem(
            (*at, "gpus"),
            f"{gpus} do not fit {_nodes(server.nodes)} of {node} GPUs;"
            f" say nodes: {-(-gpus // node)}, or fewer GPUs",
        )
    elif server.nodes > pool.max:
        yield Problem(
            (*at, "nodes"), f"{server.nodes} for one server are more than max {pool.max} of {pool_name}"
        )
    else:
        yield from _ceiling_mistakes(("workloads", name), workload, pool)


def _ceiling_mistakes(at: Location, workload: WorkloadKeys, pool: PoolKeys) -> Iterator[Problem]:
    ceiling = ceiling_of(workload.servers, pool)
    if workload.servers.max is None and workload.servers.min > ceiling:
        yield Problem(
            (*at, "servers", "min"),
            f"{workload.servers.min} is more than the {ceiling} that the pool can hold",
        )
    for index, floor in enumerate(workload.floors):
        if floor.servers > ceiling:
            yield Problem(
                (*at, "floors", index, "servers"),
                f"{floor.servers} is more than max {ceiling} of the servers, and the ceiling wins;"
                f" make it ≤ {ceiling}",
            )


def _floors_without_room(keys: FileKeys) -> Iterator[Problem]:
    for name, pool in keys.pools.items():
        needed = _nodes_needed(name, keys, {n: w.servers.min for n, w in keys.workloads.items()})
        if needed > pool.max:
            yield Problem(
                ("pools", name, "max"),
                f"{pool.max} cannot hold the min of its workloads, who need {needed} nodes;"
                " raise max, or lower a min",
            )


def _pool_warnings(name: str, pool: PoolKeys, keys: FileKeys) -> Iterator[str]:
    users = {n: w for n, w in keys.workloads.items() if pool_of(w, keys) == name}
    if not users:
        yield f"pools.{name}: no workload uses it"
        return
    wanted = _nodes_needed(name, keys, {n: ceiling_of(w.servers, pool) for n, w in users.items()})
    if wanted > pool.max:
        yield (
            f"pools.{name}: max {pool.max} cannot hold all ceilings at once, they need {wanted} nodes;"
            " priority and need will share the room"
        )
    floors = {n: max([w.servers.min, *(f.servers for f in w.floors)]) for n, w in users.items()}
    scheduled = _nodes_needed(name, keys, floors)
    if scheduled > pool.max:
        yield f"pools.{name}: max {pool.max} cannot hold all floors at once, they may need {scheduled} nodes"
    cost = scheduled * pool.price_per_hour
    if pool.budget_per_hour is not None and cost > pool.budget_per_hour:
        yield (
            f"pools.{name}: the floors may cost {cost:g} an hour; a floor beats the budget of"
            f" {pool.budget_per_hour:g}"
        )


def _nodes_needed(pool: str, keys: FileKeys, counts: dict[str, int]) -> int:
    node = keys.pools[pool].gpus_per_node
    users = [(n, w.servers) for n, w in keys.workloads.items() if pool_of(w, keys) == pool]
    return nodes_for([(counts[n], gpus_of(s, keys.pools[pool]), s.nodes) for n, s in users], node)


def _nodes(count: int) -> str:
    return "a node" if count == 1 else f"{count} nodes"
