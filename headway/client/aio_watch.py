"""A job's snapshots as they happen, for asyncio: the socket and the polls behind `AsyncClient.watch`."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from headway.client.aio_http import AsyncHttp
from headway.client.exchange import status_request
from headway.client.following import Following
from headway.client.plan import Connect, Poll, Wait
from headway.errors import ApiUnavailable
from headway.snapshot import Snapshot


class AsyncWatch(Following, AsyncIterator[Snapshot]):
    """Iterate over a job's snapshots, each with a larger `seq`; it ends after the terminal one.

    It holds at most one connection and is for one task; `aclose` may be called from any other of the same loop, and
    ends it. So does canceling the task that waits for the next snapshot, and leaving an `async for` in any way.
    """

    def __init__(self, http: AsyncHttp, job_id: str, *, timeout_s: float | None = None) -> None:
        self._socket: ClientConnection | None = None
        super().__init__(http.address, job_id, timeout_s=timeout_s, request_s=http.timeout_s)
        self._http = http
        self._waiting: asyncio.Timeout | None = None
        self._closed = False

    @property
    def done(self) -> bool:
        """Whether no further snapshot can come: the job ended, or this watch was closed."""
        return self._plan.over or self._closed

    async def __aiter__(self) -> AsyncIterator[Snapshot]:
        # A generator, unlike an iterator, is closed by the event loop when its loop is left.
        try:
            while not self.done:
                snapshot = await self.next_within(math.inf)
                if snapshot is not None:
                    yield snapshot
        finally:
            await self.aclose()

    async def __anext__(self) -> Snapshot:
        while not self.done:
            snapshot = await self.next_within(math.inf)
            if snapshot is not None:
                return snapshot
        raise StopAsyncIteration

    async def next_within(self, seconds: float) -> Snapshot | None:
        """The next snapshot if there is one within about so many seconds; None also once `done`.

        Raises:
            JobNotFound: the API does not know the job, and did not within 5 s.
            ApiRefused: the API refuses this client.
            ApiUnavailable: nothing answered for the watch's `timeout_s`, or what answers is not headway's API.
        """
        until = time.monotonic() + seconds
        snapshot = None
        try:
            while snapshot is None and not self.done:
                left_s = max(until - time.monotonic(), 0.0)
                snapshot = await self._step_or_close(left_s)
                if not left_s:
                    break
        except BaseException:
            await self.aclose()
            raise
        if self.done:
            await self.aclose()
        return snapshot

    async def end_within(self, seconds: float) -> Snapshot:
        """Pass over what comes and return the terminal snapshot; errors as `next_within`.

        Raises:
            StillRunning: the job has not ended within so many seconds.
        """
        until = time.monotonic() + seconds
        while not self.done:
            left_s = until - time.monotonic()
            await self.next_within(max(left_s, 0.0))
            if left_s <= 0 and not self.done:
                raise self._plan.overdue(time.monotonic(), seconds)
        return self._ended()

    async def aclose(self) -> None:
        """Stop watching; a task that waits for the next snapshot gets none."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.reschedule(-math.inf)
        await self._hang_up()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # Whoever asks with `anext` alone and forgets the watch: its socket would be kept open by its own pings.
        if self._socket is not None:
            with suppress(RuntimeError):
                self._socket.loop.call_soon_threadsafe(self._socket.transport.abort)

    async def _step_or_close(self, left_s: float) -> Snapshot | None:
        """One step, which `aclose` ends from another task."""
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await (self._step(left_s) if self._socket is None else self._receive(self._socket, left_s))
        except TimeoutError:
            if not self._closed:
                raise
            return None
        finally:
            self._waiting = None

    async def _step(self, left_s: float) -> Snapshot | None:
        match self._plan.next_move(time.monotonic(), left_s):
            case Wait(seconds):
                await asyncio.sleep(seconds)
                return None
            case Connect(after):
                await self._connect(after, left_s)
                return None
            case Poll() as poll:
                return await self._poll(poll, left_s)

    async def _poll(self, poll: Poll, left_s: float) -> Snapshot | None:
        asked = status_request(poll.query, self._plan.etag, self._answer_s(poll.hold_s, left_s))
        try:
            # A held answer that was lost is not asked for again.
            answer = await self._http.send("GET", f"/status/{self.job_id}", repeats=0 if poll.hold_s else 1, **asked)
        except ApiUnavailable as error:
            self._plan.poll_failed(time.monotonic(), error)
            return None
        return self._plan.take_poll(answer.status_code, answer.headers, answer.content, time.monotonic())

    async def _connect(self, after: int, left_s: float) -> None:
        try:
            options = self._socket_options(self._http.headers, left_s)
            self._socket = await connect(self._socket_url(after), **options)
        except (OSError, WebSocketException, InvalidURI):
            self._plan.connect_failed(time.monotonic())
            return
        self._plan.connected(time.monotonic())

    async def _receive(self, socket: ClientConnection, left_s: float) -> Snapshot | None:
        try:
            async with asyncio.timeout(None if left_s == math.inf else left_s):
                frame = await socket.recv()
        except TimeoutError:
            return None
        except ConnectionClosed as end:
            await self._hang_up()
            if not self._closed:
                self._socket_ended(end)
            return None
        return self._plan.take_frame(frame, time.monotonic())

    async def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                await socket.close()
            finally:
                # A task that is canceled while it says goodbye leaves no connection either.
                socket.transport.abort()
