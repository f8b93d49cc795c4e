"""Work-horses that do not outlive their worker, and processes of theirs that do not outlive them."""

import ctypes
import os
import signal
import time
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_GRACE_S = 0.5
_DYING_S = 5.0
_LOOK_S = 0.01


def end_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent dies; to be called right after the fork.

    Only Linux can: elsewhere `end_if_orphaned` has to look now and then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have died between the fork and the request.
    end_if_orphaned(parent_pid)


def end_if_orphaned(parent_pid: int) -> None:
    """End this process at once if `parent_pid` is no longer its parent."""
    if os.getppid() != parent_pid:
        os._exit(1)


def end_group(leader_pid: int) -> None:
    """End what is left of the process group of a process that has died; a process that left the group goes on.

    They are asked first: Python's resource trackers take no notice of that, and remove what the others shared.
    """
    deadline_s = time.monotonic() + _GRACE_S
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader_pid, signal.SIGTERM)
        os.killpg(leader_pid, signal.SIGCONT)
        while time.monotonic() < deadline_s:
            time.sleep(_LOOK_S)
            os.killpg(leader_pid, 0)
        os.killpg(leader_pid, signal.SIGKILL)


def end_with_group(leader_pid: int) -> None:
    """End this process at once if it is in the group of a process that is dead, or dies within 5 s."""
    deadline_s = time.monotonic() + _DYING_S
    while os.getpgrp() == leader_pid and time.monotonic() < deadline_s:
        try:
            os.kill(leader_pid, 0)
        except ProcessLookupError:
            os._exit(1)
        time.sleep(_LOOK_S)
