"""Jobs that are written to their ends while Redis comes and goes; each step of one is one write."""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

from headway import keys
from headway.errors import RedisUnavailable
from headway.settings import Settings
from headway.snapshot import EndedAttempt, JobError
from headway.status import Status
from headway.store import Store
from headway.store.calls import Call
from tests.api.watching import WrittenJob, new_id

T = TypeVar("T")
PATIENCE_S = 30.0
#: A place in the life of one job; each `next` takes it a write further.
Life = Iterator[None]


class PatientStore(Store):
    """Repeats a call, as it is, until Redis answers: that is what a worker does."""

    def run(self, call: Call[T]) -> T:
        """Carry out one call."""
        return patiently(lambda: super(PatientStore, self).run(call), RedisUnavailable)


class Job:
    """A job that somebody writes, and how it ended."""

    def __init__(self, job_id: str, kind: str) -> None:
        self.id = job_id
        self.kind = kind
        self.life: Life = iter(())
        #: Called right before the last write, which then comes after those of all others.
        self.before_end: Callable[[], None] | None = None
        #: What its last snapshot must say.
        self.end: dict[str, object] = {}


def make_jobs(redis_url: str, count: int, chance: random.Random) -> list[Job]:
    """Queued jobs of every kind, in equal parts: headway's own, one with automatic attempts, two lesson writers'."""
    store = PatientStore(Settings(HEADWAY_REDIS_URL=redis_url))
    redis = Redis.from_url(redis_url)
    makers: list[Callable[[random.Random], Job]] = [
        lambda its: _own(store, its, attempts=1),
        lambda its: _own(store, its, attempts=3),
        lambda its: _lesson(redis, its, publish=True),
        lambda its: _lesson(redis, its, publish=False),
    ]
    # Each has chances of its own, whoever else's turn comes first.
    return [makers[place % len(makers)](random.Random(chance.random())) for place in range(count)]


class Writer(threading.Thread):
    """Takes jobs to their ends, at random moments of a given time."""

    def __init__(self, jobs: list[Job], duration_s: float, chance: random.Random) -> None:
        super().__init__(name="writer", daemon=True)
        self._moments = sorted(
            ((moment, job) for job in jobs for moment in _moments(job, chance, duration_s)), key=lambda pair: pair[0]
        )
        self._jobs = jobs
        self.failure: Exception | None = None

    def run(self) -> None:
        """Write until every job is over."""
        began = time.monotonic()
        try:
            for moment, job in self._moments:
                time.sleep(max(0.0, began + moment - time.monotonic()))
                next(job.life, None)
            for job in self._jobs:
                for _ in job.life:
                    pass
        except Exception as failure:
            self.failure = failure


def patiently(act: Callable[[], T], *away: type[Exception]) -> T:
    """Do it again until Redis answers."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except away:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _moments(job: Job, chance: random.Random, duration_s: float) -> list[float]:
    if job.before_end is not None:
        # Fewer than any job has steps: what is left of it comes at the end.
        return [chance.uniform(0, duration_s) for _ in range(3)]
    # Each job has its own part of the time, so that some end early and some are long silent.
    begin = chance.uniform(0, duration_s * 0.6)
    end = chance.uniform(begin, duration_s)
    return [chance.uniform(begin, end) for _ in range(int(4 + (end - begin) * 4))]


def _own(store: Store, chance: random.Random, attempts: int) -> Job:
    written = WrittenJob(store)
    job = Job(written.id, f"own, {attempts} attempts")
    job.life = _own_life(written, job, attempts, chance)
    return job


def _own_life(written: WrittenJob, job: Job, attempts: int, chance: random.Random) -> Life:
    for attempt in range(1, attempts + 1):
        written.start()
        yield
        for n in range(1, chance.randint(3, 12)):
            written.write(status="running", percent=n, n=n, message=f"step {n}, größer ✓", metrics={"loss": 1 / n})
            yield
        error = JobError(type="ValueError", detail=f"attempt {attempt}")
        if attempt < attempts:
            written.retry(EndedAttempt(attempt=attempt, status=Status.FAILED, error=error))
            yield
    job.end = {"status": chance.choice(["finished", "failed", "canceled"]), "message": uuid.uuid4().hex}
    if job.end["status"] == "finished":
        job.end |= {"percent": 100, "result": {"empty": [], "x": 1.0}}
    elif job.end["status"] == "failed":
        job.end |= {"error": {"type": "ValueError", "detail": f"attempt {attempts}"}}
    if job.before_end is not None:
        job.before_end()
    seq = written.write(**job.end)
    job.end |= {"seq": seq, "attempt": attempts}


def _lesson(redis: Redis, chance: random.Random, *, publish: bool) -> Job:
    job = Job(new_id(), "lesson" if publish else "lesson, SET alone")
    _lesson_write(redis, job.id, publish, status="queued", percent=0, message="queued", result=None, error=None)
    job.life = _lesson_life(redis, job, publish, chance)
    return job


def _lesson_life(redis: Redis, job: Job, publish: bool, chance: random.Random) -> Life:
    steps = chance.randint(3, 20)
    _lesson_write(redis, job.id, publish, status="started", percent=0, message="starting...", result=None, error=None)
    yield
    for n in range(1, steps + 1):
        percent = n * 100 // steps
        _lesson_write(redis, job.id, publish, status="running", percent=percent, message=f"step {n}/{steps}")
        yield
    job.end = {"status": "finished", "percent": 100, "message": uuid.uuid4().hex, "result": {"msg": "done", "x": 1.0}}
    if job.before_end is not None:
        job.before_end()
    _lesson_write(redis, job.id, publish, **job.end)


def _lesson_write(redis: Redis, job_id: str, publish: bool, **members: object) -> None:
    text = json.dumps({"job_id": job_id, **members})
    patiently(lambda: redis.set(keys.snapshot(job_id), text), RedisError, OSError)
    if publish:
        patiently(lambda: redis.publish(keys.updates(job_id), text), RedisError, OSError)
