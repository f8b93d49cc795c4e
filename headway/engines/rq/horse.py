"""What a work-horse runs."""

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from setproctitle import setproctitle

from headway.attempt import run_attempt
from headway.orphan import end_if_orphaned
from headway.output.printed import Printing
from headway.patience import patiently
from headway.settings import get_settings
from headway.snapshot import Spec
from headway.store import Store
from headway.warden import Warden

logger = logging.getLogger("headway.worker")


class _Birth:
    spec: Spec | None = None
    warden: Warden | None = None
    printing: Printing | None = None


_birth = _Birth()


def run_job(job_id: str, attempt: int) -> None:
    """What a work-horse runs: RQ's entry point, named in the queue. Its own return value is always None."""
    settings = get_settings()
    store = Store(settings)
    spec = _birth.spec or patiently(lambda: store.run(store.calls.spec(job_id)), settings.outage_s)
    if spec is None:
        logger.warning("job %s is not known, its attempt %d is not run", job_id, attempt)
        return
    setproctitle(f"headway {job_id}#{attempt} {spec.task}")
    look = partial(_look, os.getppid())
    token, clock = ("", None) if _birth.warden is None else (_birth.warden.holder.token, _birth.warden.clock)
    taken: Callable[[], AbstractContextManager[None]] = nullcontext
    if _birth.printing is not None and spec.policy.capture_output:
        taken = partial(_birth.printing.taken, job_id, attempt)
    run_attempt(store, settings, spec, attempt, os.environ["RQ_WORKER_ID"], look, token, clock, taken)


def _look(parent_pid: int) -> None:
    end_if_orphaned(parent_pid)
    if _birth.printing is not None:
        _birth.printing.look()


def born_for(spec: Spec, warden: Warden, printing: Printing) -> None:
    """Say before the fork what the next work-horse is to do, who watches over it, and who takes what it prints."""
    _birth.spec, _birth.warden, _birth.printing = spec, warden, printing
