"""A job's snapshots as they happen: the socket and the polls behind `Client.watch`."""

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, cast

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from headway.client.exchange import status_request
from headway.client.following import Following
from headway.client.http import Http
from headway.client.line import Line, shut_down
from headway.client.plan import Connect, Poll, Wait
from headway.errors import ApiUnavailable, HeadwayError
from headway.snapshot import Snapshot


class Watch(Following, Iterator[Snapshot]):
    """Iterate over a job's snapshots, each with a larger `seq`; it ends after the terminal one.

    It holds at most one connection and is for one thread; `close` may be called from any other, and ends it.
    """

    def __init__(self, http: Http, job_id: str, *, timeout_s: float | None = None) -> None:
        self._stack = ExitStack()
        self._closed = threading.Event()
        self._socket: ClientConnection | None = None
        self._opening: socket.socket | None = None
        self._line: Line | None = None
        self._http = http
        super().__init__(http.address, job_id, timeout_s=timeout_s, request_s=http.timeout_s)

    @property
    def done(self) -> bool:
        """Whether no further snapshot can come: the job ended, or this watch was closed."""
        return self._plan.over or self._closed.is_set()

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
                left_s = max(until - time.monotonic(), 0.0)
                snapshot = self._step(left_s) if self._socket is None else self._receive(self._socket, left_s)
                if not left_s:
                    break
        except BaseException:
            self.close()
            raise
        if self.done:
            self.close()
        return snapshot

    def end_within(self, seconds: float) -> Snapshot:
        """Pass over what comes and return the terminal snapshot; errors as `next_within`.

        Raises:
            StillRunning: the job has not ended within so many seconds.
        """
        until = time.monotonic() + seconds
        while not self.done:
            left_s = until - time.monotonic()
            self.next_within(max(left_s, 0.0))
            if left_s <= 0 and not self.done:
                raise self._plan.overdue(time.monotonic(), seconds)
        return self._ended()

    def close(self) -> None:
        """Stop watching; a thread that waits for the next snapshot gets none."""
        self._closed.set()
        if (opening := self._opening) is not None:
            shut_down(opening)
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
        match self._plan.next_move(time.monotonic(), left_s):
            case Wait(seconds):
                self._closed.wait(min(seconds, threading.TIMEOUT_MAX))
                return None
            case Connect(after):
                self._connect(after, left_s)
                return None
            case Poll() as poll:
                return self._poll(poll, left_s)

    def _poll(self, poll: Poll, left_s: float) -> Snapshot | None:
        asked = status_request(poll.query, self._plan.etag, self._answer_s(poll.hold_s, left_s))
        try:
            # A held answer that was lost is not asked for again.
            answer = self._own_line().send("GET", f"/status/{self.job_id}", repeats=0 if poll.hold_s else 1, **asked)
        except HeadwayError as error:
            if self._closed.is_set():
                return None
            if not isinstance(error, ApiUnavailable):
                raise
            self._plan.poll_failed(time.monotonic(), error)
            return None
        return self._plan.take_poll(answer.status_code, answer.headers, answer.content, time.monotonic())

    def _own_line(self) -> Line:
        if self._http.closed:
            raise HeadwayError("this client has been closed")
        if self._line is None:
            self._line = Line(self._http)
            if self._closed.is_set():
                self._line.cut()
        return self._line

    def _connect(self, after: int, left_s: float) -> None:
        self._drop_line()
        try:
            options = self._socket_options(self._http.headers, left_s)
            # Any callable does, which the type does not say.
            begin = cast(type[ClientConnection], self._begin)
            connection = connect(self._socket_url(after), create_connection=begin, **options)
        except (OSError, WebSocketException, InvalidURI):
            self._plan.connect_failed(time.monotonic())
            return
        finally:
            self._opening = None
        self._socket = self._stack.enter_context(connection)
        self._plan.connected(time.monotonic())
        if self._closed.is_set():
            self._hang_up()

    def _begin(self, connection: socket.socket, protocol: ClientProtocol, **options: Any) -> ClientConnection:
        """Begin a WebSocket on a connection, which `close` ends even before there is an answer."""
        self._opening = connection
        if self._closed.is_set():
            shut_down(connection)
        return ClientConnection(connection, protocol, **options)

    def _receive(self, connection: ClientConnection, left_s: float) -> Snapshot | None:
        try:
            frame = connection.recv(timeout=min(left_s, threading.TIMEOUT_MAX))
        except TimeoutError:
            return None
        except ConnectionClosed as end:
            self._hang_up()
            if not self._closed.is_set():
                self._socket_ended(end)
            return None
        return self._plan.take_frame(frame, time.monotonic())

    def _hang_up(self) -> None:
        self._socket = None
        self._drop_line()
        self._stack.close()

    def _drop_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.cut()
            line.close()
