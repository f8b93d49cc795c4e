"""Where real workers run real jobs."""

from typing import Any
from uuid import uuid4

from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from headway import body, engines
from headway.clock import utc_now
from headway.settings import Settings
from headway.snapshot import Policy, Snapshot, Spec
from headway.store import Store
from tests.wait import wait_for

JOBS = ("tests.worker.jobs",)


ANY_POLICY = Policy()


class Floor:
    """Submits jobs as the API does, and looks at what becomes of them."""

    def __init__(self, redis_url: str, **settings: Any) -> None:
        self.settings = Settings(HEADWAY_REDIS_URL=redis_url, **settings)
        self.store = Store(self.settings)
        self.engine = engines.load(self.settings).engine(self.settings)

    def submit(self, task: str, job_id: str = "", policy: Policy = ANY_POLICY, **params: Any) -> str:
        job_id = job_id or uuid4().hex[:12]
        spec = Spec(job_id=job_id, task=task, params=params, policy=policy, created_at=utc_now())
        self.store.run(self.store.calls.create(spec, body.queued(spec), request="r"))
        self.engine.enqueue(spec, 1)
        return spec.job_id

    def now(self, job_id: str) -> Snapshot:
        stored = self.store.read(job_id)
        assert stored is not None
        return stored.snapshot

    def ended(self, job_id: str) -> Snapshot:
        wait_for(lambda: self.now(job_id).status.terminal, 20, f"job {job_id} ends")
        return self.now(job_id)

    def running(self, job_id: str) -> Snapshot:
        wait_for(lambda: self.now(job_id).status == "running", 15, f"job {job_id} runs")
        return self.now(job_id)

    def rq_status(self, job_id: str) -> str | None:
        try:
            job = Job.fetch(job_id, connection=self.store.redis, serializer=JSONSerializer)
        except NoSuchJobError:
            # A Redis that came back empty is told of the job's end first, and of RQ's part of it then.
            return None
        return str(job.get_status().value)

    def agrees(self, job_id: str) -> None:
        """RQ has the job as finished, once, and in no other registry."""
        wait_for(lambda: self.rq_status(job_id) == "finished", 15, f"RQ agrees on job {job_id}")
        job = Job.fetch(job_id, connection=self.store.redis, serializer=JSONSerializer)
        assert Result.count(job) == 1
        names = {
            kind: kind("headway-default", connection=self.store.redis, serializer=JSONSerializer)
            for kind in (StartedJobRegistry, FailedJobRegistry, FinishedJobRegistry)
        }
        assert [job_id in found.get_job_ids(cleanup=False) for found in names.values()] == [False, False, True]

    def close(self) -> None:
        self.engine.close()
        self.store.close()
