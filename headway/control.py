"""What people ask of a job: pause, resume, cancel, retry, delete."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from headway import body, keys
from headway.body import Members
from headway.clock import utc_now
from headway.engines import Engine
from headway.errors import Conflict, JobNotFound
from headway.outside import canceled, held
from headway.snapshot import Action, EndedAttempt, Snapshot, Spec
from headway.status import Status
from headway.store import Answer, Store, Stored
from headway.store.calls import Asked, Call, Change

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One action asked for: by whom, whether that name was proved, and a key by which a repeat is known."""

    action: Action
    by: str
    verified: bool = False
    key: str | None = None


def act(store: Store, engine: Engine, job_id: str, request: Request) -> Stored:
    """Do to a job what is asked, or pass it on to whoever runs it; what is so already is left so.

    Raises:
        JobNotFound: no such job.
        Conflict: the job's state does not allow it; the sentence says why.
        EngineUnavailable: the queue did not take the job; asked again with the same key, it is queued once.
        RedisUnavailable: Redis did not answer.
    """
    return _Acting(store, engine, job_id, request).carry_out()


def is_repeat(job_id: str, action: Action, key: str) -> Call[bool]:
    """Whether the job's latest request is this one, so that it asks for nothing more."""
    return Call(partial(_is_latest, _token(action, key)), commands=(("HGET", keys.state(job_id), "request"),))


def delete(store: Store, job_id: str, by: str, *, verified: bool = False) -> None:
    """Remove a job that is over, from now on for everybody; who asked for it stays recorded.

    Raises:
        JobNotFound: no such job.
        Conflict: it is not over.
        RedisUnavailable: Redis did not answer.
    """
    stored = store.read(job_id)
    if stored is None:
        raise JobNotFound(job_id)
    extra = _action("delete", by, verified, utc_now())
    code = store.run(store.calls.delete(job_id, stored.snapshot.owner, extra=extra)).code
    if code in {"unknown", "gone"}:
        raise JobNotFound(job_id)
    if code != "ok":
        raise Conflict(f"job {job_id!r} is {stored.status}: cancel it, or wait for its end, before deleting it")


class _Acting:
    """One request for one job, tried again whenever somebody else wrote in between."""

    def __init__(self, store: Store, engine: Engine, job_id: str, request: Request) -> None:
        self._store = store
        self._engine = engine
        self._job_id = job_id
        self._asked = request
        self._request = _token(request.action, request.key) if request.key else uuid4().hex
        self._at = utc_now()

    def carry_out(self) -> Stored:
        does: dict[Action, Callable[[Snapshot, Spec, int], Answer | None]] = {
            "pause": self._pause,
            "resume": self._resume,
            "cancel": self._cancel,
            "retry": self._retry,
        }
        for _ in range(_TRIES):
            stored = self._read()
            if stored.adopted:
                raise Conflict(f"job {self._job_id!r} is not headway's: the program that writes it takes no requests")
            spec = self._store.run(self._store.calls.spec(self._job_id))
            if spec is None:
                raise Conflict(f"what was asked for as job {self._job_id!r} is no longer kept")
            answer = does[self._asked.action](stored.snapshot, spec, stored.seq)
            if answer is None or answer.accepted:
                return self._read()
        raise Conflict(f"job {self._job_id!r} changes too fast: ask again")

    def _pause(self, now: Snapshot, spec: Spec, seq: int) -> Answer | None:
        self._refuse_over(now)
        pending = now.control.requested if now.control else ""
        if pending == "cancel":
            raise Conflict(f"job {self._job_id!r} is being canceled")
        if now.status is Status.PAUSED:
            # It may go on already, or be about to: whoever lets it, has it stand again.
            return self._ask("pause") if pending == "resume" else None
        if now.status is Status.QUEUED:
            return self._change(seq, held(spec), frozenset({"acknowledge"}))
        if pending == "pause":
            return None
        if spec.policy.pause == "never":
            raise Conflict(f"task {spec.task!r} cannot be paused")
        return self._ask("pause")

    def _resume(self, now: Snapshot, spec: Spec, seq: int) -> Answer | None:
        self._refuse_over(now)
        pending = now.control.requested if now.control else ""
        if pending == "cancel":
            raise Conflict(f"job {self._job_id!r} is being canceled")
        if now.status is not Status.PAUSED:
            return self._ask("") if pending == "pause" else None
        if _begun(now):
            return None if pending == "resume" else self._ask("resume")
        answer = self._change(seq, body.queued(spec), frozenset({"acknowledge"}))
        if answer.accepted:
            self._engine.enqueue(spec, now.attempt)
        return answer

    def _cancel(self, now: Snapshot, spec: Spec, seq: int) -> Answer | None:
        if now.status is Status.CANCELED:
            return None
        self._refuse_over(now)
        if _begun(now):
            pending = now.control.requested if now.control else ""
            return None if pending == "cancel" else self._ask("cancel")
        members, ended = canceled(spec, now.attempt)
        return self._change(seq, members, ended=ended)

    def _retry(self, now: Snapshot, spec: Spec, seq: int) -> Answer | None:
        # Of a repeat, whose retry may be under way, the store knows the key: it is queued once more, to be sure.
        expected = seq if now.status.terminal else 0
        waiting = body.queued(spec, message=f"queued again by {self._asked.by}")
        answer = self._change(expected, waiting, frozenset({"next"}))
        if answer.accepted:
            self._engine.enqueue(spec, answer.attempt)
        elif not now.status.terminal:
            raise Conflict(f"job {self._job_id!r} is {now.status}: it can be retried once it has ended")
        return answer

    def _refuse_over(self, now: Snapshot) -> None:
        if now.status.terminal:
            raise Conflict(f"job {self._job_id!r} is over: it is {now.status}")

    def _read(self) -> Stored:
        stored = self._store.read(self._job_id)
        if stored is None:
            raise JobNotFound(self._job_id)
        return stored

    def _ask(self, asked: Asked) -> Answer:
        """Ask whoever runs the job; nothing withdraws what was asked before."""
        control = json.dumps({"requested": asked, "by": self._asked.by, "at": self._at})
        call = self._store.calls.control(self._job_id, asked, control, request=self._request, extra=self._event())
        return self._store.run(call)

    def _change(
        self, seq: int, members: Members, flags: frozenset[Change] = frozenset(), ended: EndedAttempt | None = None
    ) -> Answer:
        call = self._store.calls.change(
            self._job_id, seq, members, request=self._request, flags=flags, ended=ended, extra=self._event()
        )
        return self._store.run(call)

    def _event(self) -> str:
        return _action(self._asked.action, self._asked.by, self._asked.verified, self._at)


def _token(action: Action, key: str) -> str:
    return f"{action}:{key}"


def _is_latest(token: str, raw: list[Any]) -> bool:
    return bool(raw[0] == token.encode())


def _begun(now: Snapshot) -> bool:
    """Whether a process has the job: it alone may say what becomes of it."""
    return now.status in {Status.STARTED, Status.RUNNING} or now.started_at is not None


def _action(asked: str, by: str, verified: bool, at: str) -> str:
    """What the event of a request says of it."""
    return json.dumps({"action": {"asked": asked, "by": by, "verified": verified, "at": at}})
