"""One attempt at a job, whatever engine delivered it."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from uuid import uuid4

from headway import tasks, values
from headway.child import ChildJob
from headway.context import current_job, set_process_job
from headway.encode import encode_result
from headway.errors import AttemptOver, JobCanceled
from headway.gate import Clock
from headway.outside import give_way
from headway.patience import patiently
from headway.reporter import Reporter
from headway.settings import Settings
from headway.snapshot import JobError, Spec
from headway.store import Store
from headway.store.calls import Holder

logger = logging.getLogger("headway.attempt")

_TRACEBACK_LINES = 100


def run_attempt(
    store: Store,
    settings: Settings,
    spec: Spec,
    attempt: int,
    worker: str,
    look: Callable[[], None] = lambda: None,
    token: str = "",
    clock: Clock | None = None,
    taken: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Run a job's function and write how it went: started, what it reports, and its end.

    `look` is called with every heartbeat, by a thread of its own. Whoever watches over the attempt from outside gives
    it the `token` by which it holds the job, and the `clock` that counts its time. Within `taken()` what the job prints
    is in its log.

    Does nothing if the store does not let this attempt begin: a second delivery, a deleted or a canceled job.

    Raises:
        BaseException: whatever the job raised, after it was written, so that the engine agrees on the failure.
    """
    holder = Holder(spec.job_id, attempt, token or uuid4().hex, spec.owner)
    reporter = Reporter(store, settings, spec, holder, worker, look, clock)
    answer = reporter.start()
    if not answer.accepted:
        logger.warning("job %s attempt %d may not begin: %s", spec.job_id, attempt, answer.code)
        if answer.code in {"held", "canceled"}:
            patiently(lambda: give_way(store, spec), settings.outage_s)
        return
    began_s = time.monotonic()
    with _quiet_logging():
        logger.info("job %s#%d %s: started", spec.job_id, attempt, spec.task)
        set_process_job(reporter, reporter.address)
        try:
            how = _run(reporter, spec, settings, taken)
            took_s = time.monotonic() - began_s
            logger.info("job %s#%d %s: %s after %.1f s", spec.job_id, attempt, spec.task, how, took_s)
        finally:
            set_process_job(None)


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """Let what cannot be logged go: a job may close the log's stream, and neither it nor its lease may end of that."""
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        yield
    finally:
        logging.raiseExceptions = before


def _run(reporter: Reporter, spec: Spec, settings: Settings, taken: Callable[[], AbstractContextManager[None]]) -> str:
    try:
        with taken():
            value = _called(spec)
        result_json = encode_result(value)
    except JobCanceled:
        reporter.cancel()
        return "canceled"
    except AttemptOver as error:
        return f"given up ({error.code})"
    except BaseException as error:
        # sys.exit ends a job like any other error, and must not end it unseen. The engine logs the traceback.
        for line in _traceback(error):
            reporter.log(line)
        reporter.fail(job_error(error, settings))
        raise
    else:
        reporter.finish(result_json)
        return "finished"


def _called(spec: Spec) -> object:
    task = tasks.get(spec.task)
    pid = os.getpid()
    try:
        return task.function(**task.validate(spec.params))
    finally:
        if os.getpid() != pid:
            # The function forked, and its child came back through here too: there is one job, and it is the parent's.
            _end_forked_child()


def _traceback(error: BaseException) -> list[str]:
    """The last lines of an error's traceback, from the job's own code on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    told = "".join(traceback.format_exception(type(error), error, frames)).splitlines()
    return told[-_TRACEBACK_LINES:]


def _end_forked_child() -> None:
    job = current_job()
    if isinstance(job, ChildJob):
        job.flush(1.0)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def job_error(error: BaseException, settings: Settings) -> JobError:
    """An exception as a snapshot carries it."""
    detail = values.error_detail(error, settings.error_detail_max_bytes)
    return JobError(type=values.error_type(error), detail=detail)
