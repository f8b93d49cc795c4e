"""What a job pays for having what it prints taken into its log."""

import json
from uuid import uuid4

from redis import Redis

from headway import body, engines, keys
from headway.clock import utc_now
from headway.settings import Settings
from headway.snapshot import Policy, Spec
from headway.store import Store
from tests.benchmarks.figure import Figure, against, at_most
from tests.benchmarks.live_job import private_redis
from tests.benchmarks.rounds import Measured, side_by_side
from tests.servers import worker_process
from tests.wait import wait_for

TASKS = ("tests.worker.printing_jobs",)
LINES = 200_000
LINES_A_SECOND = 10_000
_WITHIN_S = 300.0


def printing(rounds: int) -> list[Figure]:
    """A job that computes between lines, so that it prints 10,000 of them a second for 20 s; against a file alone.

    Both go to a file by the worker's standard output; ours goes into the job's log besides.
    """
    with private_redis() as url, worker_process(url, TASKS):
        # How much work there is between two lines is found once, so that both sides do the same.
        turns = int(_run(url, "calibrate", Policy(capture_output=False), lines_a_second=LINES_A_SECOND))

        def took_s(capture: bool) -> Measured:
            policy = Policy(capture_output=capture)
            return {"printing": float(_run(url, "print_and_compute", policy, lines=LINES, turns=turns))}

        measured = side_by_side(lambda: took_s(True), lambda: took_s(False), rounds)
        return [against("printing", "s", *measured.of("printing"), at_most(1.1))]


def _run(url: str, task: str, policy: Policy, **params: int) -> str:
    """Run a job, and give its result."""
    settings = Settings(HEADWAY_REDIS_URL=url)
    store, engine = Store(settings), engines.load(settings).engine(settings)
    spec = Spec(job_id=uuid4().hex, task=task, params=params, policy=policy, created_at=utc_now())
    store.run(store.calls.create(spec, body.queued(spec), request="r"))
    engine.enqueue(spec, 1)
    with Redis.from_url(url) as redis:

        def ended() -> dict[str, object] | None:
            found = json.loads(redis.get(keys.snapshot(spec.job_id)))
            return found if found["status"] in {"finished", "failed"} else None

        last = wait_for(ended, _WITHIN_S, f"{task} ends")
        redis.delete(keys.LOGS)
    engine.close()
    store.close()
    return str(last["result"])
