"""Keys that were checked → values of the core."""

from __future__ import annotations

from autoscaler.control.calendar import Cron, Schedule
from autoscaler.core.cluster import Target, routers, servers
from autoscaler.core.policy import Limits, Objective, Policy, Pool, Workload
from autoscaler.core.profile import Prior, Profile
from autoscaler.settings.keys import (
    REACTIVE,
    FileKeys,
    LoadKeys,
    MoveKeys,
    NodeKeys,
    ObjectiveKeys,
    PolicyKeys,
    PoolKeys,
    RouterKeys,
    ServerKeys,
    SharedKeys,
    WorkloadKeys,
)
from autoscaler.settings.values import Settings


def build(keys: FileKeys, warnings: tuple[str, ...] = ()) -> Settings:
    """Everything the file and the environment said, as values."""
    shared = keys.policy
    called: dict[Target, str] = {}
    for name, workload in keys.workloads.items():
        if workload.servers.target:
            called[servers(name)] = workload.servers.target
        if workload.routers and workload.routers.target:
            called[routers(name)] = workload.routers.target
    return Settings(
        policy=Policy(
            workloads={name: _workload(name, w, keys) for name, w in keys.workloads.items()},
            pools={name: _pool(name, pool, shared) for name, pool in keys.pools.items()},
        ),
        forecaster=shared.forecaster,
        schedules={name: schedules(w, shared) for name, w in keys.workloads.items() if w.floors},
        called=called,
        warnings=warnings,
    )


def forecasters() -> tuple[str, ...]:
    """Every name that `forecaster` may have."""
    from forecasting.catalogue import FORECASTERS

    return (*FORECASTERS, REACTIVE)


def pool_of(workload: WorkloadKeys, keys: FileKeys) -> str | None:
    """The pool by name, or the only one there is."""
    if workload.servers.pool is None and len(keys.pools) == 1:
        return next(iter(keys.pools))
    return workload.servers.pool


def gpus_of(server: ServerKeys, pool: PoolKeys) -> int:
    """GPUs of one server: as stated, or whole nodes where it spans several, or one."""
    return server.gpus or (server.nodes * pool.gpus_per_node if server.nodes > 1 else 1)


def held_by(pool: PoolKeys, server: ServerKeys) -> int:
    """How many servers of this kind the pool can hold at most."""
    if server.nodes > 1:
        return pool.max // server.nodes
    return pool.max * (pool.gpus_per_node // gpus_of(server, pool))


def ceiling_of(server: ServerKeys, pool: PoolKeys) -> int:
    return server.max if server.max is not None else held_by(pool, server)


def schedules(workload: WorkloadKeys, shared: PolicyKeys) -> tuple[Schedule, ...]:
    zone = said(workload, shared).timezone
    return tuple(
        Schedule(start=Cron(f.schedule, zone), until=Cron(f.until, zone), servers=f.servers)
        for f in workload.floors
    )


def said(workload: WorkloadKeys, shared: PolicyKeys) -> SharedKeys:
    """What the workload says, and `policy` where it says nothing."""
    own = {key: getattr(workload, key) for key in workload.model_fields_set if key in SharedKeys.model_fields}
    common = {key: getattr(shared, key) for key in shared.model_fields_set if key in SharedKeys.model_fields}
    return SharedKeys.model_construct(**{**common, **own})


def _workload(name: str, keys: WorkloadKeys, file: FileKeys) -> Workload:
    shared, pool = said(keys, file.policy), pool_of(keys, file)
    assert pool is not None  # checked before
    ceiling = ceiling_of(keys.servers, file.pools[pool])
    return Workload(
        name=name,
        pool=pool,
        profile=_profile(keys, file.pools[pool]),
        objective=_objective(shared.objective),
        servers=_limits(keys.servers, file.policy, keys.servers.min, ceiling),
        routers=_limits(keys.routers, file.policy, keys.routers.min, keys.routers.max)
        if keys.routers
        else None,
        router_utilisation=(keys.routers or RouterKeys()).utilisation,
        priority=keys.priority,
        headroom=shared.headroom,
        level=shared.level,
        miss_price=shared.miss_price,
        repay_s=shared.repay,
    )


def _pool(name: str, keys: PoolKeys, shared: PolicyKeys) -> Pool:
    return Pool(
        name=name,
        nodes=_limits(keys, shared, keys.min, keys.max),
        gpus_per_node=keys.gpus_per_node,
        price_per_hour=keys.price_per_hour,
        node=_prior(keys.node, Pool(name=name).node),
        drain_s=keys.drain,
        budget_per_hour=keys.budget_per_hour,
    )


def _profile(keys: WorkloadKeys, pool: PoolKeys) -> Profile:
    capacity, load, usual = keys.capacity, keys.load, Profile()
    return Profile(
        prompt_tokens_per_second=capacity.prompt_tokens_per_second,
        output_tokens_per_second=capacity.output_tokens_per_second,
        places=capacity.places,
        first_token_s=capacity.first_token,
        per_token_s=capacity.per_token,
        prompt_tokens=capacity.prompt_tokens,
        output_tokens=capacity.output_tokens,
        gpus_per_server=gpus_of(keys.servers, pool),
        nodes_per_server=keys.servers.nodes,
        preallocates_memory=capacity.preallocates_memory,
        requests_per_router=(keys.routers or RouterKeys()).requests_per_second,
        load=_prior(load, usual.load),
        weights_gigabytes=load.weights,
        read_gigabytes_per_second=load.read_rate,
    )


def _prior(keys: NodeKeys | LoadKeys, usual: Prior) -> Prior:
    """Where only the median is stated, the slow ones are as much slower as they usually are."""
    return Prior(median=keys.median, p90=keys.p90 or round(keys.median * usual.p90 / usual.median, 3))


def _objective(keys: ObjectiveKeys) -> Objective:
    return Objective(wait_s=keys.wait, share=keys.share, utilisation=keys.utilisation)


def _limits(keys: MoveKeys, shared: PolicyKeys, floor: int, ceiling: int) -> Limits:
    own = {key: getattr(keys, key) for key in keys.model_fields_set if key in MoveKeys.model_fields}
    common = {key: getattr(shared, key) for key in shared.model_fields_set if key in MoveKeys.model_fields}
    moves = MoveKeys.model_construct(**{**common, **own})
    return Limits(
        floor=floor,
        ceiling=ceiling,
        cooldown_down_s=moves.cooldown_down,
        stabilisation_s=moves.stabilisation,
        step_up=moves.step_up,
        step_down=moves.step_down,
        down_per_hour=moves.down_per_hour,
        paused=moves.paused,
    )
