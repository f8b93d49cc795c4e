"""The part of a snapshot that the running attempt owns, as JSON text.

The store's script puts seq, attempt, control and updated_at in front of it.
"""

import json
from typing import Any

from pydantic_core import to_json

from headway.actions import possible
from headway.snapshot import Snapshot, Spec
from headway.status import Status

_HEAD = frozenset({"seq", "attempt", "control", "updated_at"})
_BLANK: dict[str, Any] = {
    name: value for name, value in Snapshot(job_id="-").model_dump(mode="json").items() if name not in _HEAD
}

Members = dict[str, Any]


def encode(members: Members) -> bytes:
    """Write `members` as the tail of a JSON object in UTF-8, without its opening brace; NaN and infinity become null.

    Raises:
        ValueError: a value is not JSON.
    """
    # Five times as fast as json.dumps, which took a tenth of an update.
    return to_json(members, inf_nan_mode="null")[1:]


def queued(spec: Spec, *, message: str = "queued") -> Members:
    """The members of a job that waits for its first or next attempt."""
    return _BLANK | {
        "job_id": spec.job_id,
        "status": Status.QUEUED.value,
        "message": message,
        "can": possible(Status.QUEUED, spec.policy),
        "task": spec.task,
        "queue": spec.queue,
        "owner": spec.owner,
        "created_at": spec.created_at,
    }


def decode(raw: bytes) -> Members:
    """The members of a stored snapshot without the head, for a change by compare-and-set."""
    members: Members = json.loads(raw)
    return {name: value for name, value in members.items() if name not in _HEAD}
