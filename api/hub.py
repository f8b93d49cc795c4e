"""One place per process where snapshots arrive from Redis and go out to whoever watches."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat

from api.ending import end
from api.expired import Expired
from api.feed import Feed
from api.listener import Listener
from api.patience import Patience
from api.topic import Latest, Reader, Topic, Watcher
from headway import keys
from headway.errors import HeadwayError, RedisUnavailable, Unreadable
from headway.settings import Settings
from headway.store import AsyncStore, Stored
from headway.store.stored import is_own, own

#: How often a watched job is read again although nothing was heard of it, in seconds: headway's own, where a message
#: may have been lost, and a lesson writer's or unknown one, where there may be a SET without PUBLISH.
OWN_REREAD_S = 15.0
FOREIGN_REREAD_S = 0.5
#: How long a subscription may go unacknowledged, in seconds, and in how many waits that time is spent.
CONFIRM_TIMEOUT_S = 3.0
_WAITS = 20
#: How long a job that nobody watches any more stays subscribed, in seconds, and how many such there may be.
LINGER_S = 10.0
LINGERING_MAX = 1_000
_TICK_S = 0.25
_CHUNK = 200
_CHANNEL_MAX = 200
_log = logging.getLogger("headway.api")


class Hub:
    """Subscribes to the jobs that somebody watches, and reads them again where a message may be missing."""

    def __init__(
        self, settings: Settings, store: AsyncStore, expired: Expired | None = None, *, linger_s: float = LINGER_S
    ) -> None:
        self._store = store
        self._expired = expired
        self._linger_s = linger_s
        self._topics: dict[str, Topic] = {}
        self._idle: dict[str, Topic] = {}
        self._by_channel: dict[str, set[Topic]] = {}
        self._listener = Listener(
            settings, on_message=self._heard, on_confirmed=self._confirmed, on_lost=self._lost_connection
        )
        self._due = asyncio.Event()
        self._rereading: asyncio.Task[None] | None = None
        self._patience = Patience()
        self._closed = False

    @property
    def connected(self) -> bool:
        """False from losing the subscription connection until it is back."""
        return not self._listener.lost

    @property
    def closed(self) -> bool:
        """Whether this process ends."""
        return self._closed

    @property
    def counts(self) -> dict[str, int]:
        """How much is held now: jobs that somebody watches, watchers, and channels subscribed in Redis."""
        watchers = sum(len(topic.watchers) for topic in self._topics.values())
        jobs = len(self._topics) - len(self._idle)
        return {"jobs": jobs, "watchers": watchers, "channels": self._listener.channels}

    def start(self) -> None:
        """Begin in the running event loop."""
        self._listener.start()
        self._rereading = asyncio.create_task(self._reread(), name="headway-reread")

    def end_watches(self) -> None:
        """Tell every watcher that this process ends; those who come later are told at once."""
        self._closed = True
        for topic in tuple(self._topics.values()):
            for watcher in tuple(topic.watchers):
                watcher.going_away()
        self._patience.end()

    async def close(self) -> None:
        """End every watch and give the connection back."""
        self.end_watches()
        await end(self._rereading)
        await self._listener.close()

    def fresh(self, job_id: str) -> Latest | None:
        """The latest of a job if memory is as good as Redis: headway writes it, and its subscription lives."""
        topic = self._topics.get(job_id)
        return topic.latest if topic is not None and self._is_fresh(topic) else None

    async def expired(self, job_id: str) -> Latest | None:
        """The last snapshot of a job that is over and has left Redis; errors as `Expired.find`."""
        return None if self._expired is None else await self._expired.find(job_id)

    def offer(self, job_id: str, stored: Stored) -> None:
        """Take what this process has just brought about, before its message arrives."""
        topic = self._topics.get(job_id)
        if topic is not None:
            topic.offer(stored)

    def forget(self, job_id: str) -> None:
        """Take in that a job was deleted, before its message arrives."""
        topic = self._topics.get(job_id)
        if topic is not None:
            topic.lose()

    def attach(self, job_id: str, watcher: Watcher) -> Topic:
        """Tell `watcher` of a job's changes from now on; the job may be one that is not there yet."""
        topic = self._topics.get(job_id) or self._open(job_id)
        self._idle.pop(job_id, None)
        # Attached before the job is read, and read after the acknowledgement: nothing falls in between.
        topic.watchers.add(watcher)
        if self._closed:
            watcher.going_away()
        return topic

    def detach(self, topic: Topic, watcher: Watcher) -> None:
        """Tell `watcher` nothing more; doing it twice is harmless."""
        topic.watchers.discard(watcher)
        if topic.watchers or self._topics.get(topic.job_id) is not topic:
            return
        if topic.latest is None or self._linger_s <= 0 or self._closed:
            self._drop(topic)
            return
        topic.idle_at = asyncio.get_running_loop().time()
        self._idle[topic.job_id] = topic
        if len(self._idle) > LINGERING_MAX:
            self._drop(next(iter(self._idle.values())))

    async def settle(self, topics: Sequence[Topic]) -> dict[str, HeadwayError]:
        """Wait until each of these is subscribed and was read since; why not, by job id, for those that were not.

        `RedisUnavailable` says that the subscription was not acknowledged or the job not read, `Unreadable` that what
        is stored is no snapshot.
        """
        stale = [topic for topic in topics if not self._is_fresh(topic)]
        holding = _Holding()
        for topic in stale:
            topic.watchers.add(holding)
        try:
            return await self._settled(stale)
        finally:
            for topic in stale:
                self.detach(topic, holding)

    @asynccontextmanager
    async def watch(self, job_id: str, after: int | None = None) -> AsyncIterator[Feed]:
        """Follow a job from a coroutine.

        Raises:
            HeadwayError: what `settle` says of it.
        """
        topic = self._topics.get(job_id) or self._open(job_id)
        feed = Feed(topic, after)
        self.attach(job_id, feed)
        try:
            failures = await self.settle([topic])
            if failures:
                raise failures[job_id]
            yield feed
        finally:
            self.detach(topic, feed)

    def _is_fresh(self, topic: Topic) -> bool:
        return (
            topic.synced
            and topic.latest is not None
            and not topic.latest.stored.adopted
            and topic.updates.is_set()
            and self._listener.alive
        )

    def _open(self, job_id: str) -> Topic:
        channel = keys.updates(job_id)
        topic = Topic(job_id, updates=self._listener.listen(channel), due_at=_next_at(FOREIGN_REREAD_S))
        self._topics[job_id] = topic
        self._by_channel.setdefault(channel, set()).add(topic)
        return topic

    def _drop(self, topic: Topic) -> None:
        self._topics.pop(topic.job_id, None)
        self._idle.pop(topic.job_id, None)
        self._leave(topic, keys.updates(topic.job_id))
        if topic.named_channel is not None:
            self._leave(topic, topic.named_channel)

    def _leave(self, topic: Topic, channel: str) -> None:
        others = self._by_channel.get(channel, set())
        others.discard(topic)
        if not others:
            self._by_channel.pop(channel, None)
            self._listener.ignore(channel)

    async def _settled(self, topics: Sequence[Topic]) -> dict[str, HeadwayError]:
        failures: dict[str, HeadwayError] = {}
        waits_s = repeat(CONFIRM_TIMEOUT_S / _WAITS, _WAITS)
        stale = list(topics)
        while stale:
            try:
                async with self._patience.until(None):
                    await _acknowledged(stale, waits_s)
                    failures |= await self._read_soon(stale)
            except TimeoutError:
                error = RedisUnavailable("Redis does not answer: the subscription was not acknowledged")
                return failures | {topic.job_id: error for topic in stale}
            # The connection may have been lost again meanwhile, and with it what was read.
            stale = [topic for topic in topics if topic.job_id not in failures and not topic.synced]
        return failures

    async def _read_soon(self, topics: Sequence[Topic]) -> dict[str, HeadwayError]:
        """Wait for the reading task: a thousand who come at once share one read."""
        loop = asyncio.get_running_loop()
        reads: dict[str, asyncio.Future[HeadwayError | None]] = {}
        for topic in topics:
            reads[topic.job_id] = read = loop.create_future()
            topic.readers.append(read)
            topic.due_at = 0.0
        self._due.set()
        found = {job_id: await read for job_id, read in reads.items()}
        return {job_id: failure for job_id, failure in found.items() if failure is not None}

    def _confirmed(self, channel: str) -> None:
        self._look_again(channel)

    def _heard(self, channel: str, payload: bytes) -> None:
        for topic in tuple(self._by_channel.get(channel, ())):
            if is_own(payload) and channel == keys.updates(topic.job_id):
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
        # What Redis says when it is back counts, even if its seq is smaller: each watcher still passes on rising ones.
        for topic in self._topics.values():
            topic.latest, topic.seen, topic.synced = None, None, False

    async def _reread(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            now = asyncio.get_running_loop().time()
            self._drop_lingering(now)
            due = [topic for topic in self._topics.values() if topic.due_at <= now]
            for first in range(0, len(due), _CHUNK):
                await self._refresh(due[first : first + _CHUNK])

    def _drop_lingering(self, now: float) -> None:
        for topic in tuple(self._idle.values()):
            if now - topic.idle_at < self._linger_s:
                return
            self._drop(topic)

    async def _refresh(self, topics: list[Topic]) -> None:
        confirmed = {topic.job_id for topic in topics if topic.updates.is_set()}
        waiting = {topic.job_id: _taken(topic) for topic in topics}
        for topic in topics:
            topic.due_at = _next_at(FOREIGN_REREAD_S if topic.foreign else OWN_REREAD_S)
        try:
            raws = await self._store.run(self._store.calls.get_many([topic.job_id for topic in topics]))
            away: RedisUnavailable | None = None
            # headway's own first: they cost no further question, so no lesson writer's job may hold them up.
            for topic, raw in sorted(zip(topics, raws, strict=True), key=_is_foreign):
                failure = away or await self._try_to_take(topic, raw, asked=bool(waiting[topic.job_id]))
                if isinstance(failure, RedisUnavailable):
                    away = failure
                else:
                    topic.synced = topic.job_id in confirmed and topic.updates.is_set()
                _answer(waiting[topic.job_id], failure)
            await self._find_channels([topic for topic in topics if topic.foreign])
        except RedisUnavailable as error:
            _answer(chain.from_iterable(waiting.values()), error)
        except Exception:
            _log.exception("watched jobs could not be read again")
            _answer(chain.from_iterable(waiting.values()), RedisUnavailable("watched jobs could not be read"))

    async def _try_to_take(
        self, topic: Topic, raw: bytes | None, *, asked: bool
    ) -> Unreadable | RedisUnavailable | None:
        """Take what was read of one job; why it could not be: the others are taken all the same."""
        try:
            await self._take(topic, raw, asked=asked)
        except Unreadable as error:
            _log.warning("a snapshot was left out: %s", error)
            topic.seen = raw
            return error
        except RedisUnavailable as error:
            return error
        return None

    async def _take(self, topic: Topic, raw: bytes | None, *, asked: bool) -> None:
        if raw is None:
            topic.lose()
            return
        if raw == topic.seen and not (asked and topic.latest is None):
            return
        stored = own(topic.job_id, raw) if is_own(raw) else None
        if stored is None or stored.seq < topic.given:
            if stored is not None:
                await self._store.run(self._store.calls.outdo(topic.job_id, topic.given))
            stored = await self._store.read(topic.job_id, topic.given)
        topic.seen = raw
        if stored is not None:
            topic.offer(stored)

    async def _find_channels(self, topics: list[Topic]) -> None:
        if not topics:
            return
        names = await self._store.run(self._store.calls.channels([topic.job_id for topic in topics]))
        for topic, raw in zip(topics, names, strict=True):
            name = None if raw is None or not 0 < len(raw) <= _CHANNEL_MAX else raw.decode(errors="replace")
            if name in {topic.named_channel, keys.updates(topic.job_id)} or not topic.watchers:
                continue
            if topic.named_channel is not None:
                self._leave(topic, topic.named_channel)
            topic.named_channel = name
            if name is not None:
                self._listener.listen(name)
                self._by_channel.setdefault(name, set()).add(topic)


async def _acknowledged(topics: Sequence[Topic], waits_s: Iterator[float]) -> None:
    # A process to which thousands come at once reads an answer long after it is there: many short waits let it.
    while not all(topic.updates.is_set() for topic in topics):
        wait_s = next(waits_s, None)
        if wait_s is None:
            raise TimeoutError
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                for topic in topics:
                    await topic.updates.wait()


class _Holding:
    """Keeps jobs watched that are waited for: who asked may be told of their end, and leave, before they are read."""

    def news(self, topic: Topic) -> None:
        """Take no notice: those who wait look at the topic."""

    def going_away(self) -> None:
        """Take no notice: those who wait are told as watchers."""


def _next_at(period_s: float) -> float:
    return asyncio.get_running_loop().time() + period_s * random.uniform(0.8, 1.0)


def _is_foreign(read: tuple[Topic, bytes | None]) -> bool:
    return read[1] is not None and not is_own(read[1])


def _taken(topic: Topic) -> list[Reader]:
    waiting, topic.readers = topic.readers, []
    return waiting


def _answer(readers: Iterable[Reader], failure: HeadwayError | None) -> None:
    for reader in readers:
        if not reader.done():
            reader.set_result(failure)
