"""The one thread and the one connection that all bars of a kernel share."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Protocol

from headway.client import Client, ManyWatch, News
from headway.errors import HeadwayError
from headway.snapshot import Snapshot

_TICK_S = 1.0

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told about a job, always in the feed's thread."""

    job_id: str

    def take(self, snapshot: Snapshot | None, error: HeadwayError | None) -> None:
        """A newer snapshot, or what ended the following."""

    def tick(self, away_s: float) -> None:
        """A second has passed; so long the API has not answered, 0 while it does."""


class Asker(Protocol):
    """Who asks the API for more than how single jobs go on."""

    async def ask(self, api: ManyWatch) -> None:
        """Ask again and again, in the feed's thread; canceled when it is dismissed."""

    def give_up(self, error: HeadwayError) -> None:
        """What ended the feed."""


class Feed:
    """Follow jobs for listeners; any thread may ask, and the thread lives while there is somebody to tell."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Listener]] = {}
        self._askers: dict[Asker, asyncio.Task[None] | None] = {}
        self._latest: dict[str, Snapshot] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()
        self._watch: ManyWatch | None = None

    def follow(self, listener: Listener) -> None:
        """Tell a listener the job's latest snapshot, then each newer one, until `leave` or the job's end."""
        with self._lock:
            self._listeners.setdefault(listener.job_id, []).append(listener)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._begin, listener)
                return
            self._start()

    def leave(self, listener: Listener) -> None:
        """Tell a listener nothing any more."""
        with self._lock:
            others = self._listeners.get(listener.job_id, [])
            if listener not in others:
                return
            others.remove(listener)
            if not others:
                del self._listeners[listener.job_id]
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._after_leaving, listener.job_id)

    def attend(self, asker: Asker) -> None:
        """Have somebody ask, until `dismiss` or an end of its own."""
        with self._lock:
            self._askers[asker] = None
            if self._loop is None:
                self._start()
            else:
                self._loop.call_soon_threadsafe(self._begin_asking, asker)

    def dismiss(self, asker: Asker) -> None:
        """Let somebody ask no more."""
        with self._lock:
            asking = self._askers.pop(asker, None)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._after_asking, asking)

    def call(self, what: Callable[[], None]) -> None:
        """Do something in the feed's thread, which alone writes to widgets; here, when there is none any more."""
        with self._lock:
            loop = self._loop
            if loop is not None:
                loop.call_soon_threadsafe(what)
        if loop is None:
            what()

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, args=(self._loop,), name="headway-watch", daemon=True).start()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._follow_all())
        except Exception as error:  # the thread's edge: nobody else would see it
            _log.exception("following jobs")
            self._give_up(HeadwayError(f"{type(error).__name__}: {error}"))

    def _give_up(self, error: HeadwayError) -> None:
        with self._lock:
            self._loop = None
            told = [listener for listeners in self._listeners.values() for listener in listeners]
            self._listeners.clear()
            askers = list(self._askers)
            self._askers.clear()
        for listener in told:
            listener.take(None, error)
        for asker in askers:
            asker.give_up(error)

    async def _follow_all(self) -> None:
        self._left = asyncio.Event()
        async with self._client.many(self._news) as self._watch:
            with self._lock:
                waiting = [listener for listeners in self._listeners.values() for listener in listeners]
                askers = list(self._askers)
            for listener in waiting:
                self._begin(listener)
            for asker in askers:
                self._begin_asking(asker)
            while not self._over():
                try:
                    await asyncio.wait_for(self._left.wait(), _TICK_S)
                    self._left.clear()
                except TimeoutError:
                    self._watch.check()
                    self._tick()

    def _over(self) -> bool:
        """Whether nobody listens any more; then the next who does has a new thread."""
        with self._lock:
            if self._listeners or self._askers:
                return False
            self._loop = None
            self._latest.clear()
            return True

    def _begin(self, listener: Listener) -> None:
        latest = self._latest.get(listener.job_id)
        if latest is not None:
            self._told(listener, latest, None)
        elif self._watch is not None:
            self._watch.follow(listener.job_id)

    def _begin_asking(self, asker: Asker) -> None:
        with self._lock:
            if self._watch is not None and asker in self._askers and self._askers[asker] is None:
                self._askers[asker] = asyncio.create_task(self._ask(asker, self._watch))

    async def _ask(self, asker: Asker, api: ManyWatch) -> None:
        try:
            await asker.ask(api)
        except Exception as error:  # the thread's edge: one table must not end the bars
            _log.exception("asking for jobs")
            asker.give_up(HeadwayError(f"{type(error).__name__}: {error}"))
        self.dismiss(asker)

    def _after_asking(self, asking: asyncio.Task[None] | None) -> None:
        if asking is not None:
            asking.cancel()
        self._left.set()

    def _after_leaving(self, job_id: str) -> None:
        with self._lock:
            followed = job_id in self._listeners
        if not followed:
            self._latest.pop(job_id, None)
            if self._watch is not None:
                self._watch.leave(job_id)
        self._left.set()

    def _news(self, news: News) -> None:
        with self._lock:
            told = list(self._listeners.get(news.job_id, ()))
        if news.snapshot is not None:
            self._latest[news.job_id] = news.snapshot
        for listener in told:
            self._told(listener, news.snapshot, news.error)

    def _told(self, listener: Listener, snapshot: Snapshot | None, error: HeadwayError | None) -> None:
        try:
            listener.take(snapshot, error)
        except Exception:  # the thread's edge: one bar must not end the others
            _log.exception("showing job %s", listener.job_id)
        if error is not None or (snapshot is not None and snapshot.status.terminal):
            self.leave(listener)

    def _tick(self) -> None:
        away_s = 0.0 if self._watch is None else self._watch.away_s
        with self._lock:
            listeners = [listener for told in self._listeners.values() for listener in told]
        for listener in listeners:
            listener.tick(away_s)


_feeds: dict[tuple[str, ...], Feed] = {}
_feeds_lock = threading.Lock()


def feed_of(client: Client) -> Feed:
    """The feed of this client's API and principal."""
    with _feeds_lock:
        return _feeds.setdefault(client.asks_as, Feed(client))
