"""Many jobs followed over one socket: what all bars of a notebook's kernel share."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from headway.client import request
from headway.client.aio_http import AsyncHttp
from headway.client.cadence import backoff_s
from headway.client.following import OPEN_TIMEOUT_S, PING_S, socket_options
from headway.client.plan import UNKNOWN_S
from headway.errors import ApiRefused, ApiUnavailable, HeadwayError, JobNotFound, Unreadable
from headway.snapshot import Snapshot, WireModel

#: How long a job waits for the socket before it is asked for by itself, in seconds.
_GRACE_S = 0.3
_POLL_S = 1.0
#: How many jobs the API lets one socket follow.
_SERVED_MAX = 200


@dataclass(frozen=True)
class News:
    """A newer snapshot of a job, or the error that ended its being followed."""

    job_id: str
    snapshot: Snapshot | None = None
    error: HeadwayError | None = None


class _Frame(WireModel):
    type: str
    job_id: str | None = None
    snapshot: Snapshot | None = None
    status: int = 0
    detail: str = ""


class ManyWatch:
    """Tell of every newer snapshot of the jobs that are followed, each until its terminal one.

    It holds one socket while it is entered, and polls all jobs together where the API gives it none, or serves no more
    jobs on one. All methods are for the event loop that entered it.
    """

    def __init__(self, http: AsyncHttp, tell: Callable[[News], None]) -> None:
        self._http = http
        self._running: asyncio.Task[None] | None = None
        self._tell = tell
        self._seqs: dict[str, int] = {}
        self._served: set[str] = set()
        self._unknown_since: dict[str, float] = {}
        self._socket: ClientConnection | None = None
        self._sends: set[asyncio.Task[None]] = set()
        self._heard_at = time.monotonic()
        self._failures = 0

    @property
    def away_s(self) -> float:
        """Seconds since the API last answered; 0 while it does."""
        return time.monotonic() - self._heard_at if self._failures and self._socket is None else 0.0

    def follow(self, job_id: str, after: int = 0) -> None:
        """Tell of what is newer than `after`, a `seq`."""
        self._seqs[job_id] = after
        self._send_soon({job_id: after or None})

    def leave(self, job_id: str) -> None:
        """Tell no more of a job."""
        if self._seqs.pop(job_id, None) is not None and job_id in self._served:
            self._served.discard(job_id)
            self._start(self._say({"op": "unsubscribe", "jobs": [job_id]}))

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        await self._http.aclose()

    def check(self) -> None:
        """Raise what ended the following by mistake, if anything did."""
        if self._running is not None and self._running.done():
            self._running.result()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_socket())
            group.create_task(self._keep_polling())

    async def _keep_socket(self) -> None:
        failures = 0
        while True:
            frames = 0
            with suppress(OSError, WebSocketException, InvalidURI):
                frames = await self._serve()
            failures = 0 if frames else failures + 1
            spread_s = 0.5 * random.random()
            await asyncio.sleep(spread_s if frames else backoff_s(failures, random.random, first_s=1.0, longest_s=60.0))

    async def _serve(self) -> int:
        """Hold one socket to its end and return how many frames it brought."""
        frames = 0
        address = self._http.address
        options = socket_options(address, self._http.headers, open_timeout_s=OPEN_TIMEOUT_S, ping_s=PING_S)
        async with connect(address.websocket("/ws"), **options) as socket:
            self._socket = socket
            self._heard()
            self._send_soon({job_id: seq or None for job_id, seq in self._seqs.items()})
            try:
                async for frame in socket:
                    frames += 1
                    self._take(frame)
            except ConnectionClosed:
                pass
            finally:
                self._socket = None
                self._served.clear()
                self._heard_at = time.monotonic()
            if socket.close_code in {4401, 4403}:
                detail = socket.close_reason or "the API refused the connection"
                self._fail_all(ApiRefused(socket.close_code - 4000, {"detail": detail}))
        return frames

    async def _keep_polling(self) -> None:
        """Ask for the jobs that the socket does not bring."""
        pause_s = _GRACE_S
        while True:
            await asyncio.sleep(pause_s)
            left = [job_id for job_id in self._seqs if job_id not in self._served]
            pause_s = _GRACE_S if not left else await self._poll(left)

    async def _poll(self, job_ids: list[str]) -> float:
        """Ask once, and return how long to wait before the next time, in seconds."""
        try:
            batches = await self._http.ask_all(request.statuses(job_ids))
        except ApiUnavailable:
            self._failures += 1
            return backoff_s(self._failures, random.random, first_s=0.5, longest_s=10.0)
        except HeadwayError as error:
            self._fail_all(error)
            return _POLL_S
        self._heard()
        for batch in batches:
            for snapshot in batch.snapshots:
                self._unknown_since.pop(snapshot.job_id, None)
                self._news(snapshot)
            for job_id in batch.missing:
                self._unknown(job_id)
        return _POLL_S

    def _take(self, text: str | bytes) -> None:
        try:
            frame = _Frame.model_validate_json(text)
        except ValidationError:
            return
        if frame.type == "snapshot" and frame.snapshot is not None:
            self._news(frame.snapshot)
        elif frame.type == "error" and frame.job_id in self._seqs:
            self._refused(frame.job_id, frame.status, frame.detail)

    def _news(self, snapshot: Snapshot) -> None:
        known = self._seqs.get(snapshot.job_id)
        if known is None or snapshot.seq <= known:
            return
        self._seqs[snapshot.job_id] = snapshot.seq
        if snapshot.status.terminal:
            self._forget(snapshot.job_id)
        self._tell(News(snapshot.job_id, snapshot))

    def _refused(self, job_id: str, http_status: int, detail: str) -> None:
        self._served.discard(job_id)
        if http_status == 404:
            self._fail(job_id, JobNotFound(job_id, self._http.address.base))
        elif http_status == 502:
            self._fail(job_id, Unreadable(job_id, detail))
        # Whatever else the socket refuses, such as a job more than it serves, is polled.

    def _unknown(self, job_id: str) -> None:
        since = self._unknown_since.setdefault(job_id, time.monotonic())
        if time.monotonic() - since >= UNKNOWN_S:
            self._fail(job_id, JobNotFound(job_id, self._http.address.base))

    def _fail_all(self, error: HeadwayError) -> None:
        for job_id in tuple(self._seqs):
            self._fail(job_id, error)

    def _fail(self, job_id: str, error: HeadwayError) -> None:
        if job_id in self._seqs:
            self._forget(job_id)
            self._tell(News(job_id, error=error))

    def _forget(self, job_id: str) -> None:
        self._seqs.pop(job_id, None)
        self._served.discard(job_id)
        self._unknown_since.pop(job_id, None)

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self._failures = 0

    def _send_soon(self, jobs: dict[str, int | None]) -> None:
        room = _SERVED_MAX - len(self._served)
        served = dict(list(jobs.items())[: max(room, 0)])
        if self._socket is not None and served:
            self._served |= served.keys()
            self._start(self._say({"op": "subscribe", "jobs": served}))

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(sending)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _say(self, message: dict[str, Any]) -> None:
        socket = self._socket
        if socket is not None:
            with suppress(ConnectionClosed):
                await socket.send(json.dumps(message))
