"""A snapshot as one line of text, safe for a terminal whatever its writer put into it."""

import json
from typing import Any

from headway import caption, values
from headway.snapshot import Bar, Snapshot
from headway.status import ACTIVE_STATUSES, Status

_LINE_MAX = 2_000
_RESULT_MAX = 500


def clean(text: object, max_chars: int = _LINE_MAX) -> str:
    """The text on one line, without control characters."""
    return " ".join(values.text(text, max_chars).split())


def name(snapshot: Snapshot) -> str:
    """Such as "profile_table abcd1234"; a foreign job has no task to tell."""
    return clean(f"{snapshot.task or ''} {snapshot.job_id}", 200)


def said(snapshot: Snapshot) -> list[str]:
    """What there is to say beside status and percent: the facts, then the message."""
    message = "" if snapshot.message == snapshot.status else snapshot.message
    attempt = f"attempt {snapshot.attempt}" if snapshot.attempt > 1 else ""
    parts = [attempt, *caption.facts(snapshot), message or ("" if snapshot.status.terminal else snapshot.desc or "")]
    if snapshot.stalled_since and snapshot.status in ACTIVE_STATUSES:
        parts.append("no progress for longer than this task allows")
    return [cleaned for part in parts if (cleaned := clean(part))]


def outcome(snapshot: Snapshot) -> str:
    """The error of a failed job, the result of a finished one; empty if there is nothing to tell."""
    if snapshot.status is Status.FAILED and snapshot.error is not None:
        return clean(f"{snapshot.error.type}: {snapshot.error.detail}")
    if snapshot.status is Status.FINISHED and snapshot.result is not None:
        return clean(_result(snapshot.result), _RESULT_MAX)
    return ""


def line(snapshot: Snapshot) -> str:
    """All of it: "abcd1234 long_task running 40 % · 2 of 5 · step 2/5"."""
    task = f"{snapshot.task} " if snapshot.task else ""
    head = f"{snapshot.job_id} {task}{snapshot.status} {caption.percent(snapshot)}"
    return " · ".join(part for part in (clean(head), *said(snapshot), outcome(snapshot)) if part)


def nested(snapshot: Snapshot) -> list[tuple[Bar, int]]:
    """The bars inside, each after its parent, with its depth from 0; none where a single one repeats the job's own."""
    if len(snapshot.bars) < 2:
        return []
    return caption.in_order(snapshot.bars)


def _result(result: Any) -> str:
    match result:
        case {"type": "table", "total_rows": int(total)}:
            return f"a table of {total:,} rows"
        case {"href": str(href), "bytes": int(size)} if len(result) == 2:
            return f"{size:,} bytes at {href}"
        case _:
            return json.dumps(result, ensure_ascii=False)
