"""Changes to a job by somebody other than its reporter: by compare-and-set, read again when refused."""

from collections.abc import Callable
from uuid import uuid4

from redis.exceptions import ResponseError

from headway import body, retries
from headway.actions import possible
from headway.body import Members
from headway.clock import utc_now
from headway.errors import JobNotFound, Unreadable
from headway.snapshot import EndedAttempt, JobError, Policy, Snapshot, Spec
from headway.status import ACTIVE_STATUSES, Status
from headway.store import Answer, Store, Stored
from headway.store.calls import Call, Change

_TRIES = 20
_NEXT: frozenset[Change] = frozenset({"next"})


def fail_lost(
    store: Store,
    job_id: str,
    attempt: int,
    error: JobError,
    worker: str,
    *,
    unstarted: bool = False,
    final: bool = False,
) -> bool:
    """End as failed an attempt whose process, one of `worker`'s, ended without a word; the next one may follow.

    `unstarted` says that the process may not even have begun the attempt, `final` that no other one would fare better.
    False if the attempt ended by itself, or runs elsewhere: a second delivery may die without the first one's harm.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """

    def lost(before: Snapshot) -> bool:
        waits = unstarted and before.status is Status.QUEUED and before.attempt == attempt
        return waits or _runs_at(before, attempt, worker)

    return _fail(store, job_id, lambda before: error, lost, worker=worker, final=final)


def fail_silent(store: Store, job_id: str, beat: str, silent_s: float) -> bool:
    """End as failed an attempt whose last beat was `beat`, `silent_s` ago; the next one may follow.

    False if it has ended, or its holder was heard of since.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """

    def error(before: Snapshot) -> JobError:
        who = f"worker {before.worker}" if before.worker else "its worker"
        return JobError(type="WorkerLost", detail=f"{who} was silent for {silent_s:.0f} s: it died or was cut off")

    return _fail(store, job_id, error, lambda before: before.status in ACTIVE_STATUSES, beat=beat)


def cancel_forced(store: Store, job_id: str, attempt: int, worker: str) -> bool:
    """End as canceled an attempt whose process, one of `worker`'s, had to be killed; what it reported stays.

    False if the attempt ended by itself, or runs elsewhere.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """

    def forced(stored: Stored) -> Call[Answer] | None:
        before = stored.snapshot
        if not _runs_at(before, attempt, worker):
            return None
        finished_at = utc_now()
        last = {
            "status": Status.CANCELED.value,
            "message": "canceled",
            "can": possible(Status.CANCELED, Policy()),
            "finished_at": finished_at,
            "eta_s": None,
            "eta_range_s": None,
            "stalled_since": None,
        }
        ended = EndedAttempt(
            attempt=attempt,
            status=Status.CANCELED,
            worker=worker,
            started_at=before.started_at,
            finished_at=finished_at,
        )
        return store.calls.change(job_id, stored.seq, body.decode(stored.raw) | last, request=request, ended=ended)

    request = uuid4().hex
    return _change(store, job_id, forced) is not None


def fail_queued(store: Store, job_id: str, error: JobError) -> bool:
    """End as failed a job that never reached its queue; False if somebody started or ended it after all.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """
    return _fail(store, job_id, lambda before: error, lambda before: before.status is Status.QUEUED, final=True)


def release(store: Store, job_id: str, attempt: int, worker: str) -> bool:
    """Take an attempt from a process of `worker` that was stopped, and make it wait again as the same attempt.

    What was asked of it stays asked, and one that is paused stays so until somebody resumes it. False if it ended by
    itself, or runs elsewhere.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """
    spec = store.run(store.calls.spec(job_id))
    if spec is None:
        return False
    waiting = body.queued(spec, message="queued again: its worker was stopped")
    release_flag: frozenset[Change] = frozenset({"release"})

    def released(stored: Stored) -> Call[Answer] | None:
        if not _runs_at(stored.snapshot, attempt, worker):
            return None
        asked = stored.snapshot.control.requested if stored.snapshot.control else ""
        stays = stored.status is Status.PAUSED and not asked
        members = _unbegun(spec, Status.PAUSED, "paused: its worker was stopped") if stays else waiting
        return store.calls.change(job_id, stored.seq, members, request=request, flags=release_flag)

    request = uuid4().hex
    return _change(store, job_id, released) is not None


def held(spec: Spec) -> Members:
    """The members of a job that is paused before it began."""
    return _unbegun(spec, Status.PAUSED, "paused before it began")


def canceled(spec: Spec, attempt: int) -> tuple[Members, EndedAttempt]:
    """The members of a job that is canceled before it began, and how its attempt ended."""
    finished_at = utc_now()
    members = _unbegun(spec, Status.CANCELED, "canceled before it began") | {"finished_at": finished_at}
    return members, EndedAttempt(attempt=attempt, status=Status.CANCELED, finished_at=finished_at)


def give_way(store: Store, spec: Spec) -> None:
    """Do what was asked of a job whose worker gave it back before it could: it waits, so nobody else will.

    Raises:
        RedisUnavailable: Redis did not answer.
    """
    stored = store.read(spec.job_id)
    if stored is None or stored.adopted or stored.status is not Status.QUEUED:
        return
    now = stored.snapshot
    asked = now.control.requested if now.control else ""
    flags: frozenset[Change] = frozenset({"acknowledge"})
    if asked == "pause":
        store.run(store.calls.change(spec.job_id, stored.seq, held(spec), request=uuid4().hex, flags=flags))
    elif asked == "cancel":
        members, ended = canceled(spec, now.attempt)
        store.run(store.calls.change(spec.job_id, stored.seq, members, request=uuid4().hex, ended=ended))


def _spec(store: Store, job_id: str) -> Spec | None:
    """What was asked for; None also if somebody spoilt it: no other attempt can follow from that."""
    try:
        return store.run(store.calls.spec(job_id))
    except (Unreadable, ResponseError):
        return None


def _unbegun(spec: Spec, status: Status, message: str) -> Members:
    return body.queued(spec, message=message) | {"status": status.value, "can": possible(status, spec.policy)}


def _fail(
    store: Store,
    job_id: str,
    error_of: Callable[[Snapshot], JobError],
    allowed: Callable[[Snapshot], bool],
    *,
    worker: str | None = None,
    final: bool = False,
    beat: str = "",
) -> bool:
    spec: Spec | None = None
    request = uuid4().hex

    def failed(stored: Stored) -> Call[Answer] | None:
        nonlocal spec
        before = stored.snapshot
        if not (allowed(before) and before.status.may_become(Status.FAILED)):
            return None
        # Not before: a worker asks after every job, and hardly ever has to.
        spec = spec or _spec(store, job_id)
        error = error_of(before)
        canceling = before.control is not None and before.control.requested == "cancel"
        following = None
        if spec is not None and not (final or canceling):
            following = retries.following(spec, before.attempt, error)
        ended = EndedAttempt(
            attempt=before.attempt,
            status=Status.FAILED,
            error=error,
            worker=worker or before.worker,
            started_at=before.started_at,
            finished_at=utc_now(),
        )
        if following is None:
            members = body.decode(stored.raw) | retries.ended_for_good(error)
            return store.calls.change(job_id, stored.seq, members, request=request, ended=ended, beat=beat)
        return store.calls.change(
            job_id,
            stored.seq,
            following.members,
            request=request,
            flags=_NEXT,
            ended=ended,
            delay_s=following.delay_s,
            beat=beat,
        )

    answer = _change(store, job_id, failed)
    if answer is None:
        return False
    if answer.asked and spec is not None:
        give_way(store, spec)
    return True


def _change(store: Store, job_id: str, call_for: Callable[[Stored], Call[Answer] | None]) -> Answer | None:
    """Carry out the call that fits the stored snapshot, again while others write in between.

    None if there is none to carry out, or it was refused. All of them have to be one request, so that each repeat
    is told from a second one.
    """
    for _ in range(_TRIES):
        stored = store.read(job_id)
        if stored is None:
            raise JobNotFound(job_id)
        call = call_for(stored)
        if call is None:
            return None
        answer = store.run(call)
        if answer.code != "stale":
            return answer if answer.accepted else None
    return None


def _runs_at(snapshot: Snapshot, attempt: int, worker: str) -> bool:
    return snapshot.status in ACTIVE_STATUSES and snapshot.attempt == attempt and snapshot.worker == worker
