"""The process beside a worker that takes what its jobs print.

A process of its own, since C code that prints while it holds Python's lock would wait for a thread that waits for that
lock; and since a job's last words are wanted most when its process has been killed.
"""

import json
import logging
import os
import selectors
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from setproctitle import setproctitle

from headway.errors import RedisUnavailable
from headway.logs import LogBuffer
from headway.output.lines import Lines
from headway.patience import AWAY_PAUSE_S
from headway.settings import Settings
from headway.store import Store

logger = logging.getLogger("headway.output")

#: What a job's process says when it has printed all, and what it is answered when that is written.
END, DONE = b"e", b"d"
#: The longest request, in bytes, and the most file descriptors with it.
ASK_MAX_BYTES, ASK_MAX_FDS = 4096, 3
# A job that prints line by line is not looked at for each of them: its pipe holds what comes in between.
_PAUSE_S = 0.02
_CHUNK_BYTES = 1 << 20
_READS_A_ROUND = 4
_LAST_WORDS_S = 5.0


@dataclass(eq=False)
class _Output:
    """What one attempt prints, until nobody is left who could."""

    job_id: str
    attempt: int
    buffer: LogBuffer
    tee: bool
    link: socket.socket
    #: By descriptor: where it goes besides, and what of it waits for its newline.
    pipes: dict[int, tuple[int, Lines]]
    ended: bool = False
    give_up_s: float = 0.0
    #: Who wants to know when all is written.
    waiting: list[socket.socket] = field(default_factory=list)


class Scribe:
    """Reads the pipes of one worker's jobs, and has a thread write what came."""

    def __init__(self, settings: Settings, requests: socket.socket) -> None:
        self._settings = settings
        self._store = Store(settings)
        self._requests = requests
        self._outputs: list[_Output] = []
        self._lock = threading.Lock()
        self._all = selectors.DefaultSelector()
        # Whoever asks is answered at once, also in the pause between two looks at the pipes.
        self._asking = selectors.DefaultSelector()
        self._news = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="headway-output", daemon=True)

    def run(self) -> None:
        """Serve until the worker has gone, and with it everybody who could print."""
        self._requests.setblocking(False)
        for selector in (self._all, self._asking):
            selector.register(self._requests, selectors.EVENT_READ)
        self._thread.start()
        while self._all.get_map():
            heard = [self._hear(key) for key, _ in self._all.select()]
            if any(heard):
                for key, _ in self._asking.select(_PAUSE_S):
                    self._hear(key)
        deadline_s = time.monotonic() + _LAST_WORDS_S
        while self._outputs and time.monotonic() < deadline_s:
            time.sleep(_PAUSE_S)

    def _hear(self, key: selectors.SelectorKey) -> bool:
        """Take what is there; whether it was something printed."""
        if key.fileobj is self._requests:
            self._take_request()
            return False
        output: _Output = key.data
        if key.fileobj is output.link:
            self._end(output)
            return False
        if key.fd in output.pipes:
            self._read(output, key.fd)
        return True

    def _take_request(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._requests, ASK_MAX_BYTES, ASK_MAX_FDS)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            for selector in (self._all, self._asking):
                selector.unregister(self._requests)
            for output in list(self._outputs):
                self._end(output)
            return
        asked = json.loads(message)
        if asked["what"] == "take":
            self._begin(asked, descriptors)
        else:
            self._settle(asked["job"], asked["attempt"], socket.socket(fileno=descriptors[0]))

    def _begin(self, asked: dict[str, Any], descriptors: list[int]) -> None:
        out, err, link = descriptors
        buffer = LogBuffer(asked["job"], asked["attempt"], self._store.calls)
        pipes = {out: (1, Lines()), err: (2, Lines())}
        output = _Output(asked["job"], asked["attempt"], buffer, asked["tee"], socket.socket(fileno=link), pipes)
        for pipe in pipes:
            os.set_blocking(pipe, False)
            self._all.register(pipe, selectors.EVENT_READ, output)
        for selector in (self._all, self._asking):
            selector.register(output.link, selectors.EVENT_READ, output)
        with self._lock:
            self._outputs.append(output)

    def _settle(self, job_id: str, attempt: int, waiting: socket.socket) -> None:
        """Answer once all that an attempt printed is written; its process has ended."""
        with self._lock:
            output = next((one for one in self._outputs if (one.job_id, one.attempt) == (job_id, attempt)), None)
            if output is not None:
                output.waiting.append(waiting)
        if output is None:
            _answer(waiting)
        else:
            self._end(output)

    def _end(self, output: _Output) -> None:
        """Take what was printed so far as the last of it: what comes after that only goes where it went before."""
        if output.ended:
            return
        for selector in (self._all, self._asking):
            selector.unregister(output.link)
        for pipe in list(output.pipes):
            self._read(output, pipe)
        for _, lines in output.pipes.values():
            output.buffer.extend(lines.end())
        with self._lock:
            output.waiting.append(output.link)
            output.give_up_s = time.monotonic() + self._settings.outage_s
            output.ended = True
        self._hurry.set()
        self._news.set()

    def _read(self, output: _Output, pipe: int) -> None:
        """Read what is there; not to the end, since there need not be one."""
        beside, lines = output.pipes[pipe]
        for _ in range(_READS_A_ROUND):
            try:
                chunk = os.read(pipe, _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self._all.unregister(pipe)
                os.close(pipe)
                del output.pipes[pipe]
                if not output.ended:
                    output.buffer.extend(lines.end())
                    self._news.set()
                return
            if not output.ended:
                output.buffer.extend(lines.feed(chunk))
                self._news.set()
            if output.tee or output.ended:
                _write_all(beside, chunk)

    def _write_on(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            self._hurry.clear()
            for output in list(self._outputs):
                try:
                    self._write(output)
                except Exception:
                    # What is wrong with one job's lines must not cost the others theirs.
                    logger.exception("lines of job %s could not be written", output.job_id)
            self._hurry.wait(self._settings.flush_s)

    def _write(self, output: _Output) -> None:
        ended = output.ended
        try:
            while (call := output.buffer.take()) is not None:
                self._store.run(call)
        except RedisUnavailable:
            output.buffer.put_back()
            self._news.set()
            time.sleep(AWAY_PAUSE_S)
            if not ended or time.monotonic() < output.give_up_s:
                return
        if ended:
            with self._lock:
                self._outputs.remove(output)
                for waiting in output.waiting:
                    _answer(waiting)


def _answer(waiting: socket.socket) -> None:
    with suppress(OSError):
        waiting.send(DONE)
    waiting.close()


def _write_all(descriptor: int, chunk: bytes) -> None:
    with suppress(OSError):
        left = memoryview(chunk)
        while left:
            left = left[os.write(descriptor, left) :]


def serve(settings: Settings, requests: socket.socket, worker: str) -> None:
    """What the forked process runs."""
    # Away from the terminal and from the group of the worker, whose end it notices by itself.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    setproctitle(f"headway-output {worker}")
    Scribe(settings, requests).run()
