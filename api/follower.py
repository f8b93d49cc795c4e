"""One client that follows one job, over whatever it is connected by."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Message

from api.auth import allow
from api.hub import Hub
from api.outbox import Outbox
from api.sessions import Session
from api.topic import Latest, Topic
from headway.errors import HeadwayError, Unavailable

#: A job may be watched a moment before it is there, in seconds; the lesson's socket waits too. One that was there may
#: come back as soon: after Redis lost it, its running attempt writes it again.
UNKNOWN_S = 5.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How a transport says what there is to say: each is one ASGI message, and all but `snapshot` are the last one."""

    snapshot: Callable[[Latest], Message]
    failure: Callable[[HeadwayError], Message]
    over: Message
    unknown: Message
    leaving: Message


class Follower:
    """Sends the snapshot first, unless its seq is `after`, then each newer one, ending after the terminal one."""

    def __init__(self, hub: Hub, outbox: Outbox, session: Session, wording: Wording) -> None:
        self._hub = hub
        self._outbox = outbox
        self._session = session
        self._wording = wording
        self._after: int | None = None
        self._seq = 0
        self._topic: Topic | None = None
        self._giving_up: asyncio.TimerHandle | None = None
        self._expired: Latest | None = None
        self._failure: HeadwayError | None = None

    async def follow(self, job_id: str, after: int | None) -> None:
        """Begin; the job may be one that is not there yet."""
        self._after = after
        self._topic = topic = self._hub.attach(job_id, self)
        failures = await self._hub.settle([topic])
        if failures:
            self._outbox.close(self._wording.failure(failures[job_id]))
            return
        if topic.latest is None:
            await self._look_back(topic)
        self.news(topic)

    def leave(self) -> None:
        """Hear of the job no more."""
        self._stop_giving_up()
        if self._topic is not None:
            self._hub.detach(self._topic, self)

    def news(self, topic: Topic) -> None:
        """Pass the latest on if it is newer than the last one sent; without one, give up after a while."""
        latest = topic.latest or self._expired
        if latest is None:
            if self._giving_up is None:
                self._giving_up = asyncio.get_running_loop().call_later(UNKNOWN_S, self._give_up, topic)
            return
        self._stop_giving_up()
        if latest.seq <= self._seq:
            return
        if not allow(self._session.principal, "read", latest.stored):
            self._outbox.close(self._wording.unknown)
            return
        first, self._seq = self._seq == 0, latest.seq
        if not (first and latest.seq == self._after):
            self._outbox.put(topic.job_id, self._wording.snapshot(latest))
        if latest.terminal:
            self._outbox.close(self._wording.over)

    def going_away(self) -> None:
        """Say that another process will answer."""
        self._outbox.close(self._wording.leaving)

    async def _look_back(self, topic: Topic) -> None:
        """Find a job that is over and has left Redis; one that is about to begin is waited for all the same."""
        try:
            self._expired = await self._hub.expired(topic.job_id)
        except Unavailable as error:
            self._failure = error

    def _give_up(self, topic: Topic) -> None:
        self._outbox.close(self._wording.failure(self._failure or topic.why_none()))

    def _stop_giving_up(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
