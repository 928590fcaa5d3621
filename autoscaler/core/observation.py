"""What we measured and how old it is. Knows no query, no engine and no unit but its own.

Instants are seconds since the epoch and durations seconds, as floats; aware datetimes live at the edges.
`Reading` and the other values made on every tick are named tuples: a frozen dataclass of six fields takes
four times as long to make, and a replayed day makes a hundred thousand of them.
"""

from collections.abc import Mapping
from typing import NamedTuple

ARRIVALS = "arrivals_per_second"
PROMPT_TOKENS = "prompt_tokens_per_second"
OUTPUT_TOKENS = "output_tokens_per_second"
WAITING = "waiting"
RUNNING = "running"
KV_USE = "kv_use"
GPU_MEMORY = "gpu_memory"
ROUTER_REQUESTS = "router_requests_per_second"

SIGNALS = (ARRIVALS, PROMPT_TOKENS, OUTPUT_TOKENS, WAITING, RUNNING, KV_USE, GPU_MEMORY, ROUTER_REQUESTS)
SHARES = frozenset({KV_USE, GPU_MEMORY})  # readings from 0 to 1


class Reading(NamedTuple):
    """One signal of one workload. A missing value is None, never 0."""

    value: float | None
    at: float  # when it was measured, not when we asked
    suspect: bool = False  # a partial or warned-about answer: may raise, never lower


MISSING = Reading(None, float("-inf"))


class Observation(NamedTuple):
    """All readings of one tick, by workload and signal. A workload that is absent was not measured at all."""

    at: float
    workloads: Mapping[str, Mapping[str, Reading]]
