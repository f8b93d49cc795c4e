"""Where a paused job waits, and the clock that stands still meanwhile."""

import threading
import time
from collections.abc import Callable


class Gate:
    """Holds every thread of a job that comes to it until somebody opens it."""

    def __init__(self) -> None:
        self._opened = threading.Condition()
        self._shut = False

    @property
    def shut(self) -> bool:
        """Whether a thread waits."""
        return self._shut

    def wait(self, asked: Callable[[], bool], on_shut: Callable[[], None]) -> None:
        """Wait until it is opened; the first thread that comes shuts it, if that is still asked for, and says so."""
        with self._opened:
            # Who takes it back opens the gate after that: looked at here, neither can miss the other.
            if not asked():
                return
            if not self._shut:
                self._shut = True
                on_shut()
            self._opened.wait_for(lambda: not self._shut)

    def open(self) -> None:
        """Let everybody go on."""
        with self._opened:
            self._shut = False
            self._opened.notify_all()


class Clock:
    """How long an attempt has been active and paused, in seconds.

    `stopped_from_outside_s` is what others have counted while they held the whole process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started_s = 0.0
        self._stopped_at_s: float | None = None
        self._stopped_s = 0.0
        self.stopped_from_outside_s = 0.0

    def start(self) -> None:
        """Begin now."""
        self._started_s = time.monotonic()

    def stop(self) -> None:
        """Stand still; a clock that does is left alone."""
        with self._lock:
            if self._stopped_at_s is None:
                self._stopped_at_s = time.monotonic()

    def go_on(self) -> None:
        """Run again; a clock that runs is left alone."""
        with self._lock:
            if self._stopped_at_s is not None:
                self._stopped_s += time.monotonic() - self._stopped_at_s
                self._stopped_at_s = None

    def read(self) -> tuple[float, float]:
        """Seconds active and seconds paused, together what has passed since the start."""
        with self._lock:
            now_s = time.monotonic()
            here_s = self._stopped_s + (0.0 if self._stopped_at_s is None else now_s - self._stopped_at_s)
            paused_s = here_s + self.stopped_from_outside_s
            return max(0.0, now_s - self._started_s - paused_s), paused_s
