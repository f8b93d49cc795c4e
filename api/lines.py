"""A job's log in pages: its newest lines from Redis, those before from history."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field

from api.auth import Principal
from api.deps import Services
from api.feed import GoingAway
from api.jobs import find_recorded
from api.recorded import recorded
from headway import keys
from headway.errors import BadInput, Unreadable
from headway.history.database import HistoryUnavailable
from headway.history.entries import Entry, Row, lines

# An entry has up to 2,000 lines.
_ENTRIES_AT_ONCE = 20
_LOOK_S = 0.25
_CURSOR = re.compile(r"([0-9]{1,13})-([0-9]{1,10})\.([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A line's place: its entry in the stream, and its index in there."""

    entry_id: str
    idx: int

    @property
    def place(self) -> str:
        """The entry as history has it."""
        return _place(self.entry_id)

    def __str__(self) -> str:
        return f"{self.entry_id}.{self.idx}"


def read_cursor(text: str | None) -> Cursor | None:
    """The cursor that a client sends back.

    Raises:
        BadInput: it is none.
    """
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadInput(f"after: {text[:80]!r} is no `next` of a page of this log")
    return Cursor(f"{int(found[1])}-{int(found[2])}", int(found[3]))


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a log.

    `last` is where the following page goes on, None before the first line. `more` is whether there are more lines now,
    `over` whether no more will come before a retry.
    """

    rows: list[Row]
    last: Cursor | None
    more: bool
    over: bool


@dataclass
class _Collected:
    """Lines of a page that is being put together: at most one more than it may have."""

    after: Cursor | None
    limit: int
    rows: list[Row] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.rows) > self.limit

    def page(self, over: bool) -> Page:
        rows, more = self.rows[: self.limit], self.full
        last = Cursor(_entry_id(rows[-1]["entry"]), rows[-1]["idx"]) if rows else self.after
        return Page(rows, last, more, over and not more)


async def read_page(services: Services, principal: Principal, job_id: str, after: Cursor | None, limit: int) -> Page:
    """The lines that follow; errors as `find_recorded`, and `HistoryUnavailable` where only history has them."""
    # Looked at first: what a job says goes before its end.
    over = (await find_recorded(services, principal, job_id)).status.terminal
    return await _page(services, job_id, after, limit, over)


async def wait_for_page(
    services: Services, principal: Principal, job_id: str, after: Cursor | None, limit: int, wait_s: float
) -> Page:
    """The lines that follow, waiting so long for some where there are none; errors as `read_page`."""
    page = await read_page(services, principal, job_id, after, limit)
    if page.rows or page.over:
        return page
    deadline_s = time.monotonic() + wait_s
    async with services.hub.watch(job_id) as feed:
        while True:
            latest = feed.latest
            if latest is None:
                raise feed.why_none()
            page = await _page(services, job_id, after, limit, latest.terminal)
            left_s = deadline_s - time.monotonic()
            if page.rows or page.over or left_s <= 0:
                return page
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(_LOOK_S, left_s)):
                        await feed.newer(latest.seq)
            except GoingAway:
                return page


async def _page(services: Services, job_id: str, after: Cursor | None, limit: int, over: bool) -> Page:
    collected = _Collected(after, limit)
    start = "-" if after is None else after.entry_id
    entries = await _entries(services, job_id, start)
    if after is None or not entries or entries[0].entry_id != after.entry_id:
        await _add_recorded(services, job_id, collected, entries)
    while entries and not collected.full:
        _add_live(collected, entries)
        if len(entries) < _ENTRIES_AT_ONCE:
            break
        entries = await _entries(services, job_id, f"({entries[-1].entry_id}")
    return collected.page(over)


async def _entries(services: Services, job_id: str, start: str) -> list[Entry]:
    found = await services.store.run(services.store.calls.lines(job_id, start, _ENTRIES_AT_ONCE))
    return [Entry(keys.LOGS, entry_id, fields) for entry_id, fields in found]


async def _add_recorded(services: Services, job_id: str, collected: _Collected, live: list[Entry]) -> None:
    """What is no longer in Redis."""
    before = live[0].place if live else None
    after = collected.after
    try:
        collected.rows += await recorded(
            services,
            lambda history: history.lines(
                job_id,
                after=None if after is None else (after.place, after.idx),
                before=before,
                limit=collected.limit + 1,
            ),
        )
    except HistoryUnavailable:
        if not (live and _is_first(live[0])):
            raise


def _is_first(entry: Entry) -> bool:
    return entry.fields.get(b"attempt") == b"1" and entry.fields.get(b"batch") == b"1"


def _add_live(collected: _Collected, entries: list[Entry]) -> None:
    after = collected.after
    for entry in entries:
        with suppress(Unreadable):
            rows = lines(entry, entry.place)
            if after is not None and entry.entry_id == after.entry_id:
                rows = [row for row in rows if row["idx"] > after.idx]
            collected.rows += rows
        if collected.full:
            return


def _place(entry_id: str) -> str:
    milliseconds, _, number = entry_id.partition("-")
    return f"{int(milliseconds):013d}-{int(number):010d}"


def _entry_id(place: str) -> str:
    milliseconds, _, number = place.partition("-")
    return f"{int(milliseconds)}-{int(number)}"
