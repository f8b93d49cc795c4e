"""One watched job: who watches, and the latest of it as it goes out."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from api.facts import changed_at_s, etag, poll_after_s
from api.frames import prebuilt
from headway.errors import HeadwayError, JobNotFound, RedisUnavailable
from headway.store import Stored

#: Who waits for a job to be read; the result is why it could not be.
Reader = asyncio.Future[HeadwayError | None]


class Latest:
    """A snapshot as it goes out: each form is made once, for the first who wants it, and shared by all."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.seq = stored.seq
        self.terminal = stored.status.terminal

    @cached_property
    def frame(self) -> dict[str, Any]:
        """The ASGI message of a socket that follows one job."""
        return prebuilt(self.stored.raw)

    @cached_property
    def enveloped(self) -> dict[str, Any]:
        """The ASGI message of a socket that follows many."""
        return prebuilt(b'{"type":"snapshot","snapshot":%b}' % self.stored.raw)

    @cached_property
    def event(self) -> dict[str, Any]:
        """The ASGI message of a stream of Server-Sent Events."""
        # JSON as headway keeps it has no line breaks, which would end the data.
        body = b"id: %d\ndata: %b\n\n" % (self.seq, self.stored.raw)
        return {"type": "http.response.body", "body": body, "more_body": True}

    def poll_after_s(self, now_s: float) -> float | None:
        """When it is worth asking again, in seconds; None if the job is over."""
        return None if self.terminal else poll_after_s(self._changed_at_s, now_s)

    @cached_property
    def etag(self) -> str:
        """What names exactly this body."""
        return etag(self.seq, self.stored.raw)

    @cached_property
    def _changed_at_s(self) -> float | None:
        return changed_at_s(self.stored)


class Watcher(Protocol):
    """Who is told of one job's changes; neither method may block or raise."""

    def news(self, topic: "Topic") -> None:
        """There is a newer snapshot, or the job is there no more, or is there again."""

    def going_away(self) -> None:
        """This process ends; another will answer."""


@dataclass(eq=False)
class Topic:
    """One watched job.

    `updates` is set while Redis has the job's channel subscribed; `seen` are the bytes that `latest` came from, so that
    a lesson writer's unchanged ones are not adopted again; `idle_at` is since when nobody watches.
    """

    job_id: str
    updates: asyncio.Event
    latest: Latest | None = None
    watchers: set[Watcher] = field(default_factory=set)
    named_channel: str | None = None
    seen: bytes | None = None
    due_at: float = 0.0
    idle_at: float = 0.0
    # Whether the job was read since its subscription was last acknowledged.
    synced: bool = False
    # The largest seq that was seen here; a Redis that comes back older is to go on from there.
    given: int = 0
    # Whether the watchers know it as a job that is there; unlike `latest` it outlasts the loss of the subscription.
    there: bool = False
    readers: list[Reader] = field(default_factory=list)

    @property
    def foreign(self) -> bool:
        """Whether a lesson writer may write it: it did, or nobody has yet."""
        return self.latest is None or self.latest.stored.adopted

    def why_none(self) -> HeadwayError:
        """Why there is no latest: Redis has no such job, or its subscription is lost and nobody here can know."""
        if self.synced:
            return JobNotFound(self.job_id)
        return RedisUnavailable("Redis went away while the job was waited for")

    def offer(self, stored: Stored) -> None:
        """Pass a snapshot on if it is newer than the latest."""
        if self.latest is not None and stored.seq <= self.latest.seq:
            return
        self.given = max(self.given, stored.seq)
        self.latest = Latest(stored)
        self.there = True
        self._tell()

    def lose(self) -> None:
        """Take in that Redis has no such job."""
        self.latest, self.seen = None, None
        if self.there:
            self.there = False
            self._tell()

    def _tell(self) -> None:
        # A watcher that is told of the end leaves at once.
        for watcher in tuple(self.watchers):
            watcher.news(self)
