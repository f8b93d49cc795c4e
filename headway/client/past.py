"""What is asked about the past: logs, events, measured values, tables and figures."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from headway.analytics import Bucket, Curves, EventPage, SlowJobs, TaskReport, Throughput, WorkerReport
from headway.client import request
from headway.client.answers import LogLine, LogPage, MetricSeries
from headway.client.http import Http
from headway.client.log import AGAIN_S, LogReader
from headway.client.request import Time
from headway.client.tables import EventTable, JobTable, Table, ValueTable
from headway.errors import HeadwayError
from headway.status import Status


class PastReader:
    """Reads what jobs have left behind; `Client` is one."""

    _http: Http

    def logs(self, job_id: str, *, follow: bool = False) -> Iterator[LogLine]:
        """Iterate over a job's log from its first line on.

        Args:
            follow: go on with each line as it comes, over restarts of the API, until the job is over.

        Iterating raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        reader = LogReader(job_id, follow=follow, timeout_s=self._http.timeout_s)
        while not reader.over:
            try:
                page = self._http.ask(reader.next_request())
            except HeadwayError as error:
                if self._http.closed or not reader.may_ask_again(error):
                    raise
                time.sleep(AGAIN_S)
            else:
                yield from reader.take(page)

    def log_page(self, job_id: str, *, after: str | None = None) -> LogPage:
        """Some lines of a job's log at once, for who asks again and again.

        Args:
            after: an earlier page's `next_cursor`, for the lines that follow it; None for the first ones.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.logs(job_id, after, 0))

    def event_page(self, job_id: str, *, after: str | None = None, limit: int = 1_000) -> EventPage:
        """Some of what happened to a job, oldest first, which a recorder writes down a moment later.

        Args:
            after: an earlier page's `next`, for the events that follow it; None for the first ones.
            limit: 1 to 5,000 events.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.history(job_id, after=after, limit=limit))

    def metric_series(self, job_id: str, *, names: Iterable[str] = (), points: int | None = None) -> list[MetricSeries]:
        """What a job measured, one series a name.

        Args:
            names: which of them; none for all.
            points: thin each out to at most so many that keep the shape of a chart, 3 at least; None for every value.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.metrics(job_id, names, points)).series

    def jobs_frame(
        self,
        *,
        status: Status | str | Iterable[Status | str] | None = None,
        task: str | None = None,
        queue: str | None = None,
        owner: str | None = None,
        limit: int = 1_000,
    ) -> Any:
        """Jobs as a pandas DataFrame, one row a job, newest first; its columns are the same for no job at all.

        Args:
            status: one, or any of several; None takes all.
            task: and `queue` and `owner`: jobs with this one; None takes all.
            limit: how many jobs at most, of however many pages.

        Raises:
            BadInput: pandas is not installed, or `limit` is below 1.
        """
        return self._read(JobTable(status=status, task=task, queue=queue, owner=owner, limit=limit))

    def history(self, job_id: str) -> Any:
        """What a recorder wrote down of a job as a pandas DataFrame, one row an accepted write, in their order.

        Its columns are the same where nothing has been written down yet.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
            BadInput: pandas is not installed.
        """
        return self._read(EventTable(job_id))

    def metrics(self, job_id: str, *, names: Iterable[str] = (), points: int | None = None) -> Any:
        """What a job measured as a pandas DataFrame, one row a value, name by name, each in its order.

        `attrs["partial"]` says whether older values are missing now, `attrs["dropped"]` how many of each name did not
        fit between two writes.

        Args:
            names: and `points`: as `metric_series`.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
            BadInput: pandas is not installed.
        """
        return self._read(ValueTable(job_id, names, points))

    def throughput(
        self, *, since: Time = None, until: Time = None, bucket: Bucket = "hour", task: str | None = None
    ) -> Throughput:
        """Jobs that came in and ended, by hour or day (UTC).

        Args:
            since: RFC 3339 text or a datetime with a time zone; None is 24 hours before `until`, by day 30 days.
            until: the same; None is now.
            task: only jobs of this one.

        Raises:
            BadInput: a datetime without a time zone.
        """
        return self._http.ask(request.throughput(since, until, bucket, task))

    def task_figures(self, *, since: Time = None, until: Time = None, task: str | None = None) -> TaskReport:
        """How the jobs of each task ended, and how long they waited and ran; arguments and errors as `throughput`."""
        return self._http.ask(request.task_figures(since, until, task))

    def slowest_jobs(
        self, *, since: Time = None, until: Time = None, task: str | None = None, limit: int = 20
    ) -> SlowJobs:
        """The jobs that took longest; arguments and errors as `throughput`, `limit` at most 200."""
        return self._http.ask(request.slowest_jobs(since, until, task, limit))

    def worker_figures(self, *, since: Time = None, until: Time = None, task: str | None = None) -> WorkerReport:
        """How much each worker worked; arguments and errors as `throughput`."""
        return self._http.ask(request.worker_figures(since, until, task))

    def progress_curves(self, *, job_id: str | None = None, task: str | None = None, limit: int = 10) -> Curves:
        """Progress over active time: of a job's attempts, or of the last `limit` runs of a task that finished.

        Raises:
            JobNotFound: history does not know the job.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.progress_curves(job_id, task, limit))

    def _read(self, table: Table[Any]) -> Any:
        while not table.over:
            table.take(self._http.ask(table.next_request()))
        return table.frame()
