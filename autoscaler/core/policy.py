"""The operator's wishes, as plain numbers. Knows no file, no schedule syntax and no cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoscaler.core.profile import Prior, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Queue wait ≤ `wait_s` for `share` of the requests; or, where stated, a utilisation to hold."""

    wait_s: float = 10.0
    share: float = 0.99
    utilisation: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one target may have and how fast it may move. `None` means no limit of that kind."""

    floor: int = 1
    ceiling: int = 1_000
    cooldown_down_s: float | None = None  # None: auto; servers as long as plans hold, routers 2 min, nodes 0
    stabilisation_s: float | None = None  # None: servers chosen, routers 2 min; nodes follow settled servers
    step_up: int | None = None
    step_down: int | None = None
    down_per_hour: int | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFloor:
    """At least so many servers from `start` to `end`: one interval of a schedule."""

    start: float
    end: float
    servers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One LLM and all that serves it."""

    name: str
    pool: str
    profile: Profile
    objective: Objective = Objective()
    servers: Limits = Limits()
    routers: Limits | None = None
    router_utilisation: float = 0.7
    priority: int = 0  # the larger goes first where the room is short
    headroom: float | None = (
        None  # None: chosen, for the reactive rule; a stated share is on top of forecasts too
    )
    level: float | None = None  # None: prices say; a stated quantile of the forecast takes their place
    miss_price: float | None = None  # of one request served late; may only raise the price of lateness
    repay_s: float = 90.0  # a backlog is to be gone this long after new capacity serves


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Identical GPU nodes scaled as one count."""

    name: str
    nodes: Limits = Limits()
    gpus_per_node: int = 8
    price_per_hour: float = 1.0
    node: Prior = Prior(median=240.0, p90=290.0)  # asked to usable
    drain_s: float = 60.0
    budget_per_hour: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything the operator said, for every workload and pool."""

    workloads: Mapping[str, Workload]
    pools: Mapping[str, Pool]
    _users: Mapping[str, tuple[Workload, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        users: dict[str, tuple[Workload, ...]] = {}
        for workload in self.workloads.values():
            users[workload.pool] = (*users.get(workload.pool, ()), workload)
        object.__setattr__(self, "_users", users)

    def users(self, pool: str) -> tuple[Workload, ...]:
        """The workloads on a pool, in the order they were stated."""
        return self._users.get(pool, ())
