"""Many replays at once: jobs in, each job's result out as it is done. Knows no policy and no trace.

One call of joblib; where the work is done is a backend. `loky` are processes of this machine, `dask` and
`ray` a cluster that is there or one that is started here. What is done to a job is the caller's function: it
and the jobs travel, so both are small and can be pickled, and a path in a job must be good everywhere.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, TypeVar

BACKENDS = ("loky", "dask", "ray")
EXTRAS = {"dask": "distributed", "ray": "ray"}
ALL_CORES = -1
KNOCK_S = 5.0
ROUND = 8  # jobs for each worker of Ray, which gives results only by the round

Job = TypeVar("Job")
Result = TypeVar("Result")


class SweepError(Exception):
    """A sweep that cannot begin: one line that says what is missing and what would be right."""


class Where(NamedTuple):
    """Who does the work. `address`: of a cluster that is there; None: one is started on this machine."""

    backend: str = "loky"
    workers: int = ALL_CORES
    address: str | None = None


def sweep(
    work: Callable[[Job], Result], jobs: Sequence[Job], where: Where | None = None
) -> Iterator[tuple[Job, Result]]:
    """Each job with its result, in the order in which they are done. An error names its job and ends it all.

    With one worker on this machine nothing is started: the jobs are done here, in their order.
    """
    where = where or Where()
    if where.backend not in BACKENDS:
        raise SweepError(f"no backend is called {where.backend}; there are {', '.join(BACKENDS)}")
    if where.address is not None and where.backend == "loky":
        raise SweepError("--scheduler: loky has no scheduler; say --backend dask or --backend ray with it")
    if not jobs:
        return
    with _cluster(where) as workers:
        for at, result in _done(work, jobs, where.backend, workers):
            yield jobs[at], result


def _done(
    work: Callable[[Job], Result], jobs: Sequence[Job], backend: str, workers: int
) -> Iterator[tuple[int, Result]]:
    numbered = list(enumerate(jobs))
    if backend != "ray":
        yield from _parallel(work, numbered, workers, "generator_unordered")
        return
    size = max(ROUND * workers, 1)
    for first in range(0, len(numbered), size):
        yield from _parallel(work, numbered[first : first + size], workers, "list")


def _parallel(
    work: Callable[[Job], Result], numbered: Sequence[tuple[int, Job]], workers: int, return_as: str
) -> Iterator[tuple[int, Result]]:
    from joblib import Parallel, delayed

    one = delayed(_one)
    yield from Parallel(n_jobs=workers, return_as=return_as)(one(work, at, job) for at, job in numbered)


def _one(work: Callable[[Job], Result], at: int, job: Job) -> tuple[int, Result]:
    try:
        return at, work(job)
    except Exception as error:
        error.add_note(f"in the job {job}")
        raise


@contextmanager
def _cluster(where: Where) -> Iterator[int]:
    """The backend in force, and how many workers it has."""
    from joblib import parallel_config

    with ExitStack() as stack:
        workers = where.workers
        if where.backend == "dask":
            _dask(where, stack)
            workers = ALL_CORES  # as many as the cluster has
        elif where.backend == "ray":
            workers = _ray(where, stack)
        # Our matrices are small: threads of BLAS on top of processes only wait for each other.
        threads: dict[str, Any] = {"inner_max_num_threads": 1} if where.backend == "loky" else {}
        stack.enter_context(parallel_config(backend=where.backend, **threads))
        yield workers


def _dask(where: Where, stack: ExitStack) -> None:
    distributed = _extra("dask")
    if where.address is None:
        count = None if where.workers == ALL_CORES else where.workers
        # Processes of one thread: a replay is Python from end to end, threads would take turns.
        started = distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
        )
        cluster: Any = stack.enter_context(started)
    else:
        cluster = where.address
    try:
        stack.enter_context(distributed.Client(cluster))
    except OSError as error:
        raise SweepError(f"--scheduler {where.address}: no Dask scheduler answers there ({error})") from error


def _ray(where: Where, stack: ExitStack) -> int:
    ray = _extra("ray")
    from ray.util.joblib import register_ray

    if where.address is not None:
        _knock(where.address)
    if not ray.is_initialized():
        count = None if where.workers == ALL_CORES or where.address is not None else where.workers
        try:
            ray.init(address=where.address, num_cpus=count, include_dashboard=False, log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise SweepError(
                f"--scheduler {where.address}: no Ray cluster answers there ({error})"
            ) from error
        stack.callback(ray.shutdown)
    register_ray()
    return max(int(ray.cluster_resources().get("CPU", 1)), 1)


def _knock(address: str) -> None:
    """Ray would look for minutes, and end the process in the end."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return  # `auto`, or a name that Ray understands
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
    except OSError as error:
        raise SweepError(f"--scheduler {address}: no Ray cluster answers there ({error})") from error


def _extra(backend: str) -> Any:
    from importlib import import_module

    try:
        return import_module(EXTRAS[backend])
    except ImportError as error:
        raise SweepError(
            f"--backend {backend} needs the package {EXTRAS[backend]}: pip install 'headway[{backend}]'"
        ) from error
