"""The clairvoyant bound of a whole setting: pool by pool, several workloads of a pool as one queue."""

from __future__ import annotations

from math import ceil

import numpy as np

from autoscaler.core.policy import Pool, Workload
from autoscaler.replay.optimum import Optimum, lower_bound, pooled
from autoscaler.replay.setting import Setting
from forecasting.series import FloatArray


def bound(setting: Setting) -> Optimum:
    """The least anyone could have spent on what was asked, knowing everything, with the shortest starts."""
    pools = [
        _bound_of_pool(setting, pool, users)
        for pool in setting.policy.pools.values()
        if (users := setting.policy.users(pool.name))
    ]
    if len(pools) == 1:
        return pools[0]
    asked = [
        sum(float(np.nansum(setting.offered[w.name].requests)) for w in setting.policy.users(p))
        for p in setting.policy.pools
        if setting.policy.users(p)
    ]
    served = sum(pool.attainment * count for pool, count in zip(pools, asked, strict=True))
    return Optimum(
        gpu_hours=sum(pool.gpu_hours for pool in pools),
        node_hours=sum(pool.node_hours for pool in pools),
        attainment=served / sum(asked) if sum(asked) else 1.0,
        kind="; ".join(dict.fromkeys(pool.kind for pool in pools)),
    )


def _bound_of_pool(setting: Setting, pool: Pool, users: tuple[Workload, ...]) -> Optimum:
    """In units of one node's work, so that workloads of different sizes add up: a relaxation, so a bound."""
    world = setting.world
    per_node = {w.name: _servers_on_a_node(w, pool) for w in users}
    works: list[FloatArray] = []
    requests = np.zeros_like(setting.offered[users[0].name].requests)
    begins = floors = 0.0
    for w in users:
        offered = setting.offered[w.name]
        works.append(np.nan_to_num(offered.work) / per_node[w.name])
        requests = requests + np.nan_to_num(offered.requests)
        begins += ceil(offered.before.work * world.initial_factor - 1e-9) / per_node[w.name]
        floors += w.servers.floor / per_node[w.name]
    work, wait_limit = pooled(works, [w.objective.wait_s for w in users])
    least = min(max(pool.nodes.floor, ceil(floors - 1e-9)), pool.nodes.ceiling)
    return lower_bound(
        work,
        step=world.step_s,
        wait_limit=wait_limit,
        servers_per_node=1.0,
        gpus_per_node=pool.gpus_per_node,
        min_nodes=least,
        max_nodes=pool.nodes.ceiling,
        start_cost_s=world.node_delay_of(pool.name)[0]
        + min(world.load_of(w.name)[0] for w in users)
        + _drain(setting, pool),
        initial_nodes=min(max(ceil(begins - 1e-9), least), pool.nodes.ceiling),
        requests=requests,
    )


def _servers_on_a_node(workload: Workload, pool: Pool) -> float:
    return workload.profile.servers_per_node(pool.gpus_per_node) / workload.profile.nodes_per_server


def _drain(setting: Setting, pool: Pool) -> float:
    return pool.drain_s if setting.world.drain_s is None else setting.world.drain_s
