"""Several policies through one setting, beside the optimum: the runs, and the object that `--json` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from autoscaler.cli.errors import BadInput

if TYPE_CHECKING:
    from autoscaler.assembly import PolicyRun, Watched
    from autoscaler.control.memory import FileJournal
    from autoscaler.core.policy import Policy, Pool, Workload
    from autoscaler.replay.optimum import Optimum
    from autoscaler.replay.setting import Setting
    from autoscaler.replay.sweep import Where
    from autoscaler.replay.world import Between, World
    from forecasting.series import FloatArray

OURS = "headway"
DATED = 1e8  # earlier instants belong to a trace that knows no calendar
DAY = 86_400.0
Least = Callable[[float], Mapping[str, int]]


class Plan(NamedTuple):
    """What is to be compared."""

    setting: Setting
    names: Sequence[str]  # of policies, ours first
    seed: int
    forecaster: str | None = None  # None: the default
    least: Least | None = None  # the calendar's floors


class Comparison(NamedTuple):
    plan: Plan
    optimum: Optimum
    runs: Mapping[str, PolicyRun]

    def figures(self) -> dict[str, dict[str, Any]]:
        return {name: run.scorecard.to_json() for name, run in self.runs.items()}

    @property
    def objective(self) -> float:
        """Percent of the requests that are to be served in time: the hardest wish of all workloads."""
        return 100.0 * max(w.objective.share for w in self.plan.setting.policy.workloads.values())

    @property
    def wait_s(self) -> float:
        return min(w.objective.wait_s for w in self.plan.setting.policy.workloads.values())


def chosen(against: str) -> list[str]:
    """Names of policies, ours first. Raises BadInput for one that nobody knows."""
    from autoscaler.assembly import POLICIES

    if against == "all":
        return [OURS, *(name for name in POLICIES if name != OURS)]
    asked = [] if against == "none" else [name.strip() for name in against.split(",") if name.strip()]
    if against != "none" and not asked:
        raise BadInput("--against: no name in it; say one like hpa, or all, or none")
    for name in ("all", "none"):
        if name in asked:
            raise BadInput(f"--against: {name} stands alone, not in a list")
    unknown = [name for name in asked if name not in POLICIES]
    if unknown:
        raise BadInput(
            f"--against: no policy is called {unknown[0]}; there are {', '.join(POLICIES)}, all and none"
        )
    return list(dict.fromkeys([OURS, *asked]))


def compare(
    plan: Plan,
    *,
    journal: FileJournal | None = None,
    told: Callable[[str, float], None] | None = None,
    where: Where | None = None,
) -> Comparison:
    """Every policy of the plan through its setting. `told` hears who runs, and how far through it is.

    One after another here, or several at once where `where` says. A journal is a file of this machine, so who
    writes one lives here.
    """
    from autoscaler.replay.bound import bound

    setting = plan.setting
    if told is not None:
        told("optimum", 0.0)
    optimum = bound(setting)
    here = plan.names if where is None else [OURS] if journal is not None else []
    runs = {name: _run(plan, name, optimum, journal if name == OURS else None, told) for name in here}
    away = [name for name in plan.names if name not in runs]
    for name, run in _at_once(plan, away, optimum, where):
        runs[name] = run
        if told is not None:
            told(name, 1.0)
    return Comparison(plan, optimum, {name: runs[name] for name in plan.names})


def _at_once(
    plan: Plan, names: Sequence[str], optimum: Optimum, where: Where | None
) -> Iterator[tuple[str, PolicyRun]]:
    from autoscaler.replay.sweep import sweep

    return sweep(partial(_away, plan, optimum), names, where)


def _away(plan: Plan, optimum: Optimum, name: str) -> PolicyRun:
    return _run(plan, name, optimum, None, None)


def _run(
    plan: Plan,
    name: str,
    optimum: Optimum,
    journal: FileJournal | None,
    told: Callable[[str, float], None] | None,
) -> PolicyRun:
    from autoscaler.assembly import replay
    from autoscaler.control.controller import no_floors
    from autoscaler.replay.baselines import BASELINES

    setting = unrouted(plan.setting) if name in BASELINES else plan.setting

    def watch(seen: Watched) -> None:
        if told is not None and (seen.at - setting.start) % 3600.0 < 1.0:
            told(name, (seen.at - setting.start) / (setting.end - setting.start))

    return replay(
        setting,
        name,
        seed=plan.seed,
        forecaster=plan.forecaster,
        optimum_gpu_hours=optimum.gpu_hours,
        journal=journal,
        on_tick=watch,
        least=plan.least or no_floors,
    )


def unrouted(setting: Setting) -> Setting:
    """The same with routers without limit: who does not scale them must not be throttled by them."""
    policy = setting.policy
    workloads = {name: replace(w, routers=None) for name, w in policy.workloads.items()}
    return setting._replace(policy=replace(policy, workloads=workloads))


def as_object(comparison: Comparison, traces: str) -> dict[str, Any]:
    """What `headway replay --json` prints; docs/replay.md says what each name means."""
    optimum = comparison.optimum
    return {
        "trace": traces,
        "setting": setting_object(comparison.plan),
        "optimum": {
            "gpu_hours": round(optimum.gpu_hours, 3),
            "attainment": round(100.0 * optimum.attainment, 4),
            "kind": optimum.kind,
        },
        "policies": comparison.figures(),
    }


def setting_object(plan: Plan) -> dict[str, Any]:
    from autoscaler.assembly import FORECASTER

    setting = plan.setting
    return {
        "start": moment(setting.start),
        "end": moment(setting.end),
        "scored_days": round((setting.end - setting.start) / DAY, 4),
        "seed": plan.seed,
        "forecaster": plan.forecaster or FORECASTER,
        "workloads": {n: _workload(w, setting) for n, w in setting.policy.workloads.items()},
        "pools": {n: _pool(p, setting.world) for n, p in setting.policy.pools.items()},
        "world": _world(setting.world),
    }


def moment(at: float) -> str | float:
    """ISO where the trace knows a calendar, else seconds."""
    return at if abs(at) < DATED else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _workload(workload: Workload, setting: Setting) -> dict[str, Any]:
    history = setting.offered[workload.name].history
    return {
        "pool": workload.pool,
        "wait_s": workload.objective.wait_s,
        "share": workload.objective.share,
        "servers": [workload.servers.floor, workload.servers.ceiling],
        "routers": None if workload.routers is None else [workload.routers.floor, workload.routers.ceiling],
        "gpus_per_server": workload.profile.gpus_per_server,
        "load_s": list(setting.world.load_of(workload.name)),
        "work_per_request_s": round(workload.profile.usual_work, 6),
        "history_days": round(history.steps * history.step / DAY, 4),
    }


def _pool(pool: Pool, world: World) -> dict[str, Any]:
    return {
        "nodes": [pool.nodes.floor, pool.nodes.ceiling],
        "gpus_per_node": pool.gpus_per_node,
        "node_delay_s": list(world.node_delay_of(pool.name)),
        "price_per_hour": pool.price_per_hour,
    }


def _world(world: World) -> dict[str, Any]:
    return {
        "step_s": world.step_s,
        "drain_s": world.drain_s,
        "packing": world.packing,
        "scrape_s": world.scrape_s,
        "window_s": world.window_s,
    }


def setting_words(plan: Plan) -> dict[str, str]:
    """The same setting for people, a line each."""
    from autoscaler.adapters.reporting.units import count, duration, instant, percent

    setting, policy = plan.setting, plan.setting.policy
    days = (setting.end - setting.start) / DAY
    words = {"scored": f"{count(round(days, 2), 'day')}, {instant(setting.start)} to {instant(setting.end)}"}
    for name, w in policy.workloads.items():
        kept = setting.offered[name].history
        words[name] = (
            f"{percent(w.objective.share)} of requests to begin within {duration(w.objective.wait_s)}; "
            f"{count(w.profile.gpus_per_server, 'GPU')} a server, "
            f"{w.servers.floor}–{w.servers.ceiling} servers; "
            f"{kept.steps * kept.step / DAY:.3g} days of history{_gaps(setting.offered[name].requests)}"
        )
    for name, pool in policy.pools.items():
        words[f"pool {name}"] = (
            f"{pool.nodes.floor}–{pool.nodes.ceiling} nodes of {pool.gpus_per_node} GPUs at "
            f"{pool.price_per_hour:g} an hour, billed from request to release"
        )
    return words | _world_words(setting.world, policy) | {"seed": str(plan.seed)}


def _gaps(requests: FloatArray) -> str:
    """Said only where there are some: who waits in a gap is not known, and nodes cost money there too."""
    share = sum(requests != requests) / len(requests)
    return (
        f"; {max(100.0 * share, 0.1):.3g} % of what is scored is gaps (--interpolate fills them)"
        if share
        else ""
    )


def _world_words(world: World, policy: Policy) -> dict[str, str]:
    starts = {name: world.node_delay_of(name) for name in policy.pools}
    loads = {name: world.load_of(name) for name in policy.workloads}
    drain = world.drain_s if world.drain_s is not None else max(p.drain_s for p in policy.pools.values())
    measured = (
        f"exact gauges, rates of whole {world.window_s:g} s"
        if world.scrape_s is None
        else f"scraped every {world.scrape_s:g} s, rates over {world.window_s:g} s"
    )
    words = {
        "starts": f"a node takes {_each(starts)}, a model {_each(loads)}, draining {drain:g} s",
        "packing": "perfect: servers leave the emptiest node first"
        if world.packing == "perfect"
        else "the ReplicaSet's own order: a lower count frees no node by itself",
        "measured": measured,
    }
    if world.node_failures:
        words["failures"] = f"{len(world.node_failures)} node dies on the way"
    return words


def _each(delays: Mapping[str, Between]) -> str:
    """One delay for all, or each by name where they differ."""
    words = {name: f"{low:g}–{high:g} s" for name, (low, high) in delays.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{said} ({name})" for name, said in words.items())
