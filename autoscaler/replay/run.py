"""One replay: a driver ticks while a simulated cluster lives. Knows the virtual clock, and no policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from autoscaler.core.decision import Scope
from autoscaler.replay.cluster import SimulatedCluster
from autoscaler.replay.outcome import Outcome

TICK_S = 15.0
ROUTER_S = 5.0


class Driver(Protocol):
    """The real controller, or a baseline: it reads and acts through the ports it was given."""

    def tick(self, at: float, scope: Scope) -> object: ...


def run(
    cluster: SimulatedCluster,
    driver: Driver,
    *,
    start: float | None = None,
    end: float | None = None,
    tick_s: float = TICK_S,
    router_s: float | None = None,
    on_tick: Callable[[float], None] | None = None,
) -> Outcome:
    """Tick from `start` until `end` (default: all that is offered), then say what happened.

    `router_s` None: every 5 s where a workload has routers, never where none has. `on_tick` is called after
    each whole tick, for those who watch.
    """
    start = cluster.start if start is None else start
    end = min(offered.end for offered in cluster.offered.values()) if end is None else end
    if router_s is None:
        router_s = ROUTER_S if cluster.has_routers else tick_s
    for at, scope in instants(start, end, tick_s, router_s):
        cluster.advance(at)
        driver.tick(at, scope)
        if on_tick is not None and scope == "all":
            on_tick(at)
    cluster.advance(end)
    return cluster.outcome()


def instants(start: float, end: float, tick_s: float, router_s: float) -> Iterator[tuple[float, Scope]]:
    """Every tick within [start, end): a whole one every `tick_s`, the routers alone in between."""
    n = 0
    while (at := start + n * tick_s) < end:
        yield at, "all"
        until = min(at + tick_s, end)
        m = 1
        while (between := at + m * router_s) < until - 1e-6:
            yield between, "routers"
            m += 1
        n += 1
