"""All processes that a stack has started, also those that left their parents."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil

MARK = "HEADWAY_STACK_ID"
POLL_S = 0.05
LAST_WORDS_S = 2.0


class Family:
    """The processes of one stack.

    Each child leads a session of its own. What it forks stays in that session, whatever process group it moves to
    and whoever becomes its parent: so a work-horse is found there. A process that opened a session of its own is
    found by the mark in its environment; the mark alone would not do, since a process that sets its title
    overwrites what others can read of its environment.

    Args:
        stack_id: the value of `MARK` in the children's environment.
    """

    def __init__(self, stack_id: str) -> None:
        self.stack_id = stack_id
        self.sessions: set[int] = set()

    def end(self, grace_s: float, hurry: Callable[[], bool]) -> None:
        """Ask every child to stop, wait, and end whatever is left.

        Args:
            grace_s: seconds that the children have for stopping in good order.
            hurry: asked again and again; true cuts the wait short.
        """
        for session in self.sessions:
            _signal_group(session, signal.SIGTERM)
            _signal_group(session, signal.SIGCONT)
        _wait(lambda: not any(self._children()), grace_s, hurry)
        for session in self.sessions:
            _signal_group(session, signal.SIGKILL)
        for how in (signal.SIGTERM, signal.SIGKILL):
            left = list(self.members())
            for process in left:
                with suppress(psutil.Error):
                    process.send_signal(how)
                    process.send_signal(signal.SIGCONT)
            _wait(lambda: not any(self.members()), LAST_WORDS_S if left else 0, lambda: False)

    def members(self) -> Iterator[psutil.Process]:
        """Every living process of this stack except the one that asks."""
        for process in psutil.process_iter():
            if process.pid != os.getpid() and self._has(process) and _lives(process):
                yield process

    def _has(self, process: psutil.Process) -> bool:
        try:
            return os.getsid(process.pid) in self.sessions or process.environ().get(MARK) == self.stack_id
        except (OSError, psutil.Error):
            return False

    def _children(self) -> Iterator[int]:
        """Who is in the children's own process groups: they themselves, and the shell that may have started them."""
        for pid in psutil.pids():
            with suppress(OSError, psutil.Error):
                if os.getpgid(pid) in self.sessions and _lives(psutil.Process(pid)):
                    yield pid


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _signal_group(group: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


def _wait(done: Callable[[], bool], deadline_s: float, hurry: Callable[[], bool]) -> None:
    end = time.monotonic() + deadline_s
    while not done() and time.monotonic() < end and not hurry():
        time.sleep(POLL_S)
