"""`headway tune TRACE`: which settings Headway would choose from a past, and from which frontier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from autoscaler.cli.errors import BadInput
from autoscaler.cli.replay import Wish, known_forecaster, make_plan, make_world, seconds_of, writable
from autoscaler.cli.traces import find_traces

if TYPE_CHECKING:
    from autoscaler.cli.compare import Plan
    from autoscaler.core.chosen import Chosen
    from autoscaler.core.policy import Policy, Workload
    from autoscaler.replay.trace import Trace
    from autoscaler.replay.tune import Frontier

DAY, MINUTE = 86_400.0, 60.0
HISTORY_DAYS = 28.0
MOST_DAYS = 21
LEAST_DAYS = 1.0  # of past: half a day to learn from, half a day to be lived again
TraceName = Annotated[
    str, typer.Argument(metavar="TRACE", help="A CSV file, a journal, a formula or a name in HEADWAY_TRACES.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Your workloads and pools; without it, the setting of the benchmark."
    ),
]
Share = Annotated[
    str | None, typer.Option(metavar="SHARE", help="Of the requests to be in time, as 0.99 or 99%.")
]
Wait = Annotated[str | None, typer.Option(metavar="TIME", help="How long a request may wait, as 10s.")]
Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Lived again, the newest of the trace.")]
Method = Annotated[str | None, typer.Option("--forecaster", metavar="NAME", help="How to forecast.")]
Seed = Annotated[int, typer.Option(min=0, help="Of a formula.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page that opens in any browser.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def command(
    trace: TraceName,
    config: ConfigFile = None,
    share: Share = None,
    wait: Wait = None,
    days: Days = 7,
    forecaster: Method = None,
    seed: Seed = 1,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Which settings Headway would choose from a past, at what cost, and why.

    The same choice is made by itself at the start and every night; what is stated is never overridden.
    """
    from autoscaler.cli.tuned import as_object, page, print_tables

    wanted, wait_s = share_of(share), seconds_of("--wait", wait)
    name = known_forecaster(forecaster)
    if name == "none":
        raise BadInput("--forecaster none: nothing to choose for; name a method or leave it out")
    traces = {n: seen_part(t) for n, t in find_traces([trace], seed).items()}
    wish = Wish(config, MINUTE / DAY, None, None, False, name)
    plan = make_plan(wish, traces, make_world(None, None, "perfect"), ["headway"], seed)
    if plan.forecaster == "none":
        raise BadInput(f"{config}: forecaster none leaves nothing to choose; --forecaster names one")
    policy = asked(plan.setting.policy, wanted, wait_s)
    writable(html)
    if html is not None:
        check_page()
    tuned = choose(plan._replace(setting=plan.setting._replace(policy=policy)), days)
    if html is not None:
        html.write_text(page(tuned), encoding="utf-8")
    if as_json:
        import json

        typer.echo(json.dumps(as_object(tuned), indent=2, allow_nan=False))
    else:
        print_tables(tuned, html)


class Tuned(NamedTuple):
    """One workload's choice, and what it was made from."""

    workload: Workload
    frontier: Frontier
    chosen: Chosen  # as the controller has it: what is stated about prices is in it


def share_of(text: str | None) -> float | None:
    if text is None:
        return None
    from autoscaler.settings.units import share

    try:
        value = share(text)
    except ValueError as error:
        raise BadInput(f"--share: {error}") from error
    if not 0.0 < value < 1.0:
        raise BadInput(f"--share {text}: more than 0 and less than 1 is needed, as 0.99 or 99%")
    return value


def seen_part(trace: Trace) -> Trace:
    """The trace up to the last step in which anybody looked. Raises BadInput where that is too short."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(trace.requests))
    seen = trace.between(trace.start, trace.start + (known[-1] + 1) * trace.step) if known.size else None
    if seen is None or seen.days < LEAST_DAYS + 1.5 * trace.step / DAY:
        days = 0.0 if seen is None else seen.days
        raise BadInput(
            f"{trace.name}: {days:.2f} days were measured; more than {LEAST_DAYS:g} is needed, half of it to "
            "learn from and half to be lived again"
        )
    return seen


def asked(policy: Policy, share: float | None, wait_s: float | None) -> Policy:
    """What the command line says of the objective goes over the file's."""
    workloads = {}
    for name, workload in policy.workloads.items():
        objective = workload.objective
        objective = objective if share is None else replace(objective, share=share)
        objective = objective if wait_s is None else replace(objective, wait_s=wait_s)
        workloads[name] = replace(workload, objective=objective)
    return replace(policy, workloads=workloads)


def check_page() -> None:
    """Found out before the work, not after it."""
    from autoscaler.cli.bench import check_page as check

    check()


def choose(plan: Plan, days: int) -> Mapping[str, Tuned]:
    """The controller's own first choice, made at the end of the trace."""
    from autoscaler.assembly import make_forecaster
    from autoscaler.control.choices import Choices
    from autoscaler.control.foresight import levels_for
    from autoscaler.core.history import History
    from autoscaler.core.lead_time import LeadTimes, lead_for
    from autoscaler.replay.cluster import SimulatedCluster
    from autoscaler.replay.tune import Tuning

    setting, policy = plan.setting, plan.setting.policy
    end = setting.start // MINUTE * MINUTE
    past = SimulatedCluster(policy, setting.offered, setting.world).history(
        end - HISTORY_DAYS * DAY, end, MINUTE
    )
    history = History({name: w.objective.wait_s for name, w in policy.workloads.items()})
    history.seed(past, end)
    leads = {n: lead_for(LeadTimes(), w, policy.pools[w.pool]) for n, w in policy.workloads.items()}
    tuning = Tuning(make_forecaster(plan.forecaster), days=days, budget_s=inf)
    choices = Choices(policy, history, levels_for(policy), {}, tuning, end)
    choices.begin(history, leads)
    missing = [name for name in policy.workloads if name not in tuning.frontiers]
    if missing:
        raise BadInput(f"{missing[0]}: nothing was measured in the last {days} days; more may help: --days")
    return {
        name: Tuned(workload, tuning.frontiers[name], choices.chosen[name])
        for name, workload in policy.workloads.items()
    }
