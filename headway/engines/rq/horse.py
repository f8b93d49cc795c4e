"""What a work-horse runs."""

import logging
import os
from functools import partial

from setproctitle import setproctitle

from headway.attempt import run_attempt
from headway.orphan import end_if_orphaned
from headway.patience import patiently
from headway.settings import get_settings
from headway.store import Store
from headway.warden import Warden

logger = logging.getLogger("headway.worker")


class _Birth:
    warden: Warden | None = None


_birth = _Birth()


def run_job(job_id: str, attempt: int) -> None:
    """What a work-horse runs: RQ's entry point, named in the queue. Its own return value is always None."""
    settings = get_settings()
    store = Store(settings)
    spec = patiently(lambda: store.run(store.calls.spec(job_id)), settings.outage_s)
    if spec is None:
        logger.warning("job %s is not known, its attempt %d is not run", job_id, attempt)
        return
    setproctitle(f"headway {job_id}#{attempt} {spec.task}")
    look = partial(end_if_orphaned, os.getppid())
    token, clock = ("", None) if _birth.warden is None else (_birth.warden.holder.token, _birth.warden.clock)
    run_attempt(store, settings, spec, attempt, os.environ["RQ_WORKER_ID"], look, token, clock)


def watched_by(warden: Warden) -> None:
    """Say before the fork who will watch over the next work-horse; it begins with what that one has for it."""
    _birth.warden = warden
