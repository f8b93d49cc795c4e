"""What a job that has ended came to: its value, or one of headway's errors."""

from typing import Any

from headway.errors import JobFailed, JobWasCanceled
from headway.snapshot import Snapshot
from headway.status import Status


def value_of(ended: Snapshot) -> Any:
    """The result in a terminal snapshot.

    Raises:
        JobFailed: the job failed, and no attempt is left.
        JobWasCanceled: the job was canceled.
    """
    if ended.status is Status.FAILED:
        error = ended.error
        raise JobFailed(ended.job_id, *("", "") if error is None else (error.type, error.detail))
    if ended.status is Status.CANCELED:
        raise JobWasCanceled(ended.job_id)
    return ended.result


def kept_beside(ended: Snapshot) -> bool:
    """Whether the result is too large for its snapshot, and has to be asked for.

    A job may return something that looks alike; only the address that headway itself writes counts.
    """
    result = ended.result
    return (
        isinstance(result, dict)
        and result.keys() == {"href", "bytes"}
        and result["href"] == f"/jobs/{ended.job_id}/result"
    )
