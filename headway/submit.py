"""Submitting a job: its queued snapshot first, its place in the engine's queue after."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from headway import body, keys
from headway.clock import utc_now
from headway.engines.base import Engine
from headway.errors import Conflict, EngineUnavailable, Unavailable
from headway.outside import fail_queued
from headway.snapshot import JobError, Spec
from headway.status import Status
from headway.store.calls import Call
from headway.store.stored import Stored
from headway.store.sync import Store
from headway.tasks import TaskInfo

#: How long a repeated submit with the same `Idempotency-Key` gets the same job, in seconds.
SUBMISSION_KEPT_S = 86_400
_ID_TRIES = 5


@dataclass(frozen=True, slots=True)
class Submission:
    """Who wants which task to run with what.

    `served` says whether a live worker would take it now. `idempotency_key` makes a repeat of the same submit by the
    same owner answer with the job of the first one.
    """

    info: TaskInfo
    params: dict[str, Any]
    queue: str
    owner: str
    verified: bool = False
    engine_name: str = "rq"
    served: bool = True
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The snapshot of a submit's job, and whether this submit made it or repeated an earlier one."""

    stored: Stored
    created: bool


def submit(store: Store, engine: Engine, wanted: Submission) -> Submitted:
    """Write the job's queued snapshot, put it into its queue, and return the snapshot as it then is.

    Raises:
        EngineUnavailable: the queue did not take it; the job's snapshot says failed.
        Conflict: the idempotency key was used for another submit, or its job has been deleted.
        BadInput: the idempotency key has other characters than letters, digits, `.`, `_`, `~`, `-`.
        RedisUnavailable: Redis did not answer; a repeat with the same idempotency key is safe.
    """
    if wanted.idempotency_key is None:
        return Submitted(_begin(store, engine, _create_new(store, wanted)), created=True)
    claim = keys.submission(wanted.owner, keys.check_idempotency_key(wanted.idempotency_key))
    job_id = _claim(store, claim, wanted)
    earlier = store.read(job_id)
    if earlier is not None:
        return Submitted(_put_back(store, engine, earlier), created=False)
    spec = _spec(wanted, job_id)
    # A token made of the key, so that of two simultaneous repeats one creates and both find the same job.
    code = store.run(store.calls.create(spec, _queued(spec, wanted), request=f"submission:{job_id}")).code
    if code == "gone":
        raise Conflict(f"the job of this Idempotency-Key, {job_id!r}, has been deleted: submit with a new key")
    try:
        return Submitted(_begin(store, engine, spec), created=True)
    except EngineUnavailable:
        store.run(Call(_nothing, commands=(("DEL", claim),)))
        raise


def is_repeat(owner: str, idempotency_key: str) -> Call[bool]:
    """Whether this owner has submitted with this idempotency key before.

    Raises:
        BadInput: as `submit`.
    """
    return Call(_any, commands=(("EXISTS", keys.submission(owner, keys.check_idempotency_key(idempotency_key))),))


def _create_new(store: Store, wanted: Submission) -> Spec:
    tries_left = _ID_TRIES
    while True:
        spec = _spec(wanted, _new_job_id())
        answer = store.run(store.calls.create(spec, _queued(spec, wanted), request=uuid.uuid4().hex))
        tries_left -= 1
        if answer.accepted or answer.code not in {"exists", "gone"} or not tries_left:
            answer.or_raise(spec.job_id)
            return spec


def _begin(store: Store, engine: Engine, spec: Spec) -> Stored:
    try:
        engine.enqueue(spec, 1)
    except EngineUnavailable as error:
        fail_queued(store, spec.job_id, JobError(type="EngineUnavailable", detail=str(error)))
        raise
    stored = store.read(spec.job_id)
    if stored is None:
        raise Conflict(f"job {spec.job_id!r} was deleted while it was submitted")
    return stored


def _put_back(store: Store, engine: Engine, earlier: Stored) -> Stored:
    """Queue again what a submit that broke off half-way has left waiting in no queue."""
    snapshot = earlier.snapshot
    spec = store.run(store.calls.spec(snapshot.job_id))
    if spec is None or snapshot.status is not Status.QUEUED or engine.position(spec, snapshot.attempt) is not None:
        return earlier
    # The job may have been taken from its queue just now: the store lets one delivery begin.
    engine.enqueue(spec, snapshot.attempt)
    return earlier


def _claim(store: Store, claim: str, wanted: Submission) -> str:
    """The job id that this idempotency key stands for, a new one if it is used for the first time."""
    mine = json.dumps({"job_id": _new_job_id(), "of": _fingerprint(wanted)})
    set_once = ("SET", claim, mine, "NX", "EX", SUBMISSION_KEPT_S)
    stored = store.run(Call(_last, commands=(set_once, ("GET", claim))))
    if stored is None:
        raise Unavailable("the Idempotency-Key was given up meanwhile: submit again")
    claimed = json.loads(stored)
    if claimed["of"] != _fingerprint(wanted):
        raise Conflict("this Idempotency-Key was used for another submit: use a new one for each job")
    job_id: str = claimed["job_id"]
    return job_id


def _fingerprint(wanted: Submission) -> str:
    asked = json.dumps([wanted.info.name, wanted.params, wanted.queue], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _spec(wanted: Submission, job_id: str) -> Spec:
    return Spec(
        job_id=job_id,
        task=wanted.info.name,
        params=wanted.params,
        queue=wanted.queue,
        engine=wanted.engine_name,
        owner=wanted.owner,
        verified=wanted.verified,
        policy=wanted.info.policy,
        created_at=utc_now(),
    )


def _queued(spec: Spec, wanted: Submission) -> body.Members:
    message = "queued" if wanted.served else f"queued: no worker serves this task in queue {spec.queue!r} now"
    return body.queued(spec, message=message)


def _new_job_id() -> str:
    return uuid.uuid4().hex[:12]


def _last(raw: list[Any]) -> Any:
    return raw[-1]


def _any(raw: list[Any]) -> bool:
    return bool(raw[0])


def _nothing(raw: list[Any]) -> None:
    return None
