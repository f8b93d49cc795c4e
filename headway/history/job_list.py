"""Jobs newest first, in pages that cost the same however many jobs there are."""

import heapq
import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, literal, or_, select, tuple_

from headway.clock import format_utc, parse_utc
from headway.history import schema
from headway.history.database import Database
from headway.history.reading import stored_of
from headway.listing import Filters, Place
from headway.store.stored import Stored

#: Most jobs that a question with several filters looks at; with rare matches a page may be short and still have a next.
LOOK_MAX = 5_000
_jobs = schema.jobs
_PLACE = (_jobs.c.listed_at, _jobs.c.job_id)
_ORDER = (_jobs.c.listed_at.desc(), _jobs.c.job_id.desc())
_COLUMNS = tuple(_jobs.c[name] for name in ("job_id", "listed_at", "seq", "attempt", "snapshot"))
# Each has an index with the list's order; the first one given is looked up, the others are looked at row by row.
_INDEXED = ("owner", "task", "queue")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Jobs as they were last recorded, newest first.

    `down_to` is the place down to which there are no others, None for the end of the list. `holds` says whether the job
    that was asked about has been recorded.
    """

    jobs: list[tuple[Place, Stored]]
    down_to: Place | None
    holds: bool


class JobList:
    """Reads the list from history."""

    def __init__(self, database: Database, *, look_max: int = LOOK_MAX) -> None:
        self._database = database
        self._look_max = look_max

    def below(self, place: Place, filters: Filters, limit: int, holds: str | None) -> Recorded:
        """The next jobs after a place of the list.

        Args:
            limit: most jobs, at least 1.
            holds: the id of a job, to be told whether it has been recorded.

        Raises:
            HistoryUnavailable: the database does not answer.
        """
        statuses: list[str | None] = [*sorted(status.value for status in filters.statuses)] or [None]
        with self._database.read() as connection:
            parts = [self._of_status(connection, place, filters, status, limit) for status in statuses]
            known = select(_jobs.c.job_id).where(_jobs.c.job_id == holds)
            is_held = holds is not None and connection.execute(known).first() is not None
        rows = heapq.merge(*(rows for rows, _ in parts), key=_place, reverse=True)
        ends = [end for _, end in parts if end is not None]
        down_to = max(ends, default=None)
        found = [(_place(row), stored_of(row)) for row in rows if down_to is None or _place(row) >= down_to]
        return Recorded(found, down_to, is_held)

    def _of_status(
        self, connection: Connection, place: Place, filters: Filters, status: str | None, limit: int
    ) -> tuple[list[Any], Place | None]:
        given = {name: value for name in _INDEXED if (value := getattr(filters, name)) is not None}
        if status is not None:
            given |= {"status": status}
        first = next(iter(given), None)
        candidates = _after(select(*_COLUMNS), place)
        if first is not None:
            candidates = candidates.where(_jobs.c[first] == given.pop(first))
        if not given and filters.search is None:
            rows = connection.execute(candidates.limit(limit)).all()
            return list(rows), _place(rows[-1]) if len(rows) == limit else None
        # The index alone says how far to look.
        last = connection.execute(candidates.with_only_columns(*_PLACE).offset(self._look_max - 1).limit(1)).first()
        wanted = candidates.where(*(_jobs.c[name] == value for name, value in given.items()))
        if last is not None:
            wanted = wanted.where(tuple_(*_PLACE) >= _bound(_place(last)))
        if filters.search is not None:
            text = filters.search.lower()
            searched = (_jobs.c.job_id, _jobs.c.task, _jobs.c.message)
            wanted = wanted.where(or_(*(func.lower(column).contains(text, autoescape=True) for column in searched)))
        rows = connection.execute(wanted.limit(limit)).all()
        if len(rows) == limit:
            return list(rows), _place(rows[-1])
        return list(rows), None if last is None else _place(last)


def _after(query: Select[Any], place: Place) -> Select[Any]:
    query = query.order_by(*_ORDER)
    if math.isinf(place[0]):
        return query
    return query.where(tuple_(*_PLACE) < _bound(place))


def _bound(place: Place) -> Any:
    return tuple_(literal(format_utc(place[0] / 1000), _jobs.c.listed_at.type), literal(place[1]))


def _place(row: Any) -> Place:
    return float(round(parse_utc(row.listed_at) * 1000)), row.job_id
