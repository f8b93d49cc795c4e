"""Changes to a job by somebody other than its reporter: by compare-and-set, read again when refused."""

from collections.abc import Callable
from uuid import uuid4

from headway import body
from headway.actions import possible
from headway.body import Members
from headway.clock import utc_now
from headway.errors import JobNotFound
from headway.snapshot import EndedAttempt, JobError, Snapshot, Spec
from headway.status import ACTIVE_STATUSES, Status
from headway.store import Store
from headway.store.calls import Change

_TRIES = 20
_NO_FLAGS: frozenset[Change] = frozenset()


def fail_lost(
    store: Store, job_id: str, attempt: int, error: JobError, worker: str, *, unstarted: bool = False
) -> bool:
    """End as failed an attempt whose process, one of `worker`'s, ended without a word.

    `unstarted` says that the process may not even have begun the attempt. False if the attempt ended by itself, or
    runs elsewhere: a second delivery may die without the first one's harm.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """

    def lost(before: Snapshot) -> bool:
        waits = unstarted and before.status is Status.QUEUED and before.attempt == attempt
        return waits or _runs_at(before, attempt, worker)

    return _fail(store, job_id, error, worker, lost)


def fail_queued(store: Store, job_id: str, error: JobError) -> bool:
    """End as failed a job that never reached its queue; False if somebody started or ended it after all.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """
    return _fail(store, job_id, error, None, lambda before: before.status is Status.QUEUED)


def release(store: Store, job_id: str, attempt: int, worker: str) -> bool:
    """Take an attempt from a process of `worker` that was stopped, and make it wait again as the same attempt.

    What was asked of it stays asked. False if it ended by itself, or runs elsewhere.

    Raises:
        JobNotFound: no such job.
        RedisUnavailable: Redis did not answer.
    """
    spec = store.run(store.calls.spec(job_id))
    if spec is None:
        return False
    waiting = body.queued(spec, message="queued again: its worker was stopped")
    release_flag: frozenset[Change] = frozenset({"release"})
    return _change(
        store, job_id, lambda before: _runs_at(before, attempt, worker), lambda members: waiting, flags=release_flag
    )


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


def _unbegun(spec: Spec, status: Status, message: str) -> Members:
    return body.queued(spec, message=message) | {"status": status.value, "can": possible(status, spec.policy)}


def _fail(store: Store, job_id: str, error: JobError, worker: str | None, allowed: Callable[[Snapshot], bool]) -> bool:
    failed = {
        "status": Status.FAILED.value,
        "message": "error",
        "error": error.model_dump(),
        "can": ["retry"],
        "finished_at": utc_now(),
        "eta_s": None,
        "eta_range_s": None,
    }
    return _change(store, job_id, allowed, lambda members: members | failed, error=error, worker=worker)


def _change(
    store: Store,
    job_id: str,
    allowed: Callable[[Snapshot], bool],
    edit: Callable[[Members], Members],
    *,
    flags: frozenset[Change] = _NO_FLAGS,
    error: JobError | None = None,
    worker: str | None = None,
) -> bool:
    request = uuid4().hex
    for _ in range(_TRIES):
        stored = store.read(job_id)
        if stored is None:
            raise JobNotFound(job_id)
        before = stored.snapshot
        members = edit(body.decode(stored.raw))
        if not (allowed(before) and before.status.may_become(Status(members["status"]))):
            return False
        ended = None
        if error is not None:
            ended = EndedAttempt(
                attempt=before.attempt,
                status=members["status"],
                error=error,
                worker=worker,
                started_at=before.started_at,
                finished_at=members["finished_at"],
            )
        change = store.calls.change(job_id, stored.seq, members, request=request, flags=flags, ended=ended)
        answer = store.run(change)
        if answer.code != "stale":
            return answer.accepted
    return False


def _runs_at(snapshot: Snapshot, attempt: int, worker: str) -> bool:
    return snapshot.status in ACTIVE_STATUSES and snapshot.attempt == attempt and snapshot.worker == worker
