"""Jobs written by the store itself, and the stream that this makes."""

import json
from collections import Counter
from uuid import uuid4

from redis import Redis

from headway import body, control, keys
from headway.clock import utc_now
from headway.history.entries import Entry
from headway.settings import Settings
from headway.snapshot import EndedAttempt, Spec
from headway.status import Status
from headway.store import Store
from headway.store.calls import Answer, Holder


class Desk:
    """Writes jobs."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.redis = redis
        self.store = Store(settings)
        self._specs: dict[str, Spec] = {}
        self._holders: dict[str, Holder] = {}
        self._counters: Counter[str] = Counter()
        self._given: Counter[str] = Counter()

    def create(self, job_id: str = "") -> str:
        """Queue a job; its id."""
        job_id = job_id or uuid4().hex[:12]
        spec = Spec(job_id=job_id, task="count", owner="ada", created_at=utc_now())
        self._specs[job_id] = spec
        self.store.run(self.store.calls.create(spec, body.queued(spec), request=uuid4().hex)).or_raise(job_id)
        return job_id

    def start(self, job_id: str, attempt: int = 1) -> None:
        """Begin an attempt."""
        self._holders[job_id] = Holder(job_id, attempt, uuid4().hex)
        self._counters[job_id] = 0
        members = body.queued(self._specs[job_id]) | {"status": "started", "worker": "w-1", "started_at": utc_now()}
        self._counters[job_id] += 1
        call = self.store.calls.start(self._holders[job_id], self._counters[job_id], members)
        self._given[job_id] = self.store.run(call).or_raise(job_id).seq

    def report(
        self, job_id: str, n: int, total: int | None = 10, message: str = "", extra: str = "", **members: object
    ) -> Answer:
        """Write progress."""
        shown = body.queued(self._specs[job_id]) | {
            "status": "running", "n": n, "total": total, "message": message or f"step {n}",
            "percent": 0 if not total else min(99, n * 100 // total), "worker": "w-1",
        } | members  # fmt: skip
        self._counters[job_id] += 1
        call = self.store.calls.write(
            self._holders[job_id], self._counters[job_id], self._given[job_id], shown, extra=extra
        )
        answer = self.store.run(call).or_raise(job_id)
        self._given[job_id] = answer.seq
        return answer

    def fail(self, job_id: str, *, again: bool = False, extra: str = "") -> None:
        """End an attempt, the job too unless it is to go on `again`."""
        attempt = self._holders[job_id].attempt
        error = {"type": "ValueError", "detail": "no column 'x'"}
        ended = EndedAttempt(attempt=attempt, status=Status.FAILED, error=error, worker="w-1", finished_at=utc_now())
        members = body.queued(self._specs[job_id]) | {"status": "failed", "error": error, "finished_at": utc_now()}
        if again:
            members = body.queued(self._specs[job_id]) | {"message": "attempt 1 failed"}
        self._counters[job_id] += 1
        call = self.store.calls.write(
            self._holders[job_id], self._counters[job_id], self._given[job_id], members,
            flag="next" if again else "", ended=ended, extra=extra,
        )  # fmt: skip
        self.store.run(call).or_raise(job_id)

    def ask(self, job_id: str, action: str, by: str) -> None:
        """Ask something of a job."""
        asked = {"asked": action, "by": by, "verified": False, "at": utc_now()}
        control = json.dumps({"requested": action, "by": by, "at": asked["at"]})
        call = self.store.calls.control(
            job_id, action, control, request=uuid4().hex, extra=json.dumps({"action": asked})
        )
        self.store.run(call).or_raise(job_id)

    def delete(self, job_id: str) -> None:
        """Delete a job that is over, as somebody proved to be ada."""
        control.delete(self.store, job_id, "ada", verified=True)

    def finished(self, reports: int) -> str:
        """A whole job with so many reports; its id. It has `reports` + 3 events."""
        job_id = self.create()
        self.start(job_id)
        for n in range(reports):
            self.report(job_id, n, reports)
        self.report(job_id, reports, reports, status="finished", percent=100, finished_at=utc_now())
        return job_id

    def entries(self, stream: str = keys.EVENTS) -> list[Entry]:
        """All that is in a stream."""
        return [Entry(stream, entry_id.decode(), fields) for entry_id, fields in self.redis.xrange(stream)]

    def close(self) -> None:
        """Close the connections."""
        self.store.close()
