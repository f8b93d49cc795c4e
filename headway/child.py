"""A job's child process: what it reports goes to the job's one reporter, over a local socket."""

import atexit
import json
import multiprocessing.util
import selectors
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from headway import values
from headway.bar import Bar, Phase
from headway.collector import COMPLAINTS_MAX, Collector
from headway.logs import LINE_MAX_CHARS, LINES_MAX, left_out
from headway.orphan import end_with_group

#: The variable that tells a child process where its job's reporter listens.
ADDRESS = "HEADWAY_RELAY"
FLUSH_S = 0.1
#: The longest line on the socket, in bytes; both sides keep to it.
LINE_MAX_BYTES = 1 << 20
MESSAGE_MAX_CHARS = 10_000
#: What the relay says to a child: that it is listened to, and that it no longer is, though the job's process lives.
HEARD, DISMISSED = b"+", b"-"
_LAST_WORDS_S = 1.0
_WORDS_BYTES = 16
_LOGS_A_LINE = 50
_BARS_A_LINE = 200

Line = dict[str, Any]


class ChildJob(Collector):
    """Stands in for the reporter in a process that a job started, by fork or anew.

    A thread sends what is new at most every 0.1 s; what is left goes when the process ends in good order. Once the job
    has ended, or while its process is too busy to listen, a child is not held up: of progress the latest goes later,
    of logs and metrics at most as much as is kept between two flushes. If the job's process dies without a word, a
    child that has said something ends too, unless it has left the process group.
    """

    def __init__(self, address: str) -> None:
        super().__init__(MESSAGE_MAX_CHARS, self.complain)
        self._address = address
        self._complaints: dict[str, bool] = {}
        self._logs: deque[str] = deque(maxlen=LINES_MAX)
        self._logs_dropped = 0
        self._sent_said: tuple[Any, ...] = ("", None, None, None, None)
        self._sent_bars: dict[int, list[Any]] = {}
        self._unsent = bytearray()
        self._socket: socket.socket | None = None
        self._gone = False
        self._sending = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def log(self, line: object) -> None:
        """Take a log line."""
        if len(self._logs) == LINES_MAX:
            self._logs_dropped += 1
        self._logs.append(values.text(line, LINE_MAX_CHARS))
        self._stir()

    def complain(self, sentence: str) -> None:
        """Have the job say a fault of this process' values once in its log."""
        if len(self._complaints) < COMPLAINTS_MAX:
            self._complaints.setdefault(sentence, False)

    def checkpoint(self) -> None:
        """Nothing: what is asked of a job, its own process gives way to."""

    def save_checkpoint(self, value: object) -> None:
        """Nothing: what a job saves, its own process knows."""

    def load_checkpoint(self) -> None:
        """Nothing."""

    def abandon(self) -> None:
        """Let go of the connection, in a process that got it by a fork and must not use it."""
        if self._socket is not None:
            self._socket.close()

    def flush(self, patience_s: float = 0.0) -> None:
        """Send what is new, waiting at most so long for a job that does not listen."""
        with self._sending:
            if self._gone:
                return
            try:
                if self._push(patience_s):
                    for line in self._news():
                        self._unsent += _encoded(line)
                    self._push(patience_s)
            except OSError:
                self._gone = True
                self._unsent.clear()

    def _stir(self) -> None:
        if self._thread is None:
            self._start()
        super()._stir()

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:
                return
            # multiprocessing's children do not call what atexit knows.
            atexit.register(self.flush, _LAST_WORDS_S)
            multiprocessing.util.Finalize(None, self.flush, args=(_LAST_WORDS_S,), exitpriority=100)
            self._thread = threading.Thread(target=self._run, name="headway-child", daemon=True)
            # While the interpreter ends there is no new thread: what is left goes with the handlers above.
            with suppress(RuntimeError):
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._gone:
            with suppress(Empty):
                self._wake.get(timeout=FLUSH_S if self._unsent or self._progress.bars.any_open else None)
            self._pending = False
            self.flush()
            pause.wait(FLUSH_S)

    def _push(self, patience_s: float) -> bool:
        """Whether all that waits has been sent."""
        if not self._unsent:
            return True
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(_LAST_WORDS_S)
            self._socket.connect(self._address)
            with suppress(RuntimeError):
                threading.Thread(target=self._watch, args=(self._socket,), name="headway-watch", daemon=True).start()
        self._socket.settimeout(patience_s)
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, TimeoutError):
            return False
        return True

    def _watch(self, connection: socket.socket) -> None:
        last = b""
        with suppress(OSError), selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            while selector.select() and (words := connection.recv(_WORDS_BYTES)):
                last = words[-1:]
        if last == HEARD:
            end_with_group(int(Path(self._address).name.partition("-")[0]))

    def _news(self) -> Iterator[Line]:
        said = self._said()
        if any(value is not None for value in said):
            yield {"said": said}
        yield from self._bars()
        lost, self._logs_dropped = self._logs_dropped, 0
        logs = [self._logs.popleft() for _ in range(len(self._logs))]
        if lost:
            logs.insert(0, left_out(lost)[0])
        for at in range(0, len(logs), _LOGS_A_LINE):
            yield {"logs": logs[at : at + _LOGS_A_LINE]}
        points, dropped = self._progress.metrics.take()
        if points or dropped:
            yield {"points": points, "dropped": dropped}
        # Last, since a value's fault may be seen no earlier than here.
        complaints = [sentence for sentence, told in list(self._complaints.items()) if not told]
        if complaints:
            self._complaints.update(dict.fromkeys(complaints, True))
            yield {"complaints": complaints}

    def _said(self) -> list[Any]:
        said = self._progress.said
        now = (said.percent, said.message, said.n, said.total, said.unit)
        changed = [new if new != old else None for new, old in zip(now, self._sent_said, strict=True)]
        self._sent_said = now
        return changed

    def _bars(self) -> Iterator[Line]:
        there = {bar.id: _described(bar) for bar in self._progress.bars.listed}
        gone = [bar_id for bar_id in self._sent_bars if bar_id not in there]
        changed = [described for bar_id, described in there.items() if self._sent_bars.get(bar_id) != described]
        self._sent_bars = there
        for at in range(0, len(changed), _BARS_A_LINE):
            yield {"bars": changed[at : at + _BARS_A_LINE]}
        if gone:
            yield {"gone": gone}


def _described(bar: Bar) -> list[Any]:
    parent = None if bar.parent is None else bar.parent.id
    goal = None if isinstance(bar, Phase) else bar.goal
    return [bar.id, parent, bar.desc, bar.count, goal, bar.unit, bar.weight, bar.fraction, bar.closed]


def _encoded(line: Line) -> bytes:
    encoded = json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    return encoded if len(encoded) <= LINE_MAX_BYTES else b""
