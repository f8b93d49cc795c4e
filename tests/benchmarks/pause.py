"""How long after a pause is asked for a real worker's job says that it stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from time import perf_counter
from uuid import uuid4

from redis.client import PubSub

from headway import body, engines, keys
from headway.clock import utc_now
from headway.control import Request, act
from headway.settings import Settings
from headway.snapshot import Action, Policy, Snapshot, Spec
from headway.store import Store
from tests.benchmarks.figure import Figure, absolute, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, alone
from tests.servers import worker_process

TASKS = ("tests.worker.jobs", "tests.worker.stubborn_jobs")
PAUSES = 100
PAUSES_BY_SIGNAL = 40
GRACE_S = 0.05
_FOR_EVER = 10_000_000
_WITHIN_S = 30.0


def pauses(rounds: int) -> list[Figure]:
    """A job with a step every 10 ms; and one without any, from the end of its grace."""
    with private_redis() as url, worker_process(url, TASKS, HEADWAY_PAUSE_GRACE_S=str(GRACE_S)):

        def ours() -> Measured:
            with running(url, "step", Policy(pause="cooperative")) as stepping:
                yielding_ms = [stepping.pause_ms() for _ in range(PAUSES)]
            with running(url, "turn", Policy(pause="auto")) as turning:
                stopped_ms = [turning.pause_ms() - GRACE_S * 1000 for _ in range(PAUSES_BY_SIGNAL)]
            return {"pause": p99(yielding_ms), "pause-signal": p99(stopped_ms)}

        measured = alone(ours, rounds)
        return [absolute(name, "ms", values, at_most(100)) for name, values in measured.items()]


def p99(values: list[float]) -> float:
    """What one of a hundred exceeds; the largest where there are fewer."""
    return quantiles(values, n=100, method="inclusive")[-1]


class Stepping:
    """A job that a worker runs, and what is published of it."""

    def __init__(self, settings: Settings, task: str, policy: Policy) -> None:
        self._store = Store(settings)
        self._engine = engines.load(settings).engine(settings)
        spec = Spec(job_id=uuid4().hex, task=task, params={"count": _FOR_EVER}, policy=policy,
                    created_at=utc_now())  # fmt: skip
        self._job_id = spec.job_id
        self._updates: PubSub = self._store.redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._updates.subscribe(keys.updates(self._job_id))
        self._store.run(self._store.calls.create(spec, body.queued(spec), request="r"))
        self._engine.enqueue(spec, 1)
        self._until("running")

    def pause_ms(self) -> float:
        """Pause it and let it go on; milliseconds from before the request to its acknowledgement."""
        asked_s = perf_counter()
        self._ask("pause")
        self._until("paused")
        took_s = perf_counter() - asked_s
        self._ask("resume")
        self._until("running")
        return took_s * 1000

    def end(self) -> None:
        """Cancel it, by force where it takes no step."""
        self._ask("cancel")
        self._until("canceled")
        self._updates.close()
        self._engine.close()
        self._store.close()

    def _ask(self, action: Action) -> None:
        act(self._store, self._engine, self._job_id, Request(action, by="bench"))

    def _until(self, status: str) -> None:
        deadline_s = perf_counter() + _WITHIN_S
        while perf_counter() < deadline_s:
            message = self._updates.get_message(timeout=1)
            if message is not None and Snapshot.model_validate_json(message["data"]).status == status:
                return
        raise TimeoutError(f"job {self._job_id} was not {status} within {_WITHIN_S:g} s")


@contextmanager
def running(url: str, task: str, policy: Policy) -> Iterator[Stepping]:
    """Such a job, canceled at the end."""
    job = Stepping(Settings(HEADWAY_REDIS_URL=url), task, policy)
    yield job
    job.end()
