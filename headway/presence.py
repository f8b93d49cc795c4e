"""A worker's presence: said again with every heartbeat, taken back when it ends."""

import logging
import os
import socket
import time

from headway import workers
from headway.clock import utc_now
from headway.errors import RedisUnavailable
from headway.settings import Settings
from headway.store import Store
from headway.tasks import Task
from headway.version import __version__

logger = logging.getLogger("headway.worker")


class Presence:
    """Announces one worker and what it can run; a Redis that is away costs it nothing but silence."""

    def __init__(self, store: Store, settings: Settings, name: str, tasks: list[Task], queues: list[str]) -> None:
        self.name = name
        self._store = store
        self._every_s = settings.heartbeat_s
        self._tasks = [task.info() for task in tasks]
        self._queues = queues
        self._started_at = utc_now()
        self._said_s: float | None = None

    def runs(self, task: str) -> bool:
        """Whether this worker has the task's code."""
        return any(info.name == task for info in self._tasks)

    def say(self, job_id: str | None) -> None:
        """Announce the worker, at most every `HEADWAY_HEARTBEAT_S`; `job_id` is what it runs now."""
        now_s = time.monotonic()
        if self._said_s is not None and now_s - self._said_s < self._every_s * 0.9:
            return
        first = self._said_s is None
        self._said_s = now_s
        try:
            self._store.run(workers.announce(self._info(job_id), self._tasks, time.time()))
            if first:
                names = ", ".join(info.name for info in self._tasks)
                logger.info("worker %s serves %s with %s", self.name, ", ".join(self._queues), names)
                self._tidy()
        except RedisUnavailable as error:
            logger.warning("worker %s could not announce itself: %s", self.name, error)

    def withdraw(self) -> None:
        """Say that the worker has ended."""
        try:
            self._store.run(workers.withdraw(self.name))
        except RedisUnavailable as error:
            logger.warning("worker %s could not say that it ended: %s", self.name, error)

    def _tidy(self) -> None:
        gone = self._store.run(workers.long_gone(time.time()))
        if gone:
            self._store.run(workers.forget(gone))

    def _info(self, job_id: str | None) -> workers.WorkerInfo:
        return workers.WorkerInfo(
            name=self.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=self._queues,
            tasks=[info.name for info in self._tasks],
            version=__version__,
            started_at=self._started_at,
            heartbeat_at=utc_now(),
            job_id=job_id,
        )
