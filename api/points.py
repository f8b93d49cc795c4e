"""What a job measured: its newest values from Redis, those before from history."""

from collections.abc import Sequence
from contextlib import suppress

from anyio import to_thread

from api.auth import Principal
from api.deps import Services
from api.jobs import find_recorded
from api.recorded import recorded
from headway import keys
from headway.errors import Unreadable
from headway.history.database import HistoryUnavailable
from headway.history.entries import Entry, Row, extra, points
from headway.history.series import Series, series

#: Most values that one answer is made from: the newest, of all names together.
VALUES_MAX = 100_000


async def read_series(
    services: Services, principal: Principal, job_id: str, names: Sequence[str], most: int | None
) -> tuple[list[Series], bool]:
    """A job's series, those of `names` or all, and whether older values are missing since history does not answer.

    Errors as `find_recorded`, and `HistoryUnavailable` where only history has values.

    Args:
        most: how many points of each series; None for all.
    """
    await find_recorded(services, principal, job_id)
    found = await services.store.run(services.store.calls.points(job_id))
    entries = [Entry(keys.EVENTS, entry_id, fields) for entry_id, fields in found]
    before = entries[0].place if entries else None
    older: list[Row] = []
    partial = False
    try:
        older = await recorded(
            services, lambda history: history.points(job_id, names=names, before=before, limit=VALUES_MAX)
        )
    except HistoryUnavailable:
        if not entries:
            raise
        partial = True
    return await to_thread.run_sync(_series, older, entries, frozenset(names), most), partial


def _series(older: list[Row], live: list[Entry], names: frozenset[str], most: int | None) -> list[Series]:
    rows = (older + [row for entry in live for row in _points(entry) if not names or row["name"] in names])[
        -VALUES_MAX:
    ]
    found = series(rows)
    return found if most is None else [one.thinned(most) for one in found]


def _points(entry: Entry) -> list[Row]:
    with suppress(Unreadable, ValueError):
        job_id = entry.job_id()
        return points(entry, job_id, int(entry.fields[b"attempt"]), entry.place, extra(entry, job_id))
    return []
