"""A replay of what an operator stated: their workloads and pools, fed by their traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from autoscaler.core.policy import Policy
from autoscaler.core.profile import Prior
from autoscaler.replay.offered import offer
from autoscaler.replay.setting import Setting
from autoscaler.replay.trace import Trace, TraceError, common, split
from autoscaler.replay.world import Between, World


def stated_setting(
    policy: Policy,
    traces: Mapping[str, Trace],
    *,
    score: Literal["auto", "all"] | float = "auto",
    interpolate: bool = False,
    world: World | None = None,
) -> Setting:
    """The policy as it was stated; a workload without a trace of its name is left out.

    One workload and one trace belong together whatever they are called. Starts take what the priors say,
    drawn evenly from the median ± (90 % quantile − median).
    """
    matched = _match(policy, traces)
    parts = {name: split(trace, score) for name, trace in matched.items()}
    start, end = common(parts)
    workloads = {name: policy.workloads[name] for name in matched}
    pools = {w.pool: policy.pools[w.pool] for w in workloads.values()}
    world = world or World()
    world = replace(
        world,
        node_delays={name: _evenly(pool.node) for name, pool in pools.items()},
        loads={name: _evenly(workload.profile.load) for name, workload in workloads.items()},
    )
    offered = {}
    for name, part in parts.items():
        used = part.used.interpolated() if interpolate else part.used
        offered[name] = offer(used, workloads[name].profile, start=start, end=end, step_s=world.step_s)
    end = start + world.step_s * next(iter(offered.values())).steps
    return Setting(Policy(workloads=workloads, pools=pools), offered, world, start, end)


def _match(policy: Policy, traces: Mapping[str, Trace]) -> dict[str, Trace]:
    if len(policy.workloads) == 1 and len(traces) == 1:
        return dict(zip(policy.workloads, traces.values(), strict=True))
    unknown = sorted(set(traces) - set(policy.workloads))
    if unknown:
        known = ", ".join(policy.workloads)
        raise TraceError(f"{unknown[0]}: no workload of that name in the configuration; it has {known}")
    return {name: traces[name] for name in policy.workloads if name in traces}


def _evenly(prior: Prior) -> Between:
    spread = prior.p90 - prior.median
    return max(prior.median - spread, 0.0), prior.median + spread
