"""Waiting for a Redis that is away."""

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
    """Makes a client repeat every command until Redis answers, in the main thread, for at most `outage_s` at a time.

    Raises:
        RedisError: that of the last try, when Redis was away for longer, or inside `hurried`.
    """

    def __init__(self, outage_s: float) -> None:
        super().__init__(NoBackoff(), 0)
        self._outage_s = outage_s
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
        deadline = time.monotonic() + self._outage_s
        while True:
            try:
                return do()
            except (RedisError, OSError) as error:
                if away(error) is None or (is_retryable is not None and not is_retryable(error)):
                    raise
                try:
                    fail(error, 1) if with_failure_count else fail(error)
                except WatchError:
                    # The caller would repeat the whole transaction at once, although it may have been carried out.
                    raise error from None
                main = threading.current_thread() is threading.main_thread()
                if self._hurried or not main or time.monotonic() > deadline:
                    raise
            time.sleep(AWAY_PAUSE_S)
