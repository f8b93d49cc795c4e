"""Where a paused job waits, and the clock that stands still meanwhile."""

import mmap
import threading
import time
from collections.abc import Callable

# Where in the shared memory each time lies, in seconds of the monotonic clock; 0 for never.
_STARTED, _STOPPED_AT, _STOPPED, _HELD_AT, _HELD, _BEGUN, _ENDED = range(7)


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

    Its times lie in memory that a forked process shares. So a worker reads the clock of its work-horse, however busy
    that is, and holds it while it has stopped the whole process. `told_s` is what others have counted as paused.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")
        self.told_s = 0.0

    @property
    def stands(self) -> bool:
        """Whether the attempt itself has stopped it."""
        return self._times[_STOPPED_AT] > 0

    @property
    def begun(self) -> bool:
        """Whether the attempt was let begin."""
        return self._times[_BEGUN] > 0

    @property
    def ended(self) -> bool:
        """Whether the attempt writes its end."""
        return self._times[_ENDED] > 0

    @property
    def held_s(self) -> float:
        """How long the process was stopped from outside."""
        return self._times[_HELD]

    def start(self) -> None:
        """Begin now."""
        self._times[_STARTED] = time.monotonic()

    def begin(self) -> None:
        """Say that the attempt was let begin."""
        self._times[_BEGUN] = 1.0

    def end(self) -> None:
        """Say that nobody has to end the attempt any more."""
        self._times[_ENDED] = 1.0

    def stop(self) -> None:
        """Stand still; a clock that does is left alone."""
        with self._lock:
            if not self._times[_STOPPED_AT]:
                self._times[_STOPPED_AT] = time.monotonic()

    def go_on(self) -> None:
        """Run again; a clock that runs is left alone."""
        with self._lock:
            self._close(_STOPPED_AT, _STOPPED)

    def hold(self) -> None:
        """Stand still because the process was stopped from outside; to be called once it is."""
        if not self.stands:
            self._times[_HELD_AT] = time.monotonic()

    def let_go(self) -> None:
        """Run again; to be called before the process does."""
        self._close(_HELD_AT, _HELD)

    def read(self) -> tuple[float, float]:
        """Seconds active and seconds paused, together what has passed since the start; both 0 before it."""
        with self._lock:
            now_s, started_s = time.monotonic(), self._times[_STARTED]
            if not started_s:
                return 0.0, 0.0
            here_s = self._times[_STOPPED] + self._since(_STOPPED_AT, now_s)
            held_s = self._times[_HELD] + self._since(_HELD_AT, now_s)
            paused_s = here_s + max(held_s, self.told_s)
            return max(0.0, now_s - started_s - paused_s), paused_s

    def _since(self, at: int, now_s: float) -> float:
        return now_s - self._times[at] if self._times[at] else 0.0

    def _close(self, at: int, total: int) -> None:
        # In this order: another process that looks in between counts the pause twice, which calls no attempt too long.
        self._times[total] += self._since(at, time.monotonic())
        self._times[at] = 0.0
