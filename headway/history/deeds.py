"""Who did what: entries of the audit as rows, and rows in pages."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from headway.access.audit import Deed, DeedPage
from headway.history import schema
from headway.history.database import Database
from headway.history.entries import Entry, Row, text, time


def deed(entry: Entry, place: str) -> Row:
    """The row in `job_actions` of an entry of the audit.

    Raises:
        ValueError: it is none.
    """
    try:
        said = Deed.model_validate_json(entry.fields.get(b"deed", b""))
    except ValidationError:
        raise ValueError("it is no deed") from None
    return {
        "job_id": said.job_id or "",
        "action": (text(said.action) or "")[:16],
        "by": text(said.by),
        "verified": said.verified,
        "outcome": said.outcome,
        "detail": text(said.detail),
        "at": time(said.at) or entry.at,
        "entry": place,
        # An entry of the other stream may have the same place: it has index 0.
        "idx": 1,
    }


def deeds(database: Database, *, job_id: str | None, after: int | None, limit: int) -> DeedPage:
    """What was done, newest first.

    Args:
        job_id: to one job; None for whatever was done.
        after: the `next` of the page before.
        limit: most of a page.

    Raises:
        HistoryUnavailable: the database does not answer.
    """
    table = schema.job_actions
    query = select(table).order_by(table.c.id.desc()).limit(limit + 1)
    if job_id is not None:
        query = query.where(table.c.job_id == job_id)
    if after is not None:
        query = query.where(table.c.id < after)
    with database.read() as connection:
        rows = connection.execute(query).all()
    page = rows[:limit]
    return DeedPage(actions=[_deed(row) for row in page], next=page[-1].id if len(rows) > limit else None)


def _deed(row: Any) -> Deed:
    members = {name: getattr(row, name) for name in Deed.model_fields}
    return Deed.model_validate(members | {"job_id": row.job_id or None})
