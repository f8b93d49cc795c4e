"""One place per process where snapshots arrive from Redis and go out to whoever watches."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.ending import end
from api.feed import Feed, Topic
from api.listener import Listener
from headway import keys
from headway.errors import RedisUnavailable, Unreadable
from headway.settings import Settings
from headway.store import AsyncStore
from headway.store.stored import is_own, own

#: How often a watched job is read again although nothing was heard of it, in seconds: headway's own, where a message
#: may have been lost, and a lesson writer's or unknown one, where there may be a SET without PUBLISH.
OWN_REREAD_S = 15.0
FOREIGN_REREAD_S = 0.5
CONFIRM_TIMEOUT_S = 3.0
_TICK_S = 0.25
_CHUNK = 200
_CHANNEL_MAX = 200
_log = logging.getLogger("headway.api")


class Hub:
    """Subscribes to the jobs that somebody watches, and reads them again where a message may be missing."""

    def __init__(self, settings: Settings, store: AsyncStore) -> None:
        self._store = store
        self._topics: dict[str, Topic] = {}
        self._by_channel: dict[str, set[Topic]] = {}
        self._listener = Listener(
            settings, on_message=self._heard, on_confirmed=self._confirmed, on_lost=self._lost_connection
        )
        self._due = asyncio.Event()
        self._rereading: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def connected(self) -> bool:
        """False from losing the subscription connection until it is back."""
        return not self._listener.lost

    @property
    def counts(self) -> dict[str, int]:
        """How much is held now: jobs, watchers, and channels subscribed in Redis."""
        watchers = sum(len(topic.feeds) for topic in self._topics.values())
        return {"jobs": len(self._topics), "watchers": watchers, "channels": self._listener.channels}

    def start(self) -> None:
        """Begin in the running event loop."""
        self._listener.start()
        self._rereading = asyncio.create_task(self._reread(), name="headway-reread")

    async def close(self) -> None:
        """End every feed and give the connection back."""
        self._closed = True
        for topic in self._topics.values():
            topic.end()
        await end(self._rereading)
        await self._listener.close()

    @asynccontextmanager
    async def watch(self, job_id: str, after: int | None = None) -> AsyncIterator[Feed]:
        """Follow a job; it may be one that is not there yet.

        Raises:
            RedisUnavailable: the subscription was not acknowledged, or the job could not be read.
            Unreadable: what is stored is no snapshot.
        """
        topic = self._topics.get(job_id) or self._open(job_id)
        feed = Feed(topic, after)
        # Attached before the job is read, and read after the acknowledgement: nothing falls in between.
        topic.feeds.add(feed)
        try:
            await self._acknowledged(topic)
            await self._read_now(topic)
            yield feed
        finally:
            topic.feeds.discard(feed)
            if not topic.feeds:
                self._drop(topic)

    def _open(self, job_id: str) -> Topic:
        channel = keys.updates(job_id)
        topic = Topic(job_id, updates=self._listener.listen(channel), due_at=self._next_at(FOREIGN_REREAD_S))
        topic.ended = self._closed
        self._topics[job_id] = topic
        self._by_channel.setdefault(channel, set()).add(topic)
        return topic

    def _drop(self, topic: Topic) -> None:
        self._topics.pop(topic.job_id, None)
        self._leave(topic, keys.updates(topic.job_id))
        if topic.named_channel is not None:
            self._leave(topic, topic.named_channel)

    def _leave(self, topic: Topic, channel: str) -> None:
        others = self._by_channel.get(channel, set())
        others.discard(topic)
        if not others:
            self._by_channel.pop(channel, None)
            self._listener.ignore(channel)

    async def _acknowledged(self, topic: Topic) -> None:
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                await topic.updates.wait()
        except TimeoutError:
            raise RedisUnavailable("Redis does not answer: the subscription was not acknowledged") from None

    async def _read_now(self, topic: Topic) -> None:
        stored = await self._store.read(topic.job_id)
        if stored is not None:
            topic.offer(stored)
        if topic.foreign:
            await self._find_channels([topic])

    def _confirmed(self, channel: str) -> None:
        self._look_again(channel)

    def _heard(self, channel: str, payload: bytes) -> None:
        for topic in self._by_channel.get(channel, ()):
            if channel == keys.updates(topic.job_id) and is_own(payload):
                try:
                    topic.offer(own(topic.job_id, payload))
                except Unreadable as error:
                    _log.warning("a message was left out: %s", error)
            else:
                # A lesson writer's message is only a hint to look at the key.
                self._look_again(channel)

    def _look_again(self, channel: str) -> None:
        for topic in self._by_channel.get(channel, ()):
            topic.due_at = 0.0
        self._due.set()

    def _lost_connection(self) -> None:
        # What Redis says when it is back counts, even if its seq is smaller: each feed still passes on rising ones.
        for topic in self._topics.values():
            topic.latest, topic.seen = None, None

    async def _reread(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            now = asyncio.get_running_loop().time()
            due = [topic for topic in self._topics.values() if topic.due_at <= now]
            for first in range(0, len(due), _CHUNK):
                try:
                    await self._refresh(due[first : first + _CHUNK])
                except RedisUnavailable:
                    break
                except Exception:
                    _log.exception("watched jobs could not be read again")

    async def _refresh(self, topics: list[Topic]) -> None:
        for topic in topics:
            topic.due_at = self._next_at(FOREIGN_REREAD_S if topic.foreign else OWN_REREAD_S)
        raws = await self._store.run(self._store.calls.get_many([topic.job_id for topic in topics]))
        for topic, raw in zip(topics, raws, strict=True):
            if raw is not None and raw != topic.seen:
                await self._take(topic, raw)
        await self._find_channels([topic for topic in topics if topic.foreign])

    async def _take(self, topic: Topic, raw: bytes) -> None:
        try:
            stored = own(topic.job_id, raw) if is_own(raw) else await self._store.read(topic.job_id)
            if stored is not None:
                topic.offer(stored)
        except Unreadable as error:
            _log.warning("a snapshot was left out: %s", error)
        topic.seen = raw

    async def _find_channels(self, topics: list[Topic]) -> None:
        if not topics:
            return
        names = await self._store.run(self._store.calls.channels([topic.job_id for topic in topics]))
        for topic, raw in zip(topics, names, strict=True):
            name = None if raw is None or not 0 < len(raw) <= _CHANNEL_MAX else raw.decode(errors="replace")
            if name == topic.named_channel or name == keys.updates(topic.job_id) or not topic.feeds:
                continue
            if topic.named_channel is not None:
                self._leave(topic, topic.named_channel)
            topic.named_channel = name
            if name is not None:
                self._listener.listen(name)
                self._by_channel.setdefault(name, set()).add(topic)

    @staticmethod
    def _next_at(period_s: float) -> float:
        return asyncio.get_running_loop().time() + period_s * random.uniform(0.8, 1.0)
