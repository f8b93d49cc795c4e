"""What the API's tests do with jobs: plain writes by the store, and sockets read to their end."""

import json
import uuid
from contextlib import suppress
from typing import Any

import httpx2
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from headway import body
from headway.clock import utc_now
from headway.snapshot import EndedAttempt, Spec
from headway.store import Store
from headway.store.calls import Holder
from tests.servers import ApiServer


def new_id() -> str:
    """A job id that no other test has."""
    return uuid.uuid4().hex[:12]


class WrittenJob:
    """A job of headway's own, written step by step as a worker would."""

    def __init__(self, store: Store, owner: str | None = None, task: str = "long_task", queue: str = "none") -> None:
        self.store = store
        self.id = new_id()
        self.spec = Spec(job_id=self.id, task=task, queue=queue, owner=owner, created_at=utc_now())
        self._holder = Holder(self.id, 1, uuid.uuid4().hex, owner)
        self._members = body.queued(self.spec)
        self._writes = 0
        self.seq = self.store.run(self.store.calls.create(self.spec, self._members, request=self.id)).seq

    def start(self) -> None:
        """Begin the first attempt."""
        self._members |= {"status": "started", "message": "starting..."}
        self.seq = self.store.run(self.store.calls.start(self._holder, self._next(), self._members)).seq

    def write(self, *, large_result: str = "", **members: Any) -> int:
        """Write a snapshot and return its seq."""
        self._members |= members
        call = self.store.calls.write(self._holder, self._next(), self.seq, self._members, large_result=large_result)
        self.seq = self.store.run(call).or_raise(self.id).seq
        return self.seq

    def retry(self, ended: EndedAttempt) -> None:
        """End the attempt and queue the next one, which is not begun yet."""
        self._members |= {"status": "queued", "percent": 0, "error": None}
        call = self.store.calls.write(self._holder, self._next(), self.seq, self._members, flag="next", ended=ended)
        self.seq = self.store.run(call).or_raise(self.id).seq
        self._holder = Holder(self.id, self._holder.attempt + 1, uuid.uuid4().hex, self._holder.owner)
        self._writes = 0

    def finish(self, result: Any = None, large_result: str = "") -> int:
        """End the job well."""
        return self.write(status="finished", percent=100, message="complete", result=result, large_result=large_result)

    def _next(self) -> int:
        self._writes += 1
        return self._writes


def open_socket(api: ApiServer, job_id: str, query: str = "", **options: Any) -> ClientConnection:
    """A WebSocket on a job."""
    socket: ClientConnection = connect(f"{api.ws_url}/ws/{job_id}{query}", open_timeout=10, **options)
    return socket


def next_frame(socket: ClientConnection) -> dict[str, Any]:
    """The next snapshot."""
    frame: dict[str, Any] = json.loads(socket.recv(10))
    return frame


def read_to_end(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """Every snapshot until the server closes, and its code; 1006 if it never said one."""
    frames = []
    with suppress(ConnectionClosed):
        while True:
            frames.append(next_frame(socket))
    return frames, socket.close_code or 1006


def subscribers(redis: Redis, job_id: str) -> int:
    """How many connections listen to a job's channel."""
    ((_, count),) = redis.pubsub_numsub(f"job:{job_id}:updates")
    return int(count)


def watchers(api: ApiServer) -> int:
    """How many clients follow a job by this API."""
    return int(httpx2.get(f"{api.url}/readyz", timeout=10).json()["watchers"])
