"""RQ's loop, made to live through a Redis that is away, and to say why it ended."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker, worker_registration
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.utils import now
from setproctitle import setproctitle

from headway.engines.rq.queue import HeadwayQueue, queue_name
from headway.engines.rq.record import Record
from headway.errors import RedisUnavailable, SettingsError
from headway.patience import AWAY_PAUSE_S, Patience
from headway.presence import Presence
from headway.settings import Settings
from headway.store import Store
from headway.tasks import Task

logger = logging.getLogger("headway.worker")

_MONITORING_S = 1
# RQ waits for jobs this many seconds less than a worker's time to live, and beats its heart in between.
_WAIT_BELOW_TTL_S = 15


class NoPenalty(BaseDeathPenalty):
    """RQ's limits of time, which count time that a job was paused, are off; nothing is raised in the middle of work."""

    def setup_death_penalty(self) -> None:
        """Nothing."""

    def cancel_death_penalty(self) -> None:
        """Nothing."""


class SteadyLoop(Worker):
    """Takes jobs from headway's queues, is known as a worker to RQ and to headway, and says what it can run."""

    death_penalty_class = NoPenalty

    def __init__(self, settings: Settings, tasks: list[Task], queues: list[str], name: str, redis: Redis) -> None:
        self._patience = Patience(settings.outage_s)
        redis.set_retry(self._patience)
        super().__init__(
            [queue_name(queue) for queue in queues],
            name=name,
            connection=redis,
            queue_class=HeadwayQueue,
            job_class=Record,
            serializer=JSONSerializer,
            worker_ttl=_WAIT_BELOW_TTL_S + max(1, int(settings.heartbeat_s)),
            job_monitoring_interval=_MONITORING_S,
        )
        self._settings = settings
        self._store = Store(settings)
        self._presence = Presence(self._store, settings, name, tasks, queues)
        #: Whether it was told to stop, or met the end of its queues.
        self.ended_as_asked = False
        #: What else ended it.
        self.ended_by = "an error that its log shows"

    def register_birth(self) -> None:
        """Take the worker's name.

        Raises:
            SettingsError: another worker has it, or had it until it was killed a moment ago.
        """
        try:
            super().register_birth()
        except ValueError as error:
            raise SettingsError(f"--name: {error}") from error

    def register_death(self) -> None:
        """Say that the worker has ended."""
        with self._patience.hurried(), suppress(RedisError, OSError):
            super().register_death()
        self._presence.withdraw()

    def unsubscribe(self) -> None:
        """Stop listening for commands."""
        with self._patience.hurried(), suppress(RedisError, OSError):
            super().unsubscribe()

    # RQ's own lets the thread die of a time-out, and the worker is deaf from then on.
    def _pubsub_exception_handler(self, exc: Exception, pubsub: Any, pubsub_thread: Any) -> None:
        if not isinstance(exc, RedisError | OSError):
            raise exc
        time.sleep(AWAY_PAUSE_S)

    def procline(self, message: str) -> None:
        """Name the worker's process; a work-horse's name is its job's."""
        if not self.is_horse:
            setproctitle(f"headway-worker {self.name}: {message}")

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Beat RQ's heart and headway's."""
        if self.is_horse:
            super().heartbeat(timeout, pipeline)
            return
        try:
            with self._patience.hurried():
                self._beat(timeout, pipeline)
        except (RedisError, OSError) as error:
            logger.warning("no heartbeat of worker %s: %s", self.name, error)
            return
        execution = next(iter(self.executions.values()), None)
        self._presence.say(None if execution is None else str(execution.job_id))

    def _beat(self, timeout: int | None, pipeline: Any) -> None:
        """RQ's heartbeat, with all that a Redis that came back empty has to know of the worker."""
        beat = self.connection.pipeline() if pipeline is None else pipeline
        super().heartbeat(timeout, beat)
        beat.hset(self.key, mapping=self.serialize() | {"state": self.get_state()})
        worker_registration.register(self, beat)
        if pipeline is None:
            beat.execute()

    def handle_warm_shutdown_request(self) -> None:
        """From now on the end is wanted, and Redis is not waited for."""
        super().handle_warm_shutdown_request()
        self.ended_as_asked = True
        self._patience.end()

    def _shutdown(self) -> None:
        # RQ's own gives up whatever it is at unless a job runs, and forgets a job that it has taken and not begun.
        HeadwayQueue.closed = True
        if HeadwayQueue.waits:
            raise StopRequested
        self._stop_requested = True
        self.set_shutdown_requested_date()

    def set_shutdown_requested_date(self) -> None:
        """RQ notes in Redis, inside a signal handler, that it was told to stop; a Redis that is away is no matter."""
        with self._patience.hurried(), suppress(RedisError, OSError):
            super().set_shutdown_requested_date()

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while all workers are suspended; with `burst`, end."""
        with self._step():
            super().check_for_suspension(burst)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job; None when a burst is over."""
        with self._step():
            dequeued: tuple[Job, Queue] | None = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        self.ended_as_asked = self.ended_as_asked or dequeued is None
        return dequeued

    @contextmanager
    def _step(self) -> Iterator[None]:
        """One of the steps of RQ's loop, which ends alike whether it was told to, or of any error."""
        try:
            yield
        except StopRequested:
            self.ended_as_asked = True
            raise
        except RedisUnavailable as error:
            self.ended_by = str(error)
            raise StopRequested from error

    def run_maintenance_tasks(self) -> None:
        """Do what is due from time to time, unless this process is to end: an outage would have it try for ever."""
        if HeadwayQueue.closed:
            raise StopRequested
        super().run_maintenance_tasks()

    def clean_registries(self) -> None:
        """Drop what has expired from RQ's lists of ended jobs and workers, and leave every unfinished job alone.

        RQ's own would fail a running job whose heartbeats an outage kept back, and one that it finds between its queue
        and its start.
        """
        for queue in self.queues:
            if queue.acquire_maintenance_lock():
                queue.finished_job_registry.cleanup()
                queue.failed_job_registry.cleanup()
                worker_registration.clean_worker_registry(queue)
                queue.release_maintenance_lock()
        self.last_cleaned_at = now()  # type: ignore[assignment]  # RQ says None, and means a time as well.
