"""headway's API for asyncio code: what `Client` does, awaited."""

import asyncio
import math
import os
import weakref
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from headway.analytics import Bucket, Curves, EventPage, SlowJobs, TaskReport, Throughput, WorkerReport
from headway.client import request
from headway.client.address import Address, identity
from headway.client.aio_http import AsyncHttp
from headway.client.aio_watch import AsyncWatch
from headway.client.answers import BulkAnswer, JobDetail, JobPage, LogLine, LogPage, MetricSeries, Statuses, Upload
from headway.client.log import AGAIN_S, LogReader
from headway.client.outcome import kept_beside, value_of
from headway.client.request import Time
from headway.client.source import opened
from headway.client.tables import EventTable, JobTable, Table, ValueTable
from headway.errors import HeadwayError
from headway.keys import check_job_id
from headway.overview import Overview
from headway.snapshot import Action, Snapshot
from headway.status import Status
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo


class AsyncClient:
    """A client for one API, one principal and one event loop; each watch is for one task.

    Every method raises `ApiUnavailable` when the API does not answer, and `ApiRefused` for an error that its own
    list does not name. Where a method has no list, it is that of `Client`'s.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, user: str | None = None, timeout_s: float = 10.0
    ) -> None:
        """Connect to nothing yet; arguments and errors as for `Client`."""
        self._http = AsyncHttp(Address.given(url), identity(user, token), timeout_s)
        self._watches: weakref.WeakSet[AsyncWatch] = weakref.WeakSet()

    @property
    def url(self) -> str:
        """The API's address."""
        return self._http.address.base

    async def submit(
        self,
        task: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        queue: str | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> Snapshot:
        """Ask for a job and return its queued snapshot; see `Client.submit`."""
        return await self._http.ask(request.submit(task, params, more, queue=queue, idempotency_key=idempotency_key))

    async def pause(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Ask a job to stand still; see `Client.pause`."""
        return await self._http.ask(request.act(job_id, "pause", idempotency_key))

    async def resume(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Let a paused job go on; see `Client.resume`."""
        return await self._http.ask(request.act(job_id, "resume", idempotency_key))

    async def cancel(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Ask a job to end; see `Client.cancel`."""
        return await self._http.ask(request.act(job_id, "cancel", idempotency_key))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Let a job that is over wait in its queue again; see `Client.retry`."""
        return await self._http.ask(request.act(job_id, "retry", idempotency_key))

    async def act_on(self, job_ids: Iterable[str], action: Action) -> list[BulkAnswer]:
        """Ask the same of many jobs; see `Client.act_on`."""
        return [answer for part in await self._http.ask_all(request.bulk(action, job_ids)) for answer in part.results]

    async def delete(self, job_id: str) -> None:
        """Remove a job that is over; see `Client.delete`."""
        await self._http.ask(request.delete(job_id))

    async def upload(self, path_or_file: str | os.PathLike[str] | IO[bytes], *, name: str | None = None) -> Upload:
        """Send a file to where jobs can open it, read outside the event loop; see `Client.upload`."""
        with opened(path_or_file, name) as source:
            return await self._http.upload(request.upload(), source)

    async def status(self, job_id: str) -> Snapshot:
        """The latest snapshot of a job."""
        return await self._http.ask(request.status(job_id))

    async def statuses(self, job_ids: Iterable[str]) -> Statuses:
        """The latest snapshots of many jobs at once, and which ids the API does not know."""
        return Statuses.of(await self._http.ask_all(request.statuses(job_ids)))

    async def result(self, job_id: str, *, timeout_s: float | None = None) -> Any:
        """Wait for a job's end, across its automatic attempts, and return what it returned; see `Client.result`."""
        async with self.watch(job_id, timeout_s=timeout_s) as watch:
            ended = await watch.end_within(math.inf if timeout_s is None else timeout_s)
        value = value_of(ended)
        return await self._http.ask(request.result(job_id)) if kept_beside(ended) else value

    async def job(self, job_id: str) -> JobDetail:
        """The latest snapshot of a job with what was asked for and how earlier attempts ended."""
        return await self._http.ask(request.job(job_id))

    async def logs(self, job_id: str, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """Iterate with `async for` over a job's log from its first line on; see `Client.logs`."""
        reader = LogReader(job_id, follow=follow, timeout_s=self._http.timeout_s)
        while not reader.over:
            try:
                page = await self._http.ask(reader.next_request())
            except HeadwayError as error:
                if self._http.closed or not reader.may_ask_again(error):
                    raise
                await asyncio.sleep(AGAIN_S)
            else:
                for line in reader.take(page):
                    yield line

    async def log_page(self, job_id: str, *, after: str | None = None) -> LogPage:
        """Some lines of a job's log at once; see `Client.log_page`."""
        return await self._http.ask(request.logs(job_id, after, 0))

    async def event_page(self, job_id: str, *, after: str | None = None, limit: int = 1_000) -> EventPage:
        """Some of what happened to a job, oldest first; see `Client.event_page`."""
        return await self._http.ask(request.history(job_id, after=after, limit=limit))

    async def metric_series(
        self, job_id: str, *, names: Iterable[str] = (), points: int | None = None
    ) -> list[MetricSeries]:
        """What a job measured, one series a name; see `Client.metric_series`."""
        return (await self._http.ask(request.metrics(job_id, names, points))).series

    async def jobs(
        self,
        *,
        status: Status | str | Iterable[Status | str] | None = None,
        task: str | None = None,
        queue: str | None = None,
        owner: str | None = None,
        search: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """A page of jobs, newest first; see `Client.jobs`."""
        return await self._http.ask(
            request.jobs(status=status, task=task, queue=queue, owner=owner, search=search, limit=limit, cursor=cursor)
        )

    async def jobs_frame(
        self,
        *,
        status: Status | str | Iterable[Status | str] | None = None,
        task: str | None = None,
        queue: str | None = None,
        owner: str | None = None,
        limit: int = 1_000,
    ) -> Any:
        """Jobs as a pandas DataFrame, one row a job, newest first; see `Client.jobs_frame`."""
        return await self._read(JobTable(status=status, task=task, queue=queue, owner=owner, limit=limit))

    async def history(self, job_id: str) -> Any:
        """What a recorder wrote down of a job as a pandas DataFrame; see `Client.history`."""
        return await self._read(EventTable(job_id))

    async def metrics(self, job_id: str, *, names: Iterable[str] = (), points: int | None = None) -> Any:
        """What a job measured as a pandas DataFrame; see `Client.metrics`."""
        return await self._read(ValueTable(job_id, names, points))

    async def tasks(self) -> list[TaskInfo]:
        """Every task that a worker announced in the last seven days."""
        return await self._http.ask(request.tasks())

    async def task(self, name: str) -> TaskInfo:
        """One task, with the schema of its parameters."""
        return await self._http.ask(request.task(name))

    async def workers(self) -> list[WorkerInfo]:
        """The workers that were heard of in the last minute; `age_s` says how long ago."""
        return await self._http.ask(request.workers())

    async def overview(self) -> Overview:
        """What is going on now; see `Client.overview`."""
        return await self._http.ask(request.overview())

    async def throughput(
        self, *, since: Time = None, until: Time = None, bucket: Bucket = "hour", task: str | None = None
    ) -> Throughput:
        """Jobs that came in and ended, by hour or day (UTC); see `Client.throughput`."""
        return await self._http.ask(request.throughput(since, until, bucket, task))

    async def task_figures(self, *, since: Time = None, until: Time = None, task: str | None = None) -> TaskReport:
        """How the jobs of each task ended, and how long they waited and ran."""
        return await self._http.ask(request.task_figures(since, until, task))

    async def slowest_jobs(
        self, *, since: Time = None, until: Time = None, task: str | None = None, limit: int = 20
    ) -> SlowJobs:
        """The jobs that took longest; see `Client.slowest_jobs`."""
        return await self._http.ask(request.slowest_jobs(since, until, task, limit))

    async def worker_figures(self, *, since: Time = None, until: Time = None, task: str | None = None) -> WorkerReport:
        """How much each worker worked."""
        return await self._http.ask(request.worker_figures(since, until, task))

    async def progress_curves(self, *, job_id: str | None = None, task: str | None = None, limit: int = 10) -> Curves:
        """Progress over active time; see `Client.progress_curves`."""
        return await self._http.ask(request.progress_curves(job_id, task, limit))

    def watch(self, job_id: str, *, timeout_s: float | None = None) -> AsyncWatch:
        """Iterate with `async for` over a job's snapshots, ending after the terminal one; see `Client.watch`."""
        watch = AsyncWatch(self._http, check_job_id(job_id), timeout_s=timeout_s)
        self._watches.add(watch)
        return watch

    async def aclose(self) -> None:
        """End every watch and give the connections back."""
        for watch in list(self._watches):
            await watch.aclose()
        await self._http.aclose()

    async def _read(self, table: Table[Any]) -> Any:
        while not table.over:
            table.take(await self._http.ask(table.next_request()))
        return table.frame()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self.url!r})"
