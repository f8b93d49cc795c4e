"""What RQ believes to run or to be about to, and the entries among that that nobody will ever close."""

from collections.abc import Iterable
from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq.defaults import DEFAULT_RESULT_TTL
from rq.exceptions import NoSuchJobError
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from headway.engines.rq.queue import HeadwayQueue, queue_name
from headway.engines.rq.record import Record


def running(redis: Redis, queues: Iterable[str]) -> set[str]:
    """Ids of RQ's jobs that it believes to run, or taken by a worker that is about to run them, of these queues of
    headway's; reading them cleans nothing up."""
    found: set[str] = set()
    for queue in queues:
        found.update(job_id for job_id, _ in _registry(redis, queue).get_job_and_execution_ids(cleanup=False))
        taken: Any = redis.lrange(_queue(redis, queue).intermediate_queue_key, 0, -1)
        found.update(job_id.decode(errors="replace") for job_id in taken)
    return found


def bury(redis: Redis, queues: Iterable[str], job_id: str, *, finished: bool) -> None:
    """Close a job that RQ believes to run, and whose worker has died: as finished or failed, unless it is closed."""
    try:
        job: Job | None = Record.fetch(job_id, connection=redis, serializer=JSONSerializer)
    except (NoSuchJobError, ValueError):
        # Gone, or somebody else's under a name that no job of RQ's can have.
        job = None
    for queue in queues:
        _bury_taken(redis, _queue(redis, queue), job_id, job, finished=finished)
        registry = _registry(redis, queue)
        for known, execution_id in registry.get_job_and_execution_ids(cleanup=False):
            if known != job_id:
                continue
            with redis.pipeline() as pipeline:
                if job is None:
                    pipeline.zrem(registry.key, f"{job_id}:{execution_id}")
                else:
                    Execution(execution_id, job_id, redis).delete(job, pipeline)
                    if job.get_status() == JobStatus.STARTED:
                        _close(job, pipeline, finished=finished)
                pipeline.execute()


def _bury_taken(redis: Redis, queue: HeadwayQueue, job_id: str, job: Job | None, *, finished: bool) -> None:
    """Close a job whose worker died between its queue and its start."""
    with redis.pipeline() as pipeline:
        pipeline.lrem(queue.intermediate_queue_key, 0, job_id)
        waits = job is not None and job.get_status() == JobStatus.QUEUED and queue.get_job_position(job_id) is None
        if job is not None and waits and job.origin == queue.name:
            _close(job, pipeline, finished=finished)
        pipeline.execute()


def _close(job: Job, pipeline: Pipeline, *, finished: bool) -> None:
    if finished:
        result_ttl = job.get_result_ttl(DEFAULT_RESULT_TTL)
        job._handle_success(result_ttl, pipeline)
        # Its worker would have done that too: nothing else gives the job's record an end.
        job.cleanup(result_ttl, pipeline=pipeline, remove_from_queue=False)
    else:
        job.set_status(JobStatus.FAILED, pipeline=pipeline)
        job._handle_failure("its worker died", pipeline)


def _registry(redis: Redis, queue: str) -> StartedJobRegistry:
    return StartedJobRegistry(queue_name(queue), connection=redis, serializer=JSONSerializer)


def _queue(redis: Redis, queue: str) -> HeadwayQueue:
    return HeadwayQueue(queue_name(queue), connection=redis, serializer=JSONSerializer)
