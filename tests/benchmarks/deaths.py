"""How long after a death its job is shown as failed: of a work-horse, and of a host, which dies with all on it."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
from redis import Redis
from redis.client import PubSub

from headway import keys
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.servers import Running, judge_process, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

#: Workers at once, and how often all of them: thirty deaths of either kind.
WORKERS = 10
BATCHES = 3
HORSE_MAX_S = 1.0
HOST_MAX_S = 15.0
_FOR_EVER = 10_000_000
_WITHIN_S = 60.0


def deaths(rounds: int) -> list[Figure]:
    """The worst of thirty each, however many rounds are asked for: each is one that somebody waited for."""
    horses_s: list[float] = []
    hosts_s: list[float] = []
    with private_redis() as url, judge_process(url):
        for _ in range(BATCHES):
            with at_work(url) as ward:
                horses_s += ward.horses_die_s()
                hosts_s += ward.hosts_die_s()
    return [
        absolute("horse-death", "s", [max(horses_s)], at_most(HORSE_MAX_S)),
        absolute("host-death", "s", [max(hosts_s)], at_most(HOST_MAX_S)),
    ]


class Ward:
    """Workers, each of which runs a job that would go on for ever, and what is published of these."""

    def __init__(self, floor: Floor, workers: list[Running], updates: PubSub) -> None:
        self._floor = floor
        self._workers = workers
        self._updates = updates
        self._chance = random.Random(len(workers))

    def horses_die_s(self) -> list[float]:
        """Kill one work-horse after the other; seconds until each job was shown as failed."""
        took_s = []
        for job_id, horse in self._begin().items():
            killed_s = time.perf_counter()
            horse.kill()
            took_s.append(self._failed_s({job_id}, "WorkHorseKilled")[job_id] - killed_s)
        return took_s

    def hosts_die_s(self) -> list[float]:
        """Kill every worker with its work-horse, at random moments of its heartbeat; seconds as above."""
        killed_s = {}
        for job_id, horse in self._begin().items():
            time.sleep(self._chance.uniform(0, 0.4))
            killed_s[job_id] = time.perf_counter()
            worker = horse.parent()
            assert worker is not None
            worker.kill()
            with suppress(psutil.NoSuchProcess):
                horse.kill()
        failed_s = self._failed_s(set(killed_s), "WorkerLost")
        return [failed_s[job_id] - killed_s[job_id] for job_id in killed_s]

    def _begin(self) -> dict[str, psutil.Process]:
        """A job for every worker; the work-horses by their jobs."""
        jobs = [self._floor.submit("step", count=_FOR_EVER) for _ in self._workers]
        for job_id in jobs:
            wait_for(lambda job_id=job_id: self._floor.now(job_id).status == "running", _WITHIN_S, "a job runs")
        horses = [horse for worker in self._workers for horse in psutil.Process(worker.pid).children()]
        return {horse.cmdline()[0].split()[1].partition("#")[0]: horse for horse in horses}

    def _failed_s(self, job_ids: set[str], error: str) -> dict[str, float]:
        failed_s: dict[str, float] = {}
        deadline_s = time.perf_counter() + _WITHIN_S
        while failed_s.keys() != job_ids and time.perf_counter() < deadline_s:
            message = self._updates.get_message(timeout=1)
            snapshot = json.loads(message["data"]) if message else {}
            if snapshot.get("job_id") in job_ids and snapshot["status"] == "failed":
                failed_s[snapshot["job_id"]] = time.perf_counter()
                if snapshot["error"]["type"] != error:
                    raise RuntimeError(f"a job ended as {snapshot['error']}, and not of {error}")
        if failed_s.keys() != job_ids:
            raise TimeoutError(f"{len(job_ids - failed_s.keys())} deaths were not shown within {_WITHIN_S:g} s")
        return failed_s


@contextmanager
def at_work(url: str) -> Iterator[Ward]:
    """Such workers, fresh ones."""
    floor = Floor(url)
    with ExitStack() as workers, Redis.from_url(url) as redis, redis.pubsub(ignore_subscribe_messages=True) as updates:
        updates.psubscribe(keys.updates("*"))
        yield Ward(floor, [workers.enter_context(worker_process(url, JOBS)) for _ in range(WORKERS)], updates)
    floor.close()
