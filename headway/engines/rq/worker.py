"""The worker: what becomes of the jobs that it takes."""

import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Queue, Worker
from rq.exceptions import InvalidJobOperation
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.job_lifecycle import format_exc_info
from rq.timeouts import HorseMonitorTimeoutException
from rq.utils import now

from headway.engines.rq.closing import close, cut
from headway.engines.rq.entries import Entries
from headway.engines.rq.horse import born_for
from headway.engines.rq.loop import SteadyLoop
from headway.engines.rq.queue import HeadwayQueue
from headway.errors import JobNotFound, JobTimedOut, RedisUnavailable, Unreadable, WorkerEnded
from headway.orphan import end_group, end_with_parent
from headway.output.printed import Printing
from headway.outside import cancel_forced, fail_lost, release
from headway.patience import patiently
from headway.settings import Settings
from headway.snapshot import JobError
from headway.store.connect import connect
from headway.tasks import Task
from headway.warden import Warden

logger = logging.getLogger("headway.worker")

# A worker that was told to stop waits no longer than that for a Redis that is away.
_HAND_BACK_S = 5.0


def work(settings: Settings, tasks: list[Task], queues: list[str], name: str, burst: bool) -> None:
    """Run jobs in this process until it is told to stop; with `burst`, until the queues are empty.

    Raises:
        WorkerEnded: it ended for another reason.
    """
    # RQ changes the timeouts of the connection that it is handed, so it gets one of its own.
    worker = HeadwayWorker(settings, tasks, queues, name, connect(settings))
    # RQ says at length what headway says in a line; its warnings, and the tracebacks of failed jobs, come through.
    worker.work(burst=burst, logging_level="WARNING")
    if not worker.ended_as_asked:
        raise WorkerEnded(f"worker {name} ended, and nobody told it to: {worker.ended_by}")


class HeadwayWorker(SteadyLoop):
    """Runs the jobs of headway's queues, and writes what became of each: also of one whose work-horse was killed."""

    def __init__(self, settings: Settings, tasks: list[Task], queues: list[str], name: str, redis: Redis) -> None:
        super().__init__(settings, tasks, queues, name, redis)
        self._entries = Entries(self._store, self._presence, settings.outage_s)
        self._warden: Warden | None = None
        self._printing = Printing(settings, name)
        self._printing.begin()
        self._give_up_s: float | None = None
        self._handing_back = False
        self._parent_pid = os.getpid()

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Called every second while a work-horse runs; an outage of Redis must not end the worker."""
        try:
            with self._patience.hurried():
                super().maintain_heartbeats(job, execution)
        except (RedisError, OSError) as error:
            logger.warning("no heartbeat for job %s: %s", job.id, error)
        if self._give_up_s is not None and time.monotonic() >= self._give_up_s and self.horse_pid:
            self._handing_back = True
            self.kill_horse(signal.SIGCONT)
            self.kill_horse(signal.SIGKILL)

    def handle_warm_shutdown_request(self) -> None:
        """Give the running job its grace; after it the job goes back to its queue."""
        super().handle_warm_shutdown_request()
        self._give_up_s = time.monotonic() + self._settings.shutdown_grace_s

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Told twice: end the grace. The job is handed back all the same."""
        if not self.horse_pid:
            super().request_force_stop(signum, frame)
        self._give_up_s = time.monotonic()

    def setup_work_horse_signals(self) -> None:
        """Prepare a work-horse right after the fork."""
        end_with_parent(self._parent_pid)
        # The kernel ends by it what a stopped job had started, if the worker dies; one under nohup ignores it.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        super().setup_work_horse_signals()

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """Note that a work-horse begins the job; RQ's own would take the record's end from it, for whoever closes it.

        That may have happened: the note of a work-horse that was killed can come later than its worker's about it.
        """
        with self.connection.pipeline() as pipeline:
            ttl_s = self.get_heartbeat_ttl(job)
            self.heartbeat(ttl_s, pipeline=pipeline)
            job.heartbeat(now(), ttl_s, pipeline=pipeline)
            job.prepare_for_execution(self.name, pipeline=pipeline)
            if remove_from_intermediate_queue:
                queue = HeadwayQueue(job.origin, connection=self.connection)
                pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.execute()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job here, leave it to a worker that has its code, or refuse what no worker of headway's can run."""
        with self._step():
            entry = self._entries.read(job)
            if self._stop_requested:
                queue.push_job_id(job.id, at_front=True)
            elif entry.spec is None:
                self._refuse(job, queue, entry.unusable)
            elif self._entries.is_for_others(entry.spec):
                self._entries.pass_on(job, queue)
            else:
                self._printing.begin()
                self._warden = Warden(self._store, self._settings, entry.spec, job.args[1])
                born_for(entry.spec, self._warden, self._printing)
                try:
                    super().execute_job(job, queue)
                finally:
                    self._warden.close()

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Watch over a work-horse until it ends, or for a second.

        Raises:
            HorseMonitorTimeoutException: the second is over.
        """
        if self._warden is None:
            waited: tuple[int | None, int | None, Any] = super().wait_for_horse()
            return waited
        try:
            ended = self._warden.wait(self.horse_pid, self.job_monitoring_interval)
        except ChildProcessError:
            return None, None, None
        if ended is None:
            raise HorseMonitorTimeoutException
        return ended

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Any) -> None:
        """Wait for a work-horse, and write off what one left behind that ended quietly, by `os._exit(0)` say."""
        super().monitor_work_horse(job, queue, execution)
        if self._handing_back:
            return
        try:
            unstarted = job.get_status() == JobStatus.FAILED
        except InvalidJobOperation:
            # Redis lost it, or has not kept it for so long.
            unstarted = False
        how = "ended early, without an error"
        if unstarted:
            begun = self._warden is not None and self._warden.clock.begun
            how = f"{'could not write its error' if begun else 'could not begin'}: the worker's log says why"
        if self._write_off(job, how, unstarted=unstarted) and not unstarted:
            self.handle_job_failure(job, queue, exc_string="the work-horse ended early", execution=execution)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Write what became of a job whose work-horse was killed, and end the processes that it started."""
        end_group(retpid)
        if self._handing_back:
            job_id, attempt = job.args
            patiently(lambda: release(self._store, job_id, attempt, self.name), _HAND_BACK_S)
        elif os.WIFSIGNALED(ret_val):
            self._write_off(job, f"was ended by {signal.Signals(os.WTERMSIG(ret_val)).name}", unstarted=True)
        else:
            self._write_off(job, f"ended early, with exit status {os.WEXITSTATUS(ret_val)}", unstarted=True)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what a job raised; its traceback may hold whatever the job has put into its message."""
        self.log.error("job %s raised an exception\n%s", job.id, cut(format_exc_info(exc_info)))

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """Let RQ note the failure, unless the job was handed back."""
        if not self._handing_back:
            kwargs["exc_string"] = cut(kwargs.get("exc_string", ""))
            # A Redis that came back empty gets the whole job back, not just its end.
            job.save(include_meta=False, include_result=False)
            self._close(
                job, kwargs.get("execution"), lambda: Worker.handle_job_failure(self, job, queue, *args, **kwargs)
            )
            return
        with self.connection.pipeline() as pipeline:
            self.cleanup_execution(job, pipeline, kwargs.get("execution"))
            pipeline.execute()
        queue.enqueue_job(job, at_front=True)

    def handle_job_success(self, job: Job, queue: Queue, started_job_registry: Any, execution: Any) -> None:
        """Let RQ note the success."""
        self._close(
            job, execution, lambda: Worker.handle_job_success(self, job, queue, started_job_registry, execution)
        )

    def _close(self, job: Job, execution: Execution | None, write: Callable[[], None]) -> None:
        stopped_job_id = self._stopped_job_id

        def closing() -> None:
            # RQ forgets it with the first try.
            self._stopped_job_id = stopped_job_id
            write()

        close(job, execution, closing, self._patience, self._settings.outage_s)

    def _write_off(self, job: Job, how: str, *, unstarted: bool) -> bool:
        job_id, attempt = job.args
        # What it said last is in its log before its end is told.
        self._printing.settle(job_id, attempt)
        forced = None if self._warden is None else self._warden.forced
        if forced == "canceled":
            canceled = self._write_end(job, partial(cancel_forced, self._store, job_id, attempt, self.name))
            if canceled:
                # RQ calls such a job stopped, and retries it in no case.
                self._stopped_job_id = job.id
            return canceled
        if self._warden is not None and forced == "timed out":
            error = JobError(type=JobTimedOut.__name__, detail=str(JobTimedOut(self._warden.timeout_s)))
        else:
            error = JobError(type="WorkHorseKilled", detail=f"the process that ran the job {how}")
        return self._write_end(
            job, partial(fail_lost, self._store, job_id, attempt, error, self.name, unstarted=unstarted)
        )

    def _write_end(self, job: Job, write: Callable[[], bool]) -> bool:
        try:
            return patiently(write, self._settings.outage_s)
        except (JobNotFound, Unreadable, RedisUnavailable, ResponseError) as problem:
            logger.warning("job %s: its end could not be written: %s", job.id, problem)
            return False

    def _refuse(self, job: Job, queue: Queue, why: str) -> None:
        """Call a job failed that no work-horse was started for."""
        logger.warning("%s in queue %s is not run: %s", job.id, queue.name, why)
        self.connection.lrem(queue.intermediate_queue_key, 1, job.id)
        self.handle_job_failure(job, queue, exc_string=why)
        self._entries.fail(job, why)
