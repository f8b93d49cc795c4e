"""The audit: who did what or was refused it, on its way to history beside the events of jobs."""

from typing import Any, Literal

from pydantic import Field

from headway import keys
from headway.clock import utc_now
from headway.snapshot import WireModel
from headway.store.calls import Call

Outcome = Literal["allowed", "refused"]

_DETAIL_MAX = 300
_JOB_ID_MAX = 64


class Deed(WireModel):
    """What somebody did, or was refused."""

    action: str = Field(
        description="sign-in, submit, upload, pause, resume, cancel, retry, delete, audit, make token, revoke token.",
        examples=["cancel"],
    )
    by: str | None = Field(default=None, description="Who; null where nobody knows.", examples=["ann"])
    verified: bool = Field(default=False, description="Whether the name was proved, or only claimed.")
    outcome: Outcome = "allowed"
    detail: str | None = Field(default=None, description="Why it was refused, or which token it is about.")
    job_id: str | None = Field(default=None, description="null for what is about no job.")
    at: str = Field(examples=["2025-10-28T10:21:34.000Z"])


class DeedPage(WireModel):
    """What was done, newest first, and the cursor of the following page; null on the last."""

    actions: list[Deed]
    next: int | None = Field(default=None, examples=[4711])


def note(
    action: str,
    by: str | None,
    *,
    entries_max: int,
    verified: bool = False,
    outcome: Outcome = "allowed",
    detail: str | None = None,
    job_id: str | None = None,
) -> Call[Any]:
    """Put a deed onto the way to history.

    Args:
        entries_max: about how many wait for a recorder before the oldest are dropped.
    """
    deed = Deed(
        action=action,
        by=by,
        verified=verified,
        outcome=outcome,
        detail=None if detail is None else detail[:_DETAIL_MAX],
        job_id=None if job_id is None else job_id[:_JOB_ID_MAX],
        at=utc_now(),
    )
    return Call(
        _nothing,
        commands=(("XADD", keys.AUDIT, "MAXLEN", "~", entries_max, "*", "deed", deed.model_dump_json()),),
    )


def _nothing(raw: list[Any]) -> None:
    return None
