"""What has to be so of every job when a run is over."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from redis import Redis
from sqlalchemy import select

from headway.engines.rq import RqEngine
from headway.history import schema
from headway.history.database import Database, database_url
from headway.settings import Settings
from headway.store import Store
from tests.chaos.chronicle import Event
from tests.chaos.jobs import FAIL_BY_THEMSELVES, computed
from tests.chaos.orders import Order

Faults = Iterator[str]
_KILLED = {"WorkHorseKilled", "WorkerLost"}


class History:
    """One job's events, in their order."""

    def __init__(self, job_id: str, events: Sequence[Event], order: Order | None) -> None:
        self.job_id = job_id
        self.events = events
        self.order = order

    @property
    def last(self) -> Event:
        """The job as it is."""
        return self.events[-1]


def histories(events: Sequence[Event], ordered: dict[str, Order]) -> list[History]:
    """All jobs, by their events."""
    by_job: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_job[event.job_id].append(event)
    return [History(job_id, its, ordered.get(job_id)) for job_id, its in by_job.items()]


def written_rightly(job: History) -> Faults:
    """It is over; seq rises by one; each attempt ends once, and nothing is written of it after that."""
    if not job.last.terminal:
        yield f"it is {job.last.snapshot['status']}, and so not over"
    if job.events[0].seq != 1:
        yield f"it begins with seq {job.events[0].seq}"
    for before, now in pairwise(job.events):
        if now.seq != before.seq + 1:
            yield f"seq {now.seq} was written after {before.seq}"
        if now.attempt not in {before.attempt, before.attempt + 1}:
            yield f"attempt {now.attempt} came after {before.attempt}"
        if before.terminal and now.attempt == before.attempt:
            yield f"seq {now.seq} ({now.snapshot['status']}) was written after the end of its attempt"
        if now.attempt > before.attempt and now.snapshot["status"] != "queued":
            yield f"attempt {now.attempt} begins as {now.snapshot['status']}"
        if now.attempt > before.attempt and not (before.terminal or now.ended):
            yield f"attempt {now.attempt} began before the end of the one before"
    ends = Counter(
        event.ended["attempt"] if event.ended else event.attempt for event in job.events if event.ends_attempt
    )
    if more := {attempt: times for attempt, times in ends.items() if times > 1}:
        yield f"attempts ended more than once: {more}"
    if missing := set(range(1, job.last.attempt + 1)) - set(ends):
        yield f"attempts never ended: {missing}"


def begun_once(job: History) -> Faults:
    """Each attempt is begun once, unless its worker was told to stop and gave it back."""
    for before, now in pairwise(job.events):
        begun, again = before.snapshot["started_at"], now.snapshot["started_at"]
        if now.attempt == before.attempt and begun and again and begun != again:
            yield f"attempt {now.attempt} was begun at {again} while it was under way since {begun}"


def ended_truly(job: History, asked: Counter[tuple[str, str]], killed: set[str], lost_horses: set[str]) -> Faults:
    """A finished job has its result, a canceled one was canceled, a failed one failed by itself or was killed."""
    if job.order is None:
        # Its queue did not take it, so its submit was refused, and tried again as another job.
        if "EngineUnavailable" not in {error["type"] for error in map(_error, job.events) if error}:
            yield "nobody ordered it"
        return
    task, params = job.order.task, job.order.params
    for event in job.events:
        status = event.snapshot["status"]
        if status == "finished" and event.snapshot["result"] != computed(task, params):
            yield f"its result is {event.snapshot['result']!r}, not {computed(task, params)!r}"
        if status == "canceled" and not asked[job.job_id, "cancel"]:
            yield "it is canceled, and nobody asked for it"
        error = _error(event)
        if event.ended is None or error is None:
            continue
        worker = event.ended["worker"]
        if error["type"] == "WorkerLost" and worker not in killed:
            yield f"{worker} was called lost, and it lived: {error['detail']}"
        if error["type"] == "WorkHorseKilled" and worker not in lost_horses:
            yield f"a work-horse of {worker} was called killed, and nobody had killed it: {error['detail']}"
        if error["type"] not in _KILLED and task not in FAIL_BY_THEMSELVES:
            yield f"it failed by itself: {error}"


def _error(event: Event) -> dict[str, str] | None:
    return event.ended["error"] if event.ended else None


def asked_once(job: History, asked: Counter[tuple[str, str]]) -> Faults:
    """Nothing that was asked once was done twice."""
    done = Counter(event.action["asked"] for event in job.events if event.action)
    for action, times in done.items():
        if times > asked[job.job_id, action]:
            yield f"{action} was asked for {asked[job.job_id, action]} times and done {times} times"


def alone(job: History) -> Faults:
    """No two processes were at it at once."""
    if job.order and job.order.trace.with_suffix(".twice").exists():
        yield "two processes were at it at once"


def unclosed(store: Store, engine: RqEngine) -> Faults:
    """Nothing waits, runs or is late, neither for headway nor for RQ."""
    for name, what in {
        "running": store.run(store.calls.beats()),
        "waiting": store.run(store.calls.waiting()),
        "delayed": store.run(store.calls.delayed()),
        "queued in RQ": {queue: ids for queue, ids in engine.queues().items() if ids},
        "running in RQ": engine.running(),
        "taken and not begun in RQ": store.redis.keys("rq:queue:*:intermediate"),
    }.items():
        if what:
            yield f"{name}: {what}"


def without_life(redis: Redis) -> Faults:
    """Every key of a job's has an end."""
    for pattern in ("job:*", "rq:job:*", "rq:results:*", "rq:execution*", "jobs:submission:*"):
        for key in redis.scan_iter(pattern, count=1_000):
            if redis.ttl(key) == -1:
                yield f"{key.decode()} stays for ever"


def recorded(database: Path, events: Sequence[Event]) -> Faults:
    """History has each event once, each job as its last event left it, and each attempt."""
    history = Database(database_url(Settings(database_url=f"sqlite:///{database}")), read_only=True)
    with history.read() as connection:
        table = schema.job_progress_events
        rows = [tuple(row) for row in connection.execute(select(table.c.job_id, table.c.seq, table.c.status))]
        jobs = [tuple(row) for row in connection.execute(select(schema.jobs.c.job_id, schema.jobs.c.snapshot))]
        attempts = [tuple(row) for row in connection.execute(
            select(schema.job_attempts.c.job_id, schema.job_attempts.c.attempt, schema.job_attempts.c.status)
        )]  # fmt: skip
        # Those with another index say who was let in, not what became of a job.
        asked = select(schema.job_actions.c.job_id).where(schema.job_actions.c.idx == 0)
        actions = Counter(connection.execute(asked).scalars())
    history.close()
    yield from _same("events", Counter(rows), Counter((one.job_id, one.seq, one.snapshot["status"]) for one in events))
    last = {event.job_id: event.raw.decode() for event in events}
    yield from _same("jobs", Counter(jobs), Counter(last.items()))
    ends = {
        (event.job_id, event.ended["attempt"]): event.ended["status"] for event in events if event.ended is not None
    }
    yield from _same("attempts", Counter(attempts), Counter((*attempt, status) for attempt, status in ends.items()))
    yield from _same("actions", actions, Counter(event.job_id for event in events if event.action))


def _same(what: str, recorded: Counter[object], true: Counter[object]) -> Faults:
    if recorded != true:
        yield f"{what} missing in history: {list((true - recorded).elements())[:3]}"
        yield f"{what} in history alone: {list((recorded - true).elements())[:3]}"


def of_all(jobs: Sequence[History], check: Callable[[History], Faults]) -> Faults:
    """What is wrong with any of the jobs, and what was written of it last."""
    for job in jobs:
        for fault in check(job):
            tail = [
                f"{one.seq}#{one.attempt} {one.snapshot['status']}" + (f" ended {one.ended}" if one.ended else "")
                for one in job.events[-6:]
            ]
            task = job.order.task if job.order else "?"
            yield f"{job.job_id} ({task}): {fault}\n      {' | '.join(tail)}"
