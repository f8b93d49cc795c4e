"""Many jobs followed over one socket: what all bars of a notebook's kernel share."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from headway.client import request
from headway.client.aio_http import AsyncHttp
from headway.client.cadence import backoff_s
from headway.client.following import OPEN_TIMEOUT_S, PING_S, socket_options
from headway.client.plan import UNKNOWN_S
from headway.client.turns import GRACE_S, Turns
from headway.errors import ApiRefused, ApiUnavailable, HeadwayError, JobNotFound, Unreadable
from headway.snapshot import Snapshot, WireModel

T = TypeVar("T")

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

    It holds one socket while it is entered, and polls all jobs together, as often as the API says, where it gives it
    none, or serves no more jobs on one. All methods are for the event loop that entered it.
    """

    def __init__(self, http: AsyncHttp, tell: Callable[[News], None]) -> None:
        self._http = http
        self._running: asyncio.Task[None] | None = None
        self._tell = tell
        self._seqs: dict[str, int] = {}
        self._served: set[str] = set()
        self._unknown_since: dict[str, float] = {}
        self._turns = Turns(time.monotonic())
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
        self._turns.expect(time.monotonic())
        self._offer([job_id])

    def leave(self, job_id: str) -> None:
        """Tell no more of a job."""
        served = job_id in self._served
        self._forget(job_id)
        if served:
            self._start(self._say({"op": "unsubscribe", "jobs": [job_id]}))

    async def ask(self, asked: request.Request[T]) -> T:
        """Ask the API something else beside the following; errors as `Http.ask`."""
        return await self._http.ask(asked)

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
            self._turns.connected()
            self._offer(self._seqs)
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
                self._turns.expect(self._heard_at)
            if socket.close_code in {4401, 4403}:
                detail = socket.close_reason or "the API refused the connection"
                self._fail_all(ApiRefused(socket.close_code - 4000, {"detail": detail}))
        return frames

    async def _keep_polling(self) -> None:
        """Ask for the jobs that the socket does not bring, and offer them to it again."""
        while True:
            await asyncio.sleep(GRACE_S)
            now = time.monotonic()
            left = [job_id for job_id in self._seqs if job_id not in self._served]
            self._offer(self._turns.acceptable(left, now))
            if due := self._turns.take_due((job_id for job_id in left if job_id not in self._served), now):
                await self._poll(due)

    async def _poll(self, job_ids: list[str]) -> None:
        try:
            batches, asked_s = await self._http.poll(request.statuses(job_ids))
        except ApiUnavailable:
            self._failures += 1
            self._turns.failed(time.monotonic())
            return
        except HeadwayError as error:
            self._fail_all(error)
            return
        self._heard()
        for batch in batches:
            for snapshot in batch.snapshots:
                self._unknown_since.pop(snapshot.job_id, None)
                self._news(snapshot)
            for job_id in self._seqs.keys() & set(batch.missing):
                self._unknown(job_id)
        missing = [job_id for batch in batches for job_id in batch.missing]
        followed = [job_id for job_id in job_ids if job_id in self._seqs]
        self._turns.answered(followed, missing, asked_s, time.monotonic())

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
        self._turns.changed(time.monotonic())
        if snapshot.status.terminal:
            self._forget(snapshot.job_id)
        self._tell(News(snapshot.job_id, snapshot))

    def _refused(self, job_id: str, http_status: int, detail: str) -> None:
        self._served.discard(job_id)
        if http_status == 404:
            self._fail(job_id, JobNotFound(job_id, self._http.address.base))
        elif http_status == 502:
            self._fail(job_id, Unreadable(job_id, detail))
        else:
            # Such as a job more than it serves, or any while Redis is away.
            self._turns.refused(job_id, time.monotonic())

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
        self._turns.forget(job_id)
        self._unknown_since.pop(job_id, None)

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self._failures = 0

    def _offer(self, job_ids: Iterable[str]) -> None:
        """Follow jobs over the socket, if there is one, as many as it serves."""
        room = _SERVED_MAX - len(self._served)
        served = {job_id: self._seqs[job_id] or None for job_id in islice(job_ids, max(room, 0))}
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
