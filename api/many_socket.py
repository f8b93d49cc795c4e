"""One socket that follows many jobs at once."""

import asyncio
import json
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from api import closing
from api.auth import allow
from api.follower import UNKNOWN_S
from api.frames import prebuilt
from api.hub import Hub
from api.outbox import Outbox
from api.sessions import Session
from api.socket_entry import Op, ShowToken
from api.topic import Latest, Topic
from headway.errors import HeadwayError, InvalidJobId, JobNotFound, Unavailable, Unreadable
from headway.history.database import HistoryUnavailable
from headway.keys import check_job_id

#: How many jobs one socket may follow.
JOBS_MAX = 200
_SEQ_MAX = 10**15 - 1


class Subscribe(Op):
    """Follow jobs, each after the seq that the client has of it, or null."""

    op: Literal["subscribe"]
    jobs: Annotated[dict[str, Annotated[int, Field(ge=0, le=_SEQ_MAX)] | None], Field(max_length=JOBS_MAX)]


class Unsubscribe(Op):
    """Follow jobs no longer."""

    op: Literal["unsubscribe"]
    jobs: Annotated[list[str], Field(max_length=JOBS_MAX)]


_OPS: TypeAdapter[Subscribe | Unsubscribe | ShowToken] = TypeAdapter(
    Annotated[Subscribe | Unsubscribe | ShowToken, Field(discriminator="op")]
)


class _Followed:
    """One job of this socket."""

    def __init__(self, topic: Topic, after: int | None) -> None:
        self.topic = topic
        self.after = after
        self.seq = 0
        self.giving_up: asyncio.TimerHandle | None = None
        self.expired: Latest | None = None
        self.failure: HeadwayError | None = None

    def stop_giving_up(self) -> None:
        """It is known."""
        if self.giving_up is not None:
            self.giving_up.cancel()
            self.giving_up = None


class ManySocket:
    """Sends each job's snapshot, unless its seq is the one given, then each newer one, and says when a job is over."""

    def __init__(self, hub: Hub, outbox: Outbox, session: Session) -> None:
        self._hub = hub
        self._outbox = outbox
        self._session = session
        self._followed: dict[str, _Followed] = {}

    async def take(self, text: str) -> None:
        """Do what the client asks for."""
        try:
            asked = _OPS.validate_json(text)
        except ValidationError as error:
            self._refuse(None, 400, _what_is_wrong(error))
            return
        match asked:
            case Subscribe(jobs=jobs):
                await self._subscribe(jobs)
            case Unsubscribe(jobs=job_ids):
                for job_id in job_ids:
                    self._leave(job_id)
            case ShowToken(token=token):
                await self._session.renew(token)

    def leave(self) -> None:
        """Hear of no job any more."""
        for job_id in tuple(self._followed):
            self._leave(job_id)

    def news(self, topic: Topic) -> None:
        """Pass a job's latest on if it is newer than the last one sent; without one, give it up after a while."""
        followed = self._followed.get(topic.job_id)
        if followed is None:
            return
        latest = topic.latest or followed.expired
        if latest is None:
            if followed.giving_up is None:
                loop = asyncio.get_running_loop()
                followed.giving_up = loop.call_later(UNKNOWN_S, self._give_up, followed)
            return
        followed.stop_giving_up()
        if latest.seq <= followed.seq:
            return
        if not allow(self._session.principal, "read", latest.stored):
            self._unknown(topic.job_id)
            return
        first, followed.seq = followed.seq == 0, latest.seq
        if not (first and latest.seq == followed.after):
            self._outbox.put(topic.job_id, latest.enveloped)
        if latest.terminal:
            self._leave(topic.job_id)
            self._outbox.put(("end", topic.job_id), _message(type="end", job_id=topic.job_id))

    def going_away(self) -> None:
        """Say that another process will answer."""
        self._outbox.close(closing.LEAVING)

    async def _subscribe(self, jobs: dict[str, int | None]) -> None:
        added = [followed for job_id, after in jobs.items() if (followed := self._follow(job_id, after)) is not None]
        failures = await self._hub.settle([followed.topic for followed in added])
        unknown = []
        for followed in added:
            job_id = followed.topic.job_id
            if self._followed.get(job_id) is not followed:
                continue
            if job_id in failures:
                self._leave(job_id)
                self._refuse(job_id, *_said_of(failures[job_id]))
            elif followed.topic.latest is None:
                unknown.append(followed)
            else:
                self.news(followed.topic)
        await asyncio.gather(*(self._look_back(followed) for followed in unknown))

    def _follow(self, job_id: str, after: int | None) -> _Followed | None:
        self._leave(job_id)
        try:
            check_job_id(job_id)
        except InvalidJobId:
            self._refuse(job_id[:80], 404, "job not found")
            return None
        if len(self._followed) >= JOBS_MAX:
            self._refuse(job_id, 429, f"a socket follows at most {JOBS_MAX} jobs")
            return None
        followed = _Followed(self._hub.attach(job_id, self), after)
        self._followed[job_id] = followed
        return followed

    async def _look_back(self, followed: _Followed) -> None:
        """Find a job that is over and has left Redis."""
        try:
            followed.expired = await self._hub.expired(followed.topic.job_id)
        except Unavailable as error:
            followed.failure = error
        self.news(followed.topic)

    def _leave(self, job_id: str) -> None:
        followed = self._followed.pop(job_id, None)
        if followed is not None:
            followed.stop_giving_up()
            self._hub.detach(followed.topic, self)

    def _give_up(self, followed: _Followed) -> None:
        job_id = followed.topic.job_id
        self._leave(job_id)
        self._refuse(job_id, *_said_of(followed.failure or followed.topic.why_none()))

    def _unknown(self, job_id: str) -> None:
        self._leave(job_id)
        self._refuse(job_id, 404, "job not found")

    def _refuse(self, job_id: str | None, status: int, detail: str) -> None:
        error = _message(type="error", job_id=job_id, status=status, detail=detail)
        self._outbox.put(("error", job_id), error)


def _message(**members: object) -> dict[str, object]:
    return prebuilt(json.dumps(members, ensure_ascii=False).encode(errors="replace"))


def _said_of(failure: HeadwayError) -> tuple[int, str]:
    if isinstance(failure, JobNotFound):
        return 404, "job not found"
    if isinstance(failure, Unreadable):
        return 502, "what is stored for this job is no snapshot"
    return 503, "history does not answer" if isinstance(failure, HistoryUnavailable) else "Redis does not answer"


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
