"""Every key that a configuration file knows, with type and default; configs/README.md says what each means.

Defaults that the core has too are taken from there, so that each is said once.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from autoscaler.control.calendar import Cron, zone
from autoscaler.core.policy import Limits, Objective, Pool, Workload
from autoscaler.core.profile import Profile
from autoscaler.settings import units

ENVIRONMENT = "HEADWAY_"
NESTED = "__"
DEFAULT_FORECASTER = "ensemble"
REACTIVE = "none"  # no forecaster: the reactive rule alone

_LIMITS, _OBJECTIVE, _PROFILE, _POOL = Limits(), Objective(), Profile(), Pool(name="")
_WORKLOAD = Workload(name="", pool="", profile=_PROFILE)


def _known_zone(name: str) -> str:
    zone(name)
    return name


def _known_schedule(text: str) -> str:
    Cron(text)
    return text


def _no_truth(value: object) -> object:
    """YAML reads `no` and `on` as truths, and pydantic would count them as 0 and 1."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number; say one like 2")
    return value


Count = Annotated[int, BeforeValidator(_no_truth), Field(ge=0)]
Positive = Annotated[int, BeforeValidator(_no_truth), Field(ge=1)]
Number = Annotated[float, BeforeValidator(_no_truth), Field(gt=0, allow_inf_nan=False)]
Duration = Annotated[float, BeforeValidator(units.seconds)]
Longer = Annotated[float, BeforeValidator(units.seconds), Field(gt=0)]
Cooldown = Annotated[float | None, BeforeValidator(units.seconds_or_auto)]
Size = Annotated[float, BeforeValidator(units.gigabytes), Field(gt=0)]
Rate = Annotated[float, BeforeValidator(units.gigabytes_per_second), Field(gt=0)]
Share = Annotated[float, BeforeValidator(units.share), Field(gt=0, lt=1)]
Level = Annotated[float, BeforeValidator(units.share), Field(ge=0.5, lt=1)]
Spare = Annotated[float, BeforeValidator(units.share), Field(ge=0, lt=1)]
Zone = Annotated[StrictStr, AfterValidator(_known_zone)]
Schedule = Annotated[StrictStr, AfterValidator(_known_schedule)]


class Keys(BaseModel):
    """A mapping in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MoveKeys(Keys):
    """How a count may move. What a target does not say, `policy` says for all."""

    cooldown_down: Cooldown = _LIMITS.cooldown_down_s
    stabilisation: Duration | None = _LIMITS.stabilisation_s
    step_up: Positive | None = _LIMITS.step_up
    step_down: Positive | None = _LIMITS.step_down
    down_per_hour: Positive | None = _LIMITS.down_per_hour
    paused: bool = _LIMITS.paused


class ObjectiveKeys(Keys):
    wait: Longer = _OBJECTIVE.wait_s
    share: Share = _OBJECTIVE.share
    utilisation: Share | None = _OBJECTIVE.utilisation


class ServerKeys(MoveKeys):
    target: StrictStr | None = None
    pool: StrictStr | None = None  # None: the only one
    min: Count = _LIMITS.floor
    max: Positive | None = None  # None: what the pool holds
    gpus: Positive | None = None  # None: 1, or whole nodes for a server that spans several
    nodes: Positive = _PROFILE.nodes_per_server


class RouterKeys(MoveKeys):
    target: StrictStr | None = None
    min: Count = _LIMITS.floor
    max: Positive = _LIMITS.ceiling
    requests_per_second: Number = _PROFILE.requests_per_router
    utilisation: Share = _WORKLOAD.router_utilisation


class CapacityKeys(Keys):
    prompt_tokens_per_second: Number = _PROFILE.prompt_tokens_per_second
    output_tokens_per_second: Number = _PROFILE.output_tokens_per_second
    places: Positive = _PROFILE.places
    first_token: Duration = _PROFILE.first_token_s
    per_token: Duration = _PROFILE.per_token_s
    prompt_tokens: Number = _PROFILE.prompt_tokens
    output_tokens: Number = _PROFILE.output_tokens
    preallocates_memory: bool = _PROFILE.preallocates_memory


class NodeKeys(Keys):
    median: Longer = _POOL.node.median
    p90: Longer | None = None  # None: as far above the median as the default is


class LoadKeys(Keys):
    median: Longer = _PROFILE.load.median
    p90: Longer | None = None
    weights: Size | None = None
    read_rate: Rate | None = None


class FloorKeys(Keys):
    schedule: Schedule
    until: Schedule
    servers: Positive


class SharedKeys(Keys):
    """What a workload may say, and `policy` for all of them."""

    timezone: Zone = "UTC"
    headroom: Spare | None = _WORKLOAD.headroom
    level: Level | None = _WORKLOAD.level
    miss_price: Number | None = _WORKLOAD.miss_price
    repay: Longer = _WORKLOAD.repay_s
    objective: ObjectiveKeys = ObjectiveKeys()


class WorkloadKeys(SharedKeys):
    priority: int = _WORKLOAD.priority
    servers: ServerKeys = ServerKeys()
    routers: RouterKeys | None = None  # None: they are not ours to scale
    capacity: CapacityKeys = CapacityKeys()
    load: LoadKeys = LoadKeys()
    floors: tuple[FloorKeys, ...] = ()


class PoolKeys(MoveKeys):
    min: Count = _POOL.nodes.floor
    max: Positive
    gpus_per_node: Positive = _POOL.gpus_per_node
    price_per_hour: Number = _POOL.price_per_hour
    budget_per_hour: Number | None = _POOL.budget_per_hour
    node: NodeKeys = NodeKeys()
    drain: Duration = _POOL.drain_s


class PolicyKeys(MoveKeys, SharedKeys):
    forecaster: StrictStr = DEFAULT_FORECASTER


class FileKeys(BaseSettings):
    """The whole file. The environment, read by pydantic-settings, goes over it."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENVIRONMENT, env_nested_delimiter=NESTED
    )

    workloads: dict[str, WorkloadKeys] = Field(min_length=1)
    pools: dict[str, PoolKeys] = Field(min_length=1)
    policy: PolicyKeys = PolicyKeys()


def keys_at(at: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that are known at a place of the file; none where names are free."""
    kind: Any = FileKeys
    for part in at:
        if _is_mapping(kind):
            field = kind.model_fields.get(str(part))
            kind = _kind(field.annotation) if field else None
        else:
            kind = _kind(get_args(kind)[0 if get_origin(kind) is tuple else 1]) if get_args(kind) else None
    return tuple(kind.model_fields) if _is_mapping(kind) else ()


def every_key(kind: Any = FileKeys, at: str = "") -> Iterator[str]:
    """The path of every key, with <name> for the names of workloads and pools and [] for an item."""
    if _is_mapping(kind):
        for name, field in kind.model_fields.items():
            path = f"{at}.{name}" if at else name
            yield path
            yield from every_key(_kind(field.annotation), path)
    elif get_origin(kind) is dict:
        yield from every_key(get_args(kind)[1], f"{at}.<name>")
    elif get_origin(kind) is tuple:
        yield from every_key(get_args(kind)[0], f"{at}[]")


def _is_mapping(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _kind(annotation: Any) -> Any:
    """An annotation without its `| None`."""
    if get_origin(annotation) in (dict, tuple):
        return annotation
    return next((a for a in get_args(annotation) if a is not NoneType), annotation)
