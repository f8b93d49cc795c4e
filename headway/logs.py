"""Log lines on their way from a job to the stream of logs."""

import json
import threading
from collections import deque
from collections.abc import Iterable
from uuid import uuid4

from headway import values
from headway.clock import utc_now
from headway.store.calls import Answer, Call, Calls

#: Lines kept between two flushes, and their characters; of more, the newest stay and one line counts the others.
LINES_MAX = 2_000
CHARS_MAX = 262_144
LINE_MAX_CHARS = 4_000

#: Text, and how many lines this one stands for that did not fit; 0 for a line of the job's own.
Line = tuple[str, int]


class LogBuffer:
    """Lines since the last flush. Any thread adds, one thread takes."""

    def __init__(self, job_id: str, attempt: int, calls: Calls) -> None:
        self._job_id = job_id
        self._attempt = attempt
        self._calls = calls
        self._run = uuid4().hex[:12]
        self._lines: deque[tuple[str, Line]] = deque()
        self._chars = 0
        self._dropped = 0
        self._batch = 0
        self._taken: Call[Answer] | None = None
        self._lock = threading.RLock()

    def add(self, line: object) -> None:
        """Take one line, cut to 4,000 characters."""
        self.extend([(values.text(line, LINE_MAX_CHARS), 0)])

    def extend(self, lines: Iterable[Line]) -> None:
        """Take lines that were cleaned and counted elsewhere."""
        with self._lock:
            at = utc_now()
            for line in lines:
                self._lines.append((at, line))
                self._chars += len(line[0])
            while len(self._lines) > LINES_MAX or self._chars > CHARS_MAX:
                text, stood_for = self._lines.popleft()[1]
                self._chars -= len(text)
                self._dropped += stood_for or 1

    def take(self) -> Call[Answer] | None:
        """The call that writes what came since the last one, or None for nothing.

        The same call again after `put_back`: its batch number lets the store tell a repeat.
        """
        with self._lock:
            if self._taken is not None:
                taken, self._taken = self._taken, None
                return taken
            if not self._lines:
                return None
            self._batch += 1
            lines, dropped = list(self._lines), self._dropped
            self._lines.clear()
            self._chars = self._dropped = 0
        if dropped:
            lines.insert(0, (lines[0][0], left_out(dropped)))
        told = [[at, text, stands_for] if stands_for else [at, text] for at, (text, stands_for) in lines]
        self._current = self._calls.log(
            self._job_id, self._attempt, self._run, self._batch, json.dumps(told, ensure_ascii=False)
        )
        return self._current

    def put_back(self) -> None:
        """Keep the call that was just taken, since it could not be carried out."""
        with self._lock:
            self._taken = self._current


def left_out(lines: int) -> Line:
    """The line in the place of so many that did not fit."""
    return f"headway: {lines:,} {'line' if lines == 1 else 'lines'} did not fit here", lines
