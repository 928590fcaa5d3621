"""What one server and one router carry, in one unit of work. Knows no cluster and no policy.

The unit of work is the server-second: a server that runs at its sustained capacity does one a second.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What we believe of a stage before we have seen it: its median and its 90 % quantile, in seconds."""

    median: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One LLM on one kind of GPU, at the load it sustains within its latency objective."""

    prompt_tokens_per_second: float = 20_000.0
    output_tokens_per_second: float = 2_500.0
    places: int = 64  # requests one server works on at once
    first_token_s: float = 0.3
    per_token_s: float = 0.03
    prompt_tokens: float = 1_200.0  # of a usual request, where tokens are not measured
    output_tokens: float = 220.0
    gpus_per_server: int = 1
    nodes_per_server: int = 1  # more than one: a multi-node group
    preallocates_memory: bool = (
        True  # the engine takes its KV pool at start: GPU memory then says nothing of load
    )
    requests_per_router: float = 200.0
    load: Prior = Prior(median=120.0, p90=170.0)
    weights_gigabytes: float | None = None
    read_gigabytes_per_second: float | None = None

    def work(self, prompt_tokens: float, output_tokens: float, requests: float = 1.0) -> float:
        """Server-seconds of so many tokens in so many requests: the tighter of compute and places."""
        compute = (
            prompt_tokens / self.prompt_tokens_per_second + output_tokens / self.output_tokens_per_second
        )
        held = (self.first_token_s * requests + self.per_token_s * output_tokens) / self.places
        return compute if compute > held else held

    @property
    def usual_work(self) -> float:
        """Server-seconds of a usual request."""
        return self.work(self.prompt_tokens, self.output_tokens)

    def servers_per_node(self, gpus_per_node: int) -> int:
        """Whole servers on one node; a server that spans nodes has whole nodes to itself."""
        return 1 if self.nodes_per_server > 1 else gpus_per_node // self.gpus_per_server
