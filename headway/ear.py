"""How a running job, and the worker that watches over it, hear at once that something is asked of it."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from headway.patience import AWAY_PAUSE_S
from headway.settings import Settings
from headway.store.connect import connect_ear

logger = logging.getLogger("headway.reporter")

# How soon its thread ends after `close`; nobody waits for it.
_LOOK_S = 1.0


class Ear:
    """Listens on one channel from construction to `close`, in a thread of its own, through outages of Redis.

    `hear` is called in that thread for every message, and whenever messages may have been missed.
    """

    def __init__(self, settings: Settings, channel: str, hear: Callable[[], None]) -> None:
        self._settings = settings
        self._channel = channel
        self._hear = hear
        self._closed = threading.Event()
        threading.Thread(target=self._listen, name="headway-ear", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with connect_ear(self._settings) as redis, redis.pubsub() as pubsub:
                    pubsub.subscribe(self._channel)
                    while not self._closed.is_set():
                        # The first one says that the channel is subscribed.
                        if pubsub.get_message(timeout=_LOOK_S) is not None:
                            self._hear()
            except (RedisError, OSError):
                self._closed.wait(AWAY_PAUSE_S)
            except Exception:
                logger.exception("a request could not be heard")
                self._closed.wait(AWAY_PAUSE_S)


class ThreadlessEar:
    """Listens on one channel for a process that must not have threads: it forks.

    Whoever waits until `descriptor` is readable, and looks now and then besides, asks `heard`.
    """

    def __init__(self, settings: Settings, channel: str) -> None:
        self._settings = settings
        self._channel = channel
        self._redis: Redis | None = None
        self._pubsub: PubSub | None = None
        self._again_s = 0.0

    @property
    def descriptor(self) -> int | None:
        """What becomes readable with a message; None while there is no connection."""
        sock = None if self._pubsub is None else getattr(self._pubsub.connection, "_sock", None)
        return None if sock is None else sock.fileno()

    def heard(self) -> bool:
        """Whether there was a message since the last call, or may have been; the first one connects."""
        try:
            if self._pubsub is None:
                if time.monotonic() < self._again_s:
                    return False
                self._redis = connect_ear(self._settings)
                # An outage is waited out here, and not by a client that keeps its caller waiting.
                self._redis.set_retry(Retry(NoBackoff(), 0))
                self._pubsub = self._redis.pubsub()  # type: ignore[no-untyped-call]
                self._pubsub.subscribe(self._channel)
            spoken = False
            while self._pubsub.get_message(timeout=0) is not None:
                spoken = True
        except (RedisError, OSError):
            self.close()
            self._again_s = time.monotonic() + AWAY_PAUSE_S
            return False
        return spoken

    def close(self) -> None:
        """Stop listening."""
        pubsub, redis, self._pubsub, self._redis = self._pubsub, self._redis, None, None
        if pubsub is not None:
            pubsub.close()
        if redis is not None:
            redis.close()
