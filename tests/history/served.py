"""An API that reads history, and jobs written and recorded without a worker or a recorder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from redis import Redis

from headway import keys
from headway.clock import utc_now
from headway.history.database import Database
from headway.history.writing import Writer
from headway.logs import LogBuffer
from headway.settings import Settings
from tests.history.desk import Desk


@dataclass(frozen=True)
class Served:
    """An API, the Redis and the database that it reads, and who writes into both."""

    url: str
    settings: Settings
    database: Database
    desk: Desk

    @property
    def redis(self) -> Redis:
        """The Redis that the API reads."""
        return self.desk.redis

    def running(self) -> str:
        """A job that has begun; its id."""
        job_id = self.desk.create()
        self.desk.start(job_id)
        return job_id

    def end(self, job_id: str) -> None:
        """End a job well."""
        self.desk.report(job_id, 10, status="finished", percent=100, finished_at=utc_now())

    def log(self, job_id: str, lines: Sequence[object], attempt: int = 1) -> None:
        """Write lines into a job's log as one batch of a writer of its own."""
        buffer = LogBuffer(job_id, attempt, self.desk.store.calls)
        for line in lines:
            buffer.add(line)
        call = buffer.take()
        assert call is not None
        self.desk.store.run(call)

    def measure(self, job_id: str, n: int, points: Sequence[Sequence[Any]], dropped: int = 0) -> None:
        """Report with points, each `[ms since 1970, name, value]`."""
        self.desk.report(job_id, n, extra=json.dumps({"points": points, "points_dropped": dropped}))

    def record(self, *job_ids: str) -> None:
        """Write into history what the streams have of these jobs."""
        entries = [*self.desk.entries(), *self.desk.entries(keys.LOGS)]
        Writer(self.database).write([entry for entry in entries if entry.job_id() in job_ids])

    def forget(self, job_id: str) -> None:
        """Let a job's keys expire."""
        self.redis.delete(*self.redis.keys(f"job:{job_id}:*"))

    def get(self, path: str, **query: Any) -> httpx2.Response:
        """Ask the API."""
        return httpx2.get(self.url + path, params=query, timeout=40)

    def page(self, job_id: str, **query: Any) -> dict[str, Any]:
        """One page of a job's log."""
        answer = self.get(f"/jobs/{job_id}/logs", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()
