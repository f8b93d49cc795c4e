"""RQ's registry of running jobs, and the entries in it that nobody will ever close."""

from collections.abc import Iterable

from redis import Redis
from redis.client import Pipeline
from rq.defaults import DEFAULT_RESULT_TTL
from rq.exceptions import NoSuchJobError
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from headway.engines.rq.queue import queue_name


def running(redis: Redis, queues: Iterable[str]) -> set[str]:
    """Ids of RQ's jobs that it believes to run, of these queues of headway's; reading them cleans nothing up."""
    return {
        job_id for queue in queues for job_id, _ in _registry(redis, queue).get_job_and_execution_ids(cleanup=False)
    }


def bury(redis: Redis, queues: Iterable[str], job_id: str, *, finished: bool) -> None:
    """Close a job that RQ believes to run, and whose worker has died: as finished or failed, unless it is closed."""
    try:
        job: Job | None = Job.fetch(job_id, connection=redis, serializer=JSONSerializer)
    except NoSuchJobError:
        job = None
    for queue in queues:
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


def _close(job: Job, pipeline: Pipeline, *, finished: bool) -> None:
    if finished:
        job._handle_success(job.get_result_ttl(DEFAULT_RESULT_TTL), pipeline)
    else:
        job.set_status(JobStatus.FAILED, pipeline=pipeline)
        job._handle_failure("its worker died", pipeline)


def _registry(redis: Redis, queue: str) -> StartedJobRegistry:
    return StartedJobRegistry(queue_name(queue), connection=redis, serializer=JSONSerializer)
