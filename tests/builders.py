"""Values for tests: say only what matters."""

from collections.abc import Mapping
from typing import Any

from autoscaler.core.chosen import Chosen
from autoscaler.core.cluster import Fleet, Target, nodes, servers
from autoscaler.core.decide import Inputs
from autoscaler.core.demand import Demand
from autoscaler.core.lead_time import Lead, LeadTimes, lead_for
from autoscaler.core.observation import (
    ARRIVALS,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    RUNNING,
    WAITING,
    Reading,
)
from autoscaler.core.outlook import Outlook
from autoscaler.core.policy import Limits, Policy, Pool, Workload
from autoscaler.core.profile import Profile

AT = 1_700_000_000.0 // 60 * 60


def a_workload(name: str = "chat", **changes: Any) -> Workload:
    defaults: dict[str, Any] = {
        "pool": "h100",
        "profile": Profile(gpus_per_server=4),
        "servers": Limits(floor=1, ceiling=48),
    }
    return Workload(name=name, **(defaults | changes))


def a_pool(name: str = "h100", **changes: Any) -> Pool:
    defaults: dict[str, Any] = {"nodes": Limits(floor=1, ceiling=24), "gpus_per_node": 8}
    return Pool(name=name, **(defaults | changes))


def a_policy(*workloads: Workload, pool: Pool | None = None) -> Policy:
    workloads = workloads or (a_workload(),)
    pool = pool or a_pool()
    return Policy(workloads={w.name: w for w in workloads}, pools={pool.name: pool})


def a_lead(policy: Policy | None = None, name: str = "chat") -> Lead:
    policy = policy or a_policy()
    workload = policy.workloads[name]
    return lead_for(LeadTimes(), workload, policy.pools[workload.pool])


def a_demand(work: float = 10.0, **changes: Any) -> Demand:
    defaults: dict[str, Any] = {
        "backlog": 0.0,
        "requests": work * 7.0,
        "kv_use": None,
        "memory_excess": 0.0,
        "may_lower": True,
    }
    return Demand(work=work, **(defaults | changes))


def an_outlook(ahead: float = 10.0, hold: float | None = None, **changes: Any) -> Outlook:
    defaults: dict[str, Any] = {"origin": AT, "level": 0.97, "expected": ahead * 0.9, "method": "memories"}
    return Outlook(ahead=ahead, hold=ahead if hold is None else hold, **(defaults | changes))


def readings(
    arrivals: float | None = 70.0,
    *,
    at: float = AT,
    waiting: float | None = 0.0,
    running: float | None = 600.0,
    prompt: float | None = None,
    output: float | None = None,
    **more: Reading,
) -> Mapping[str, Reading]:
    return {
        ARRIVALS: Reading(arrivals, at),
        WAITING: Reading(waiting, at),
        RUNNING: Reading(running, at),
        PROMPT_TOKENS: Reading(prompt, at),
        OUTPUT_TOKENS: Reading(output, at),
        **more,
    }


def some_inputs(
    policy: Policy,
    *,
    servers_desired: int = 12,
    demand: Demand | None = None,
    blind: bool = False,
    outlook: Outlook | None = None,
    **changes: Any,
) -> Inputs:
    """One workload at rest on a pool that carries it, with a full stabilisation window of what it has."""
    (name,) = policy.workloads
    (pool,) = policy.pools
    per_node = policy.workloads[name].profile.servers_per_node(policy.pools[pool].gpus_per_node)
    node_count = -(-servers_desired // per_node)
    fleets: dict[Target, Fleet] = {
        servers(name): Fleet(servers_desired, servers_desired),
        nodes(pool): Fleet(node_count, node_count),
    }
    defaults: dict[str, Any] = {
        "at": AT,
        "scope": "all",
        "generation": 0,
        "fleets": fleets,
        "demands": {name: None if blind else (demand or a_demand())},
        "outlooks": {} if outlook is None else {name: outlook},
        "leads": {name: a_lead(policy, name)},
        "router_loads": {},
        "recents": {servers(name): 0, nodes(pool): 0},
        "calendar": {},
        "moves": {},
        "chosen": {name: Chosen(16.0)},
    }
    return Inputs(**(defaults | changes))
