"""Ends a stack whose launcher was killed and could not do it.

The launcher writes the session of each child to the watchdog's standard input, and `done` when it has stopped
everything itself. If the input ends without it, the launcher is gone: what it started is ended in the same order.
Redis goes last by itself, since the watchdog holds its lifeline.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from headway.stack.family import Family

DONE = "done"


class Watchdog:
    """The launcher's side of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def knows(self, session: int) -> None:
        """Let it end this session too."""
        self._tell(str(session))

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            # Without its watchdog a stack is no worse off than any other program.
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


@contextmanager
def watchdog(stack_id: str, grace_s: float, lifelines: list[int]) -> Iterator[Watchdog]:
    """Have a watchdog beside this process; at the end of the block it is told that all is done.

    Args:
        stack_id: whose processes these are, see `Family`.
        grace_s: seconds that the children have for stopping.
        lifelines: descriptors that are held open until everything else is gone.
    """
    command = [sys.executable, "-m", "headway.stack.watchdog", stack_id, str(grace_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=lifelines, start_new_session=True)
    dog = Watchdog(process)
    try:
        yield dog
    finally:
        dog._tell(DONE)
        process.communicate()


def main(stack_id: str, grace_s: float) -> None:
    """Wait for the launcher's end."""
    family = Family(stack_id)
    for line in sys.stdin:
        if line.strip() == DONE:
            return
        family.sessions.add(int(line))
    family.end(grace_s, hurry=lambda: False)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
