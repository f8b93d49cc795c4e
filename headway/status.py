"""The states of a job, and which may follow which."""

from enum import StrEnum


class Status(StrEnum):
    """Where a job is in its life, spelled as RQ spells it."""

    QUEUED = "queued"
    STARTED = "started"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELED = "canceled"
    FAILED = "failed"
    FINISHED = "finished"

    @property
    def terminal(self) -> bool:
        """Whether no further write of this attempt can change the job."""
        return self in TERMINAL_STATUSES

    def may_become(self, later: "Status") -> bool:
        """Whether `later` may be written after this status within a job's life."""
        return later in _NEXT[self]


TERMINAL_STATUSES = frozenset({Status.FINISHED, Status.FAILED, Status.CANCELED})
ACTIVE_STATUSES = frozenset({Status.STARTED, Status.RUNNING, Status.PAUSED})

_ENDS = {Status.FINISHED, Status.FAILED, Status.CANCELED}
# A held job is paused before it ever started; an attempt that is released or retried goes back to queued.
_NEXT: dict[Status, set[Status]] = {
    Status.QUEUED: {Status.QUEUED, Status.STARTED, Status.PAUSED, Status.CANCELED, Status.FAILED},
    Status.STARTED: {Status.STARTED, Status.RUNNING, Status.PAUSED, Status.QUEUED} | _ENDS,
    Status.RUNNING: {Status.RUNNING, Status.PAUSED, Status.QUEUED} | _ENDS,
    Status.PAUSED: {Status.PAUSED, Status.RUNNING, Status.STARTED, Status.QUEUED} | _ENDS,
    Status.FINISHED: {Status.QUEUED},
    Status.FAILED: {Status.QUEUED},
    Status.CANCELED: {Status.QUEUED},
}
