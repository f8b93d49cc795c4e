"""Lesson writers' snapshots, found as they are published and at the start."""

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from redis.exceptions import RedisError

from headway import keys
from headway.errors import RedisUnavailable, Unreadable
from headway.settings import Settings
from headway.store import Store
from headway.store.connect import connect_ear
from headway.store.stored import OWN_PREFIX, is_own

logger = logging.getLogger("headway.recorder")

_SCAN = 1_000
_LISTEN_S = 0.5
_PAUSE_S = 0.5


class Adopter:
    """A thread that gives every snapshot that headway did not write its place in the stream of events."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(settings)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="headway-adopter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (RedisError, RedisUnavailable, OSError) as error:
                logger.info("plain writers are not heard now: %s", error)
                self._stopping.wait(_PAUSE_S)

    def _listen(self) -> None:
        redis: Any = connect_ear(self._settings)
        try:
            with redis.pubsub() as subscription:
                subscription.psubscribe(keys.updates("*"))
                # Who writes from now on is heard; who wrote before is found.
                wait_s = 5.0
                while not self._stopping.is_set():
                    message = subscription.get_message(timeout=wait_s)
                    wait_s = _LISTEN_S
                    if message is not None and message["type"] == "psubscribe":
                        self._adopt(self._foreign())
                    elif message is not None and message["type"] == "pmessage":
                        self._heard(message["channel"], message["data"])
        finally:
            redis.close()

    def _heard(self, channel: bytes, payload: bytes) -> None:
        # Nothing at all is what a delete says.
        if payload and not payload.startswith(OWN_PREFIX):
            job_id = keys.job_id_of(channel.decode(errors="replace"))
            if job_id is not None:
                self._adopt([job_id])

    def _foreign(self) -> Iterator[str]:
        """The jobs whose snapshots headway did not write."""
        for names in self._pages():
            with self._store.redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.getrange(name, 0, len(OWN_PREFIX) - 1)
                beginnings = pipeline.execute(raise_on_error=False)
            for name, beginning in zip(names, beginnings, strict=True):
                job_id = keys.job_id_of(name.decode(errors="replace"))
                if job_id is not None and isinstance(beginning, bytes) and not is_own(beginning):
                    yield job_id

    def _pages(self) -> Iterator[list[Any]]:
        cursor = 0
        while not self._stopping.is_set():
            cursor, names = self._store.redis.scan(cursor, match=keys.snapshot("*"), count=_SCAN)
            if names:
                yield names
            if cursor == 0:
                return

    def _adopt(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            if self._stopping.is_set():
                return
            try:
                self._store.read(job_id)
            except Unreadable as error:
                logger.warning("%s", error)
