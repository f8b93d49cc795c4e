"""Waiting for a Redis that is away."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from redis.backoff import NoBackoff
from redis.exceptions import RedisError, WatchError
from redis.retry import Retry

from headway.errors import RedisUnavailable
from headway.store.connect import away

logger = logging.getLogger("headway.worker")
T = TypeVar("T")

#: Seconds between two tries while Redis does not answer.
AWAY_PAUSE_S = 0.5


def patiently(attempt: Callable[[], T], outage_s: float) -> T:
    """Repeat `attempt` until Redis answers it; an outage costs no job its beginning or its end.

    Raises:
        RedisUnavailable: Redis was away for longer than `outage_s`.
    """
    deadline = time.monotonic() + outage_s
    while True:
        try:
            return attempt()
        except RedisUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(AWAY_PAUSE_S)


class Patience(Retry):
    """Makes a client repeat every command until Redis answers, in the main thread, while an outage is no longer
    than `outage_s`.

    Raises:
        RedisUnavailable: Redis was away for longer. From then on every command is tried once.
        RedisError: that of the only try, inside `hurried`.
    """

    def __init__(self, outage_s: float) -> None:
        super().__init__(NoBackoff(), 0)
        self._outage_s = outage_s
        self._away_since_s: float | None = None
        self._waiting = False
        self._hurried = 0

    def __deepcopy__(self, memo: object) -> Self:
        # Each connection copies its retry, and all have to hear of `hurried`.
        return self

    def end(self) -> None:
        """From now on every command is tried once."""
        self._hurried += 1

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Commands in here are tried once."""
        self._hurried += 1
        try:
            yield
        finally:
            self._hurried -= 1

    def call_with_retry(
        self, do: Callable[[], T], fail: Callable[..., Any], is_retryable: Any = None, with_failure_count: bool = False
    ) -> T:
        """Call `do` until Redis answers; see `redis.retry.Retry`."""
        failed_s: float | None = None
        while True:
            try:
                answer = do()
            except (RedisError, OSError) as error:
                if away(error) is None or (is_retryable is not None and not is_retryable(error)):
                    raise
                try:
                    fail(error, 1) if with_failure_count else fail(error)
                except WatchError:
                    # The caller would repeat the whole transaction at once, although it may have been carried out.
                    raise error from None
                # Making a connection may succeed with a Redis that does not answer: this call counts for itself too.
                failed_s = self._away_since_s = failed_s or self._away_since_s or time.monotonic()
                if self._hurried or threading.current_thread() is not threading.main_thread():
                    raise
                if not self._waiting:
                    self._waiting = True
                    logger.warning("Redis does not answer, it is waited for up to %g s: %s", self._outage_s, error)
                if time.monotonic() - failed_s > self._outage_s:
                    self.end()
                    raise RedisUnavailable(
                        f"Redis was away for longer than HEADWAY_OUTAGE_S ({self._outage_s:g} s): {error}"
                    ) from error
            else:
                self._away_since_s = None
                self._waiting = False
                return answer
            time.sleep(AWAY_PAUSE_S)
