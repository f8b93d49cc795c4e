"""Work-horses that do not outlive their worker."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


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
