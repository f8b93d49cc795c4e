"""RQ's closing write of a job: carried out once, through any outage."""

import time
from collections.abc import Callable

from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation
from rq.executions import Execution
from rq.job import Job, JobStatus

from headway.errors import RedisUnavailable
from headway.patience import AWAY_PAUSE_S, Patience
from headway.store.connect import away

# Enough for the frames of a deep recursion and the words at its end; RQ keeps it in Redis too.
_TRACEBACK_MAX_CHARS = 20_000


def cut(traceback: str) -> str:
    """A traceback with its middle left out, if it is a huge one."""
    if len(traceback) <= _TRACEBACK_MAX_CHARS:
        return traceback
    half = _TRACEBACK_MAX_CHARS // 2
    left_out = len(traceback) - 2 * half
    return f"{traceback[:half]}\n… {left_out:,} characters left out …\n{traceback[-half:]}"


def close(
    job: Job, execution: Execution | None, write: Callable[[], None], patience: Patience, outage_s: float
) -> None:
    """Repeat `write` until what it leaves behind is there: a lost reply must not leave two results of an execution.

    `execution` is None for a job that never began; such a job can only fail.

    Raises:
        RedisUnavailable: Redis was away for longer than `outage_s`.
    """
    deadline = time.monotonic() + outage_s
    while True:
        try:
            with patience.hurried():
                write()
        except (RedisError, OSError) as error:
            if away(error) is None:
                raise
        if _has_failed(job) if execution is None else _has_result(job, execution):
            return
        if time.monotonic() > deadline:
            raise RedisUnavailable(f"the end of job {job.id} could not be written")
        time.sleep(AWAY_PAUSE_S)


def _has_result(job: Job, execution: Execution) -> bool:
    result = job.latest_result()
    return result is not None and result.execution_id == execution.id


def _has_failed(job: Job) -> bool:
    try:
        return bool(job.get_status() == JobStatus.FAILED)
    except InvalidJobOperation:
        return False
