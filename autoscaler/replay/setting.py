"""The measured setting: one world for all policies, so that figures compare. Knows traces, never file names.

The last 21 days at most, the last week (or half) scored; capacity scaled so that the 99.9 % quantile of the
work that arrives each second is 32 servers; 4 GPUs a server, 8-GPU nodes, 1 to 24 of them for each workload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from autoscaler.core.policy import Limits, Objective, Policy, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.replay.offered import Offered, offer, tokens, work_of
from autoscaler.replay.trace import Trace, TraceError, common, split
from autoscaler.replay.world import World

POOL = "gpu"
PEAK_SERVERS = 32.0
PEAK_QUANTILE = 0.999
GPUS_PER_SERVER = 4
GPUS_PER_NODE = 8
NODES = 24  # the ceiling, for each workload
PROMPT_TOKENS = 1_200.0
OUTPUT_TOKENS = 220.0


class Setting(NamedTuple):
    policy: Policy
    offered: Mapping[str, Offered]
    world: World
    start: float
    end: float


def measured_setting(
    traces: Mapping[str, Trace],
    *,
    prompt_tokens: float = PROMPT_TOKENS,
    output_tokens: float = OUTPUT_TOKENS,
    score: Literal["auto", "all"] | float = "auto",
    interpolate: bool = True,
    objective: Objective | None = None,
    servers: Limits | None = None,
    nodes: Limits | None = None,
    price_per_hour: float = 1.0,
    world: World | None = None,
) -> Setting:
    """Policy, offered work and world of a benchmark over these traces; several share one pool.

    The tokens are those of a request where a trace has none. `interpolate` fills gaps by straight lines,
    for the benchmark only; without it a gap is unseen, and the controller blind.
    """
    world = world or World()
    parts = {name: split(trace, score) for name, trace in traces.items()}
    start, end = common(parts)
    usual = Profile(prompt_tokens=prompt_tokens, output_tokens=output_tokens, gpus_per_server=GPUS_PER_SERVER)
    workloads, offered = {}, {}
    for name, part in parts.items():
        used = part.used.interpolated() if interpolate else part.used
        profile = scaled(usual, used)
        offered[name] = offer(used, profile, start=start, end=end, step_s=world.step_s)
        workloads[name] = Workload(
            name=name,
            pool=POOL,
            profile=profile,
            objective=objective or Objective(),
            servers=servers or Limits(ceiling=NODES * GPUS_PER_NODE // GPUS_PER_SERVER),
        )
    limits = nodes or Limits(ceiling=NODES * len(traces))
    pool = Pool(name=POOL, nodes=limits, gpus_per_node=GPUS_PER_NODE, price_per_hour=price_per_hour)
    policy = Policy(workloads=workloads, pools={POOL: pool})
    end = start + world.step_s * next(iter(offered.values())).steps
    return Setting(policy, offered, world, start, end)


def scaled(profile: Profile, used: Trace) -> Profile:
    """The profile with its speed changed so that nearly the busiest second of this trace needs 32 servers."""
    prompt, output = tokens(used, profile)
    per_second = work_of(used.requests, prompt, output, profile) / used.step
    peak = float(np.nanquantile(per_second, PEAK_QUANTILE))
    if not peak > 0:
        raise TraceError(f"{used.name}: no work in nearly all steps; a trace needs requests to be scaled by")
    factor = peak / PEAK_SERVERS
    return replace(
        profile,
        prompt_tokens_per_second=profile.prompt_tokens_per_second * factor,
        output_tokens_per_second=profile.output_tokens_per_second * factor,
        first_token_s=profile.first_token_s / factor,
        per_token_s=profile.per_token_s / factor,
    )
