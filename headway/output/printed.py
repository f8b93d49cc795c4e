"""What a job prints, sent to the worker's scribe instead of the worker's own output."""

import ctypes
import fcntl
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from headway.output.records import recorded
from headway.output.scribe import DONE, END, serve
from headway.settings import Settings

logger = logging.getLogger("headway.worker")

# What an unprivileged process may ask for on Linux; elsewhere a pipe has the size that it has.
_PIPE_BYTES = 1 << 20
# How long a job's end waits for its last lines to be written.
_SETTLE_S = 2.0
_STREAMS = (1, 2)


class Printing:
    """A worker's way to its scribe: begun before any thread is, and used by each of its work-horses."""

    def __init__(self, settings: Settings, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._requests: socket.socket | None = None
        self._redirected: _Redirected | None = None

    def begin(self) -> None:
        """Start the scribe, if there is none or it has died; to be called where this process has no other thread."""
        if not self._settings.capture_output or self._lives():
            return
        self.close()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            with suppress(BaseException):
                # Nobody's child: among the worker's own are its work-horses alone.
                if os.fork() == 0:
                    ours.close()
                    serve(self._settings, theirs, self._worker)
            os._exit(0)
        os.waitpid(pid, 0)
        theirs.close()
        self._requests = ours

    def close(self) -> None:
        """Let the scribe end once it has written all, without waiting for that."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None

    @contextmanager
    def taken(self, job_id: str, attempt: int) -> Iterator[None]:
        """Take into the job's log what this process prints inside the block, its children and C code included."""
        redirected = None if self._requests is None else self._redirect(job_id, attempt, self._requests)
        if redirected is None:
            yield
            return
        self._redirected = redirected
        try:
            with recorded(redirected.own_error):
                yield
        finally:
            self._redirected = None
            redirected.end()

    def look(self) -> None:
        """Go on without the scribe if it has died; to be called now and then while a job runs."""
        if self._redirected is not None:
            self._redirected.look()

    def settle(self, job_id: str, attempt: int) -> None:
        """Wait until what a process printed that has died is in its job's log, 2 s at most."""
        if self._requests is None:
            return
        ours, theirs = socket.socketpair()
        with ours, theirs:
            asked = {"what": "settle", "job": job_id, "attempt": attempt}
            with suppress(OSError):
                socket.send_fds(self._requests, [json.dumps(asked).encode()], [theirs.fileno()])
                theirs.close()
                _wait(ours)

    def _redirect(self, job_id: str, attempt: int, requests: socket.socket) -> "_Redirected | None":
        asked = {"what": "take", "job": job_id, "attempt": attempt, "tee": self._settings.tee_output}
        try:
            return _Redirected(requests, json.dumps(asked).encode())
        except OSError as error:
            logger.warning("what job %s prints is not in its log: %s", job_id, error)
            return None

    def _lives(self) -> bool:
        if self._requests is None:
            return False
        try:
            self._requests.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            pass
        # It says nothing of its own accord: what was received is its end.
        return False


class _Redirected:
    """This process' standard output and error while they go to the scribe."""

    def __init__(self, requests: socket.socket, asked: bytes) -> None:
        _flush()
        self._saved = {stream: os.dup(stream) for stream in _STREAMS}
        self._link, theirs = socket.socketpair()
        self._alone = False
        pipes = [os.pipe() for _ in _STREAMS]
        # Held here too, so that nobody who prints is told that nobody reads, should the scribe die.
        self._readings = {stream: os.dup(reading) for stream, (reading, _) in zip(_STREAMS, pipes, strict=True)}
        try:
            for _, writing in pipes:
                with suppress(OSError, AttributeError):
                    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            socket.send_fds(requests, [asked], [*(reading for reading, _ in pipes), theirs.fileno()])
            for stream, (_, writing) in zip(_STREAMS, pipes, strict=True):
                os.dup2(writing, stream)
        finally:
            theirs.close()
            for pipe in pipes:
                for end in pipe:
                    os.close(end)
        own = [*self._saved.values(), *self._readings.values()]
        self._identities = {descriptor: _identity(descriptor) for descriptor in own}
        self.own_error = self._saved[2]
        # Its output is no file that is read when it is whole: a line is to be seen when it is printed.
        for python_stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, ValueError, OSError):
                python_stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def look(self) -> None:
        """See whether somebody reads; if not, print as if nobody had asked for it, and pass on what others print."""
        if not self._alone:
            try:
                self._alone = not self._link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                self._alone = True
            logger.warning("nobody takes what jobs print any more: it is in no log until the next job")
            self._give_back()
        for stream, reading in self._readings.items():
            with suppress(OSError):
                os.set_blocking(reading, False)
                while chunk := os.read(reading, _PIPE_BYTES):
                    os.write(stream, chunk)

    def end(self) -> None:
        """Give the streams back, and wait until all that was printed is written."""
        _flush()
        self._give_back()
        with suppress(OSError):
            self._link.send(END)
            _wait(self._link)
        if not self._alone:
            self._close(self._readings)
        self._close(self._saved)
        with suppress(OSError):
            self._link.close()

    def _give_back(self) -> None:
        for stream, saved in self._saved.items():
            # A job may close every descriptor, and open others that get these numbers.
            with suppress(OSError):
                if _identity(saved) == self._identities[saved]:
                    os.dup2(saved, stream)

    def _close(self, descriptors: dict[int, int]) -> None:
        for descriptor in descriptors.values():
            with suppress(OSError):
                if _identity(descriptor) == self._identities[descriptor]:
                    os.close(descriptor)


def _wait(link: socket.socket) -> None:
    link.settimeout(_SETTLE_S)
    link.recv(len(DONE))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
