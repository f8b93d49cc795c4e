"""`jobs`: a live table of jobs, newest first."""

import asyncio
import html
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from ipywidgets import HTML

from headway import caption
from headway.client import Client, ManyWatch, request
from headway.errors import HeadwayError, Unavailable
from headway.notebook.face import Face, face
from headway.notebook.feed import feed_of
from headway.notebook.output import Output
from headway.notebook.surface import Surface
from headway.notebook.text import RED, plain
from headway.notebook.watching import default_client
from headway.quantities import duration
from headway.snapshot import Snapshot
from headway.status import Status

_ACTIVE_S = 1.0
_IDLE_S = (3.0, 5.0)
#: How old the text that stands for a dead table may become while jobs move, in seconds.
_KEEP_S = 5.0
_COLUMNS = ("job", "task", "status", "progress", "says", "last change")
_CELL = "text-align: left; padding-right: 1em; white-space: nowrap"
_live: dict[object, "JobsTable"] = {}


class JobsTable:
    """The jobs that one question finds, in the output of the cell that made it; `jobs` are the latest."""

    def __init__(self, client: Client, asked: Mapping[str, Any]) -> None:
        self.jobs = client.jobs(**asked).jobs
        self._asked = asked
        self._kept_at = self._answered_at = time.monotonic()
        self._kept = _table(self.jobs, "")
        self._table = HTML(self._kept)
        self._surface = Surface(self._table, text_of(self.jobs))
        self._over = threading.Event()
        self._feed = feed_of(client)
        self._feed.attend(self)

    @property
    def done(self) -> bool:
        """Whether it stands still."""
        return self._over.is_set()

    def close(self) -> None:
        """Leave the table as it is, as text."""
        self._feed.dismiss(self)
        self._feed.call(self._end)
        self._over.wait(5.0)

    async def ask(self, api: ManyWatch) -> None:
        """Be asked for by the feed: look again and again, seldom while nothing goes on."""
        while True:
            busy = any(not job.status.terminal for job in self.jobs)
            await asyncio.sleep(_ACTIVE_S if busy else random.uniform(*_IDLE_S))
            try:
                self.jobs = (await api.ask(request.jobs(**self._asked, cursor=None))).jobs
            except Unavailable:
                away_s = time.monotonic() - self._answered_at
                self._draw(f"no answer from the API for {duration(away_s)}, still trying")
            except HeadwayError as error:
                self.give_up(error)
                return
            else:
                self._answered_at = time.monotonic()
                self._draw()

    def give_up(self, error: HeadwayError) -> None:
        """Be told by the feed what ended the asking."""
        self._end(str(error))

    def _draw(self, note: str = "") -> None:
        self._table.value = _table(self.jobs, note)
        if self._table.value != self._kept and time.monotonic() - self._kept_at >= _KEEP_S:
            self._kept, self._kept_at = self._table.value, time.monotonic()
            self._surface.keep(text_of(self.jobs))

    def _end(self, problem: str = "") -> None:
        if not self._over.is_set():
            self._surface.end(text_of(self.jobs, problem))
            self._over.set()

    def _ipython_display_(self) -> None:
        """Nothing: as a cell's last value it is on show already."""


def jobs(
    *,
    status: Status | str | list[Status | str] | None = None,
    task: str | None = None,
    queue: str | None = None,
    owner: str | None = None,
    search: str | None = None,
    limit: int = 20,
    client: Client | None = None,
) -> JobsTable | None:
    """Show a live table of the newest jobs in this cell's output: all that you may see, with a token of your own yours.

    Called again with the same arguments, it lets the earlier table stand still. Where there is no notebook, and in
    Colab, it shows the jobs as they are now and returns None.

    Args:
        status: and `task`, `queue`, `owner`, `search` and `limit`: as for `Client.jobs`.
        client: None makes one from the settings for all of a kernel.
    """
    asked: dict[str, Any] = {
        "status": status,
        "task": task,
        "queue": queue,
        "owner": owner,
        "search": search,
        "limit": limit,
    }
    client = client or default_client()
    match face():
        case Face.TERMINAL:
            print(text_of(client.jobs(**asked).jobs)["text/plain"])
            return None
        case Face.COLAB:
            Output(text_of(client.jobs(**asked).jobs))
            return None
    same = (client.asks_as, repr(asked))
    earlier = _live.pop(same, None)
    if earlier is not None:
        earlier.close()
    table = _live[same] = JobsTable(client, asked)
    return table


def text_of(found: list[Snapshot], problem: str = "") -> dict[str, str]:
    """A table as any reader of the stored notebook can show it."""
    said = [plain(job.job_id, job, "") for job in found] or ["no jobs yet"]
    return {"text/plain": "\n".join([*said, *([problem] if problem else [])]), "text/html": _table(found, problem)}


def _table(found: list[Snapshot], note: str) -> str:
    head = "".join(f"<th style='{_CELL}'>{name}</th>" for name in _COLUMNS)
    body = "".join(_row(job) for job in found) or f"<tr><td colspan='{len(_COLUMNS)}'>no jobs yet</td></tr>"
    said = f"<i>{html.escape(note)}</i>" if note else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div style='overflow-x: auto'>{table}</div>{said}"


def _row(job: Snapshot) -> str:
    status = html.escape(job.status)
    if job.status is Status.FAILED:
        status = f"<span style='color: {RED}'>{status}</span>"
    says = " · ".join(part for part in (caption.headline(job), *caption.facts(job)) if part)
    texts = [job.job_id, job.task or "", None, caption.percent(job), says, job.updated_at or ""]
    cells = [status if text is None else html.escape(text) for text in texts]
    return "<tr>" + "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in cells) + "</tr>"
