"""A job's snapshots as they happen: the socket and the polls behind `Client.watch`."""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from headway.client.http import Http
from headway.client.plan import Connect, Wait, WatchPlan
from headway.errors import ApiUnavailable
from headway.snapshot import Snapshot

# At DEBUG websockets logs every header of its handshake, the token's among them.
_log = logging.getLogger("headway.client.websocket")
_log.setLevel(logging.INFO)

_OPEN_TIMEOUT_S = 5.0
_PING_S = 20.0


class Watch(Iterator[Snapshot]):
    """Iterate over a job's snapshots, each with a larger `seq`; it ends after the terminal one.

    It holds at most one connection and is for one thread; `close` may be called from any other, and ends it.
    """

    def __init__(self, http: Http, job_id: str, *, timeout_s: float | None = None) -> None:
        self._http = http
        self._plan = WatchPlan(job_id, time.monotonic(), base=http.address.base, timeout_s=timeout_s)
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()
        self._closed = threading.Event()
        self._ping_s = _PING_S if timeout_s is None else min(_PING_S, max(timeout_s / 2, 0.5))

    @property
    def done(self) -> bool:
        """Whether no further snapshot can come: the job ended, or this watch was closed."""
        return self._plan.over or self._closed.is_set()

    @property
    def dropped(self) -> int:
        """Frames and answers that were no snapshot and were left out."""
        return self._plan.dropped

    @property
    def away_s(self) -> float:
        """Seconds since the API last answered; 0 while it does."""
        return self._plan.away_s(time.monotonic())

    def __next__(self) -> Snapshot:
        while not self.done:
            snapshot = self.next_within(math.inf)
            if snapshot is not None:
                return snapshot
        raise StopIteration

    def next_within(self, seconds: float) -> Snapshot | None:
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
                left_s = until - time.monotonic()
                if left_s < 0:
                    return None
                snapshot = self._step(left_s) if self._socket is None else self._receive(self._socket, left_s)
        except BaseException:
            self.close()
            raise
        if self.done:
            self.close()
        return snapshot

    def close(self) -> None:
        """Stop watching; a thread that waits for the next snapshot gets none."""
        self._closed.set()
        self._hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _step(self, left_s: float) -> Snapshot | None:
        match self._plan.next_move(time.monotonic()):
            case Wait(seconds):
                self._closed.wait(min(seconds, left_s))
                return None
            case Connect(after):
                self._connect(after)
                return None
            case _:
                return self._poll()

    def _poll(self) -> Snapshot | None:
        timeout_s = self._plan.time_left_s(time.monotonic(), self._http.timeout_s)
        try:
            answer = self._http.status(self._plan.job_id, self._plan.etag, timeout_s)
        except ApiUnavailable as error:
            self._plan.poll_failed(time.monotonic(), error)
            return None
        return self._plan.take_poll(answer.status_code, answer.headers, answer.content, time.monotonic())

    def _connect(self, after: int) -> None:
        address = self._http.address
        timeout_s = self._plan.time_left_s(time.monotonic(), min(_OPEN_TIMEOUT_S, self._http.timeout_s))
        try:
            connection = connect(
                address.websocket(f"/ws/{self._plan.job_id}" + (f"?after={after}" if after else "")),
                additional_headers=self._http.headers,
                proxy=None if address.loopback else True,
                compression=None,
                open_timeout=timeout_s,
                ping_interval=self._ping_s,
                ping_timeout=self._ping_s,
                close_timeout=0.5,
                # A result or a foreign snapshot may be of any size, as over HTTP.
                max_size=None,
                logger=_log,
            )
        except (OSError, WebSocketException, InvalidURI):
            self._plan.connect_failed(time.monotonic())
            return
        self._socket = self._stack.enter_context(connection)
        self._plan.connected(time.monotonic())
        if self._closed.is_set():
            self._hang_up()

    def _receive(self, socket: ClientConnection, left_s: float) -> Snapshot | None:
        try:
            frame = socket.recv(timeout=min(left_s, threading.TIMEOUT_MAX))
        except TimeoutError:
            return None
        except ConnectionClosed as end:
            self._hang_up()
            code, reason = (None, "") if end.rcvd is None else (end.rcvd.code, end.rcvd.reason)
            if not self._closed.is_set():
                self._plan.closed(time.monotonic(), code, reason)
            return None
        return self._plan.take_frame(frame, time.monotonic())

    def _hang_up(self) -> None:
        self._socket = None
        self._stack.close()
