"""What the browser's tab says, so that a job can be followed from another one."""

from job_view import JobView

from headway import caption
from headway.snapshot import Snapshot
from headway.status import Status

_APP = "headway"
# The browser keeps but the beginning, and a task's name may be long.
_NAME_MAX = 60
_MARKS = {Status.FINISHED: "\N{CHECK MARK}", Status.FAILED: "\N{BALLOT X}"}


def page_title(page: str) -> str:
    """For a page that shows no job, such as "Run · headway"."""
    return f"{page} · {_APP}"


def job_title(view: JobView) -> str:
    """For a page that shows a job, such as "62 % bootstrap_delays · headway"; how it is doing comes first."""
    if view.snapshot is None:
        return page_title(view.job_id[:_NAME_MAX])
    return silent_title(view.snapshot) if view.problem else _titled(_state(view.snapshot), view.snapshot)


def silent_title(snapshot: Snapshot) -> str:
    """While nothing is heard of the job."""
    return _titled("no answer", snapshot)


def _titled(state: str, snapshot: Snapshot) -> str:
    return page_title(f"{state} {(snapshot.task or snapshot.job_id)[:_NAME_MAX]}")


def _state(snapshot: Snapshot) -> str:
    if snapshot.status in _MARKS:
        return _MARKS[snapshot.status]
    if snapshot.status in {Status.STARTED, Status.RUNNING}:
        return caption.percent(snapshot) or snapshot.status.value
    return snapshot.status.value
