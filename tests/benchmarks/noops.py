"""A thousand jobs that do nothing, through a worker of headway's and through one of RQ's own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from redis import Redis
from rq import Queue
from rq.registry import FinishedJobRegistry

from headway import task
from tests.benchmarks import bare_job
from tests.benchmarks.figure import Figure, against, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, side_by_side
from tests.servers import process, worker_process
from tests.wait import wait_for
from tests.worker.floor import Floor

JOBS = 1_000
#: One of either side takes half a minute.
ROUNDS_MAX = 3
_WITHIN_S = 200.0


@task
def nothing() -> None:
    """Do nothing."""


def noops(rounds: int) -> list[Figure]:
    """Seconds from the first submit until RQ has all of them as finished."""
    with private_redis() as url, ExitStack() as workers, Redis.from_url(url) as redis:
        workers.enter_context(worker_process(url, ["tests.benchmarks.noops"]))
        workers.enter_context(bare_worker(url))
        floor = Floor(url)
        bare = Queue("bare", connection=redis)

        def ours() -> Measured:
            return {"noops": all_finished_s(redis, "headway-default", lambda: floor.submit("nothing"))}

        def peer() -> Measured:
            return {"noops": all_finished_s(redis, "bare", lambda: bare.enqueue(bare_job.nothing))}

        measured = side_by_side(ours, peer, min(rounds, ROUNDS_MAX))
        floor.close()
    return [against("noops", "s", *measured.of("noops"), at_most(1.3))]


def all_finished_s(redis: Redis, queue: str, submit: Callable[[], object], jobs: int = JOBS) -> float:
    """Submit that many jobs while a worker takes them, and wait for their end in RQ's own list of finished jobs."""
    finished = FinishedJobRegistry(queue, connection=redis)
    before = redis.zcard(finished.key)
    start_s = perf_counter()
    for _ in range(jobs):
        submit()
    wait_for(lambda: redis.zcard(finished.key) - before >= jobs, _WITHIN_S, "all jobs are finished")
    return perf_counter() - start_s


@contextmanager
def bare_worker(url: str) -> Iterator[None]:
    """RQ's own worker as its command starts it, quiet."""
    with process([sys.executable, "-m", "rq.cli", "worker", "--quiet", "-u", url, "bare"], {}):
        yield
