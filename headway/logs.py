"""Log lines on their way from a job to the stream of logs."""

import json
import threading
from collections import deque
from typing import Any

from headway import keys, values
from headway.clock import utc_now
from headway.settings import Settings
from headway.store.calls import Call

#: Lines kept between two flushes; of more, the newest stay and the dropped are counted.
LINES_MAX = 1_000
LINE_MAX_CHARS = 4_000


class LogBuffer:
    """Lines since the last flush. Any thread adds, one thread takes."""

    def __init__(self, job_id: str, attempt: int, settings: Settings) -> None:
        self._job_id = job_id
        self._attempt = attempt
        self._stream_max = settings.logs_max
        self._lines: deque[tuple[str, str]] = deque(maxlen=LINES_MAX)
        self._dropped = 0
        self._batch = 0
        self._taken: Call[None] | None = None
        self._lock = threading.RLock()

    def add(self, line: object) -> None:
        """Take one line, cut to 4,000 characters."""
        text = values.text(line, LINE_MAX_CHARS)
        with self._lock:
            if len(self._lines) == LINES_MAX:
                self._dropped += 1
            self._lines.append((utc_now(), text))

    def take(self) -> Call[None] | None:
        """The call that writes what came since the last one, or None for nothing.

        The same call again after `put_back`: its batch number lets a reader tell a repeat.
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
            self._dropped = 0
        self._current = self._call(lines, dropped)
        return self._current

    def put_back(self) -> None:
        """Keep the call that was just taken, since it could not be carried out."""
        with self._lock:
            self._taken = self._current

    def _call(self, lines: list[tuple[str, str]], dropped: int) -> Call[None]:
        command: tuple[Any, ...] = (
            "XADD", keys.LOGS, "MAXLEN", "~", self._stream_max, "*",
            "job", self._job_id, "attempt", self._attempt, "batch", self._batch,
            "dropped", dropped, "lines", json.dumps(lines, ensure_ascii=False),
        )  # fmt: skip
        return Call(_nothing, commands=(command,))


def _nothing(raw: list[Any]) -> None:
    return None
