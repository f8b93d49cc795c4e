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

logger = logging.getLogger("headway.worker")


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
    run_attempt(store, settings, spec, attempt, worker=os.environ["RQ_WORKER_ID"], look=look)
