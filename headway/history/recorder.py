"""The recorder: takes entries from the streams, writes them into history, and only then lets go of them."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from uuid import uuid4

from redis.exceptions import RedisError

from headway.clock import utc_now
from headway.errors import RedisUnavailable
from headway.history.database import Database, HistoryUnavailable
from headway.history.entries import Entry
from headway.history.migrate import migrate
from headway.history.past import PastRuns
from headway.history.reading import History
from headway.history.streams import Streams
from headway.history.tidying import Tidier
from headway.history.writing import Writer
from headway.recorders import RecorderInfo, announce, withdraw
from headway.settings import Settings
from headway.store import Store

logger = logging.getLogger("headway.recorder")

#: How often a recorder says how it is, in seconds.
SAY_S = 2.0
#: How often it looks for what is too old or too much, in seconds.
TIDY_S = 60.0
_TAKE_MS = 500
_AWAY_PAUSE_S = 0.5
_SQL_PAUSES_S = (0.5, 1.0, 2.0, 5.0)


class Recorder:
    """One of any number of recorders.

    Killed at any moment it leaves entries that it has taken and not let go of; another one, or the next, writes them,
    and what it had written already is written no second time.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid4().hex[:8]}"
        self._settings = settings
        self._database = database
        self._writer = Writer(database)
        self._history = History(database)
        self._store = Store(settings)
        self._past = PastRuns(database, self._store)
        self._streams = Streams(self._store.redis, self.name)
        self._stopping = threading.Event()
        self._info = RecorderInfo(name=self.name, started_at=utc_now(), said_at=utc_now())
        self._tidier = Tidier(database, settings)
        self._said_s = 0.0
        self._claimed_s = 0.0
        # A wall clock that jumps forward must not make everything old.
        self._wall_ahead_s = time.time() - time.monotonic()
        self._tidy_at_s = time.monotonic() + TIDY_S

    def stop(self) -> None:
        """End after what is being written; may be called from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Record until told to stop."""
        if not self._patiently(lambda: migrate(self._database)):
            return
        logger.info("recorder %s keeps history", self.name)
        away = False
        while not self._stopping.is_set():
            try:
                self._step()
            except (RedisError, RedisUnavailable, OSError) as error:
                if not away:
                    logger.warning("Redis does not answer, it is waited for: %s", error)
                away = True
                self._stopping.wait(_AWAY_PAUSE_S)
            else:
                away = False
        self._leave()

    def _step(self) -> None:
        entries = self._next()
        # What could not be written before the end stays taken, for whoever comes next.
        if entries and self._patiently(lambda: self._write(entries)):
            self._streams.done(entries)
            self._past.take(entries)
        self._say()
        if not entries:
            self._tidy()

    def _next(self) -> list[Entry]:
        """What somebody left behind, or else what is new."""
        now_s = time.monotonic()
        if now_s - self._claimed_s >= self._settings.recorder_claim_s / 2:
            claimed = self._streams.claim(self._settings.recorder_claim_s)
            if claimed:
                logger.info("%d entries that were taken and not written are taken over", len(claimed))
                return claimed
            self._claimed_s = now_s
        return self._streams.take(_TAKE_MS)

    def _write(self, entries: list[Entry]) -> None:
        left_out = self._writer.write(entries)
        self._update(
            recorded=self._info.recorded + len(entries) - left_out,
            left_out=self._info.left_out + left_out,
            recorded_to=max(entry.at for entry in entries),
        )

    def _patiently(self, do: Callable[[], object]) -> bool:
        """Do it, waiting for the database where it is away; False if it was still away when told to stop."""
        failures = 0
        while True:
            try:
                if failures:
                    # Somebody may have put a new database in the place of a broken one.
                    migrate(self._database)
                do()
            except HistoryUnavailable as error:
                if failures == 0:
                    logger.warning("%s; what happens stays in Redis meanwhile", error)
                self._update(waiting=str(error)[:500])
                self._say()
                if self._stopping.wait(_SQL_PAUSES_S[min(failures, len(_SQL_PAUSES_S) - 1)]):
                    return False
                failures += 1
            else:
                if failures:
                    logger.info("history is kept again")
                    self._update(waiting=None)
                return True

    def _update(self, **values: object) -> None:
        self._info = self._info.model_copy(update=values)

    def _tidy(self) -> None:
        """Remove some of what is too old or too much, now and then."""
        now_s = time.monotonic()
        if now_s < self._tidy_at_s:
            return
        try:
            more = self._tidier.step(now_s + self._wall_ahead_s)
        except HistoryUnavailable as error:
            logger.info("old history stays for now: %s", error)
            more = False
        self._tidy_at_s = now_s if more else now_s + TIDY_S

    def _say(self) -> None:
        """Say how it is, now and then."""
        now_s = time.monotonic()
        if now_s - self._said_s < SAY_S:
            return
        self._said_s = now_s
        try:
            if self._info.waiting is None:
                self._update(dropped=self._history.missing(self._streams.first_number()))
            self._update(said_at=utc_now())
            self._store.run(announce(self._info, time.time()))
        except (RedisError, RedisUnavailable, HistoryUnavailable, OSError) as error:
            logger.info("the recorder cannot say how it is: %s", error)

    def _leave(self) -> None:
        try:
            self._streams.leave()
            self._store.run(withdraw(self.name))
        except (RedisError, RedisUnavailable, OSError) as error:
            logger.info("the recorder could not say that it ended: %s", error)
        self._store.close()
