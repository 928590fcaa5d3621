"""How the simulated world behaves: delays, packing, failures, measurement. Knows no demand and no fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Between = tuple[float, float]  # drawn evenly from the lower to the upper, in seconds
From = tuple[float, Between]  # from that instant on


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything about the surroundings that is no policy. The defaults are the measured setting.

    `packing`: "perfect", servers leave the emptiest node first; "replicaset", in the ReplicaSet's own order.
    `scrape_s` None: gauges are exact and rates are the last complete `window_s`; a number: what Prometheus
    says that asks each workload every so often, with rates over the last `window_s` before that.
    """

    step_s: float = 15.0
    node_delay: Between = (180.0, 300.0)
    node_delays: Mapping[str, Between] = field(default_factory=dict, hash=False)  # of pools with their own
    node_delay_changes: tuple[From, ...] = ()
    load: Between = (60.0, 180.0)
    loads: Mapping[str, Between] = field(default_factory=dict, hash=False)  # of workloads with their own
    load_changes: tuple[From, ...] = ()
    router_delay: Between = (3.0, 8.0)
    drain_s: float | None = None  # None: what each pool says
    packing: Literal["perfect", "replicaset"] = "perfect"
    scrape_s: float | None = None
    window_s: float = 60.0
    nodes_follow: bool = False  # a node autoscaler as the field has it orders and releases nodes
    unneeded_s: float = 600.0  # how long a node is empty before that autoscaler releases it
    boot_failures: float = 0.0  # share of the nodes that never get ready
    boot_timeout_s: float = 900.0  # after which the provider drops such a node and starts another
    stockouts: tuple[Between, ...] = ()  # from, to: nodes asked for then start only at its end
    node_failures: tuple[float, ...] = ()  # instants at which a ready node dies
    initial_factor: float = 1.25  # of what the minute before needed

    def __post_init__(self) -> None:
        if (
            not self.step_s > 0
            or not self.window_s > 0
            or (self.scrape_s is not None and not self.scrape_s > 0)
        ):
            raise ValueError("step_s, window_s and scrape_s last longer than nothing")
        if not 0 <= self.boot_failures < 1:
            raise ValueError(f"boot_failures is a share from 0 to below 1, got {self.boot_failures}")
        delays = (self.node_delay, self.load, self.router_delay, *self.node_delays.values())
        if not all(0 <= low <= high for low, high in (*delays, *self.loads.values())):
            raise ValueError("a delay goes from its least to its most, neither below 0")

    def node_delay_of(self, pool: str) -> Between:
        return self.node_delays.get(pool, self.node_delay)

    def load_of(self, workload: str) -> Between:
        return self.loads.get(workload, self.load)

    def node_delay_at(self, at: float, pool: str) -> Between:
        """A change holds for every pool."""
        return _in_force(self.node_delay_of(pool), self.node_delay_changes, at)

    def load_at(self, at: float, workload: str) -> Between:
        return _in_force(self.load_of(workload), self.load_changes, at)

    def stocked_at(self, at: float) -> float:
        """The first instant from `at` on at which a node can be had."""
        for begin, end in sorted(self.stockouts):
            if begin <= at < end:
                at = end
        return at


def _in_force(first: Between, changes: tuple[From, ...], at: float) -> Between:
    current = first
    for begins, delay in sorted(changes):
        if begins <= at:
            current = delay
    return current
