"""headway's API as plain calls, one method a question."""

import math
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from headway.client import request
from headway.client.address import Address, identity
from headway.client.aio_http import AsyncHttp
from headway.client.answers import BulkAnswer, JobDetail, JobPage, Statuses, Upload
from headway.client.http import Http
from headway.client.many import ManyWatch, News
from headway.client.outcome import kept_beside, value_of
from headway.client.past import PastReader
from headway.client.source import opened
from headway.client.watch import Watch
from headway.keys import check_job_id
from headway.overview import Overview
from headway.snapshot import Action, Snapshot
from headway.status import Status
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo


class Client(PastReader):
    """A client for one API and one principal; any thread may use it, each watch is for one.

    Every method raises `ApiUnavailable` when the API does not answer, and `ApiRefused` for an error that its own
    list does not name.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, user: str | None = None, timeout_s: float = 10.0
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: the API's address; None takes `HEADWAY_API_URL`.
            token: sent as bearer token in a header, nowhere else.
            user: who is asking where no users are configured; None takes the operating system's user.
            timeout_s: how long the API may take to connect, to take in a piece, or to answer, in seconds.

        Raises:
            BadInput: an address or token that cannot be used.
            SettingsError: `HEADWAY_API_URL` was needed and is wrong.
        """
        address = Address.given(url)
        self._http = Http(address, identity(user, token), timeout_s)
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()

    @property
    def url(self) -> str:
        """The API's address."""
        return self._http.address.base

    @property
    def asks_as(self) -> tuple[str, ...]:
        """The API's address and what this client says of itself there: equal for two that see the same."""
        return (self.url, *(f"{name}: {value}" for name, value in sorted(self._http.headers.items())))

    @property
    def poll_after_s(self) -> float | None:
        """Seconds that `status` or `overview`, as this thread last called it, asks to wait; None at a job's end."""
        return self._http.poll_after_s

    def submit(
        self,
        task: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        queue: str | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> Snapshot:
        """Ask for a job and return its queued snapshot.

        Args:
            task: the task's name, as `tasks()` lists it.
            params: its parameters; those named `queue` or `idempotency_key`, or with no Python name, can only be given
                here.
            queue: None takes the task's own queue.
            idempotency_key: a repeat with the same one answers with the same job, for a day; None makes a new one.
            more: further parameters by name.

        Raises:
            TaskNotFound: no worker announced it.
            InvalidParams: the parameters do not fit the task's schema; nothing was submitted.
            BadInput: a parameter was given twice, or the key is not 1 to 128 of A-Za-z0-9._~-.
            TooLarge: the parameters are larger than the API's `HEADWAY_BODY_MAX_BYTES`.
            NotEncodable: a parameter cannot be carried as JSON; dates, paths, numpy's numbers and the like can.
        """
        return self._http.ask(request.submit(task, params, more, queue=queue, idempotency_key=idempotency_key))

    def upload(self, path_or_file: str | os.PathLike[str] | IO[bytes], *, name: str | None = None) -> Upload:
        """Send a file to where jobs can open it; a file parameter takes the answer's `file_id`.

        It is read piece by piece, and as a whole may take any time: `timeout_s` is for each piece, and for the answer.

        Args:
            path_or_file: a path on this machine, or a file opened in binary mode, which is left open. One that can
                seek is sent from its beginning, any other from where it is.
            name: how the API shall call it; None takes the file's own name.

        Raises:
            BadInput: there is no such file, or it cannot be read.
            TooLarge: it is larger than the API's `HEADWAY_FILE_MAX_BYTES`.
            StorageFull: the API has no room for it.
        """
        with opened(path_or_file, name) as source:
            return self._http.upload(request.upload(), source)

    def status(self, job_id: str) -> Snapshot:
        """The latest snapshot of a job.

        Raises:
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.status(job_id))

    def statuses(self, job_ids: Iterable[str]) -> Statuses:
        """The latest snapshots of many jobs at once, and which ids the API does not know.

        Raises:
            InvalidJobId: no job can have one of these ids; nothing was asked.
        """
        return Statuses.of(self._http.ask_all(request.statuses(job_ids)))

    def result(self, job_id: str, *, timeout_s: float | None = None) -> Any:
        """Wait for a job's end, across its automatic attempts, and return what it returned.

        Args:
            job_id: may be of a job that is only just being submitted.
            timeout_s: how long to wait, in seconds; 0 only looks, None waits for ever.

        Raises:
            JobFailed: it failed; `type` and `detail` say how.
            JobWasCanceled: it was canceled.
            StillRunning: it has not ended by then, and goes on.
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        with self.watch(job_id, timeout_s=timeout_s) as watch:
            ended = watch.end_within(math.inf if timeout_s is None else timeout_s)
        value = value_of(ended)
        return self._http.ask(request.result(job_id)) if kept_beside(ended) else value

    def pause(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Ask a job to stand still, and return its snapshot, which says so at once.

        A waiting job is held. A running one stands still at its next `track` step or `checkpoint()`: until it says so,
        `control` has the request. What is paused already is left so.

        Raises:
            Conflict: the job is over, its task cannot be paused, or it is not headway's.
            JobNotFound: the API does not know it.
            InvalidJobId: no job can have this id.
        """
        return self._http.ask(request.act(job_id, "pause", idempotency_key))

    def resume(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Let a paused job go on, or withdraw a pause that it has not yet given way to; errors as `pause`."""
        return self._http.ask(request.act(job_id, "resume", idempotency_key))

    def cancel(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Ask a job to end: a waiting one at once, a running one at its next step; errors as `pause`."""
        return self._http.ask(request.act(job_id, "cancel", idempotency_key))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Snapshot:
        """Let a job that is over wait in its queue again, as its next attempt; errors as `pause`.

        Args:
            idempotency_key: a repeat with the same one is no further attempt; None makes a new one.
        """
        return self._http.ask(request.act(job_id, "retry", idempotency_key))

    def act_on(self, job_ids: Iterable[str], action: Action) -> list[BulkAnswer]:
        """Ask the same of many jobs; the answers say for each, in their order, what became of it.

        Raises:
            InvalidJobId: no job can have one of these ids; nothing was asked.
        """
        return [answer for part in self._http.ask_all(request.bulk(action, job_ids)) for answer in part.results]

    def delete(self, job_id: str) -> None:
        """Remove a job that is over, for everybody; errors as `pause`."""
        self._http.ask(request.delete(job_id))

    def job(self, job_id: str) -> JobDetail:
        """The latest snapshot of a job with what was asked for and how earlier attempts ended; errors as `status`."""
        return self._http.ask(request.job(job_id))

    def jobs(
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
        """A page of jobs, newest first.

        Args:
            status: one, or any of several; None takes all.
            task: and `queue` and `owner`: jobs with this one; None takes all.
            search: text in the id, the task or the message, in upper or lower case.
            limit: 1 to 200 jobs.
            cursor: an earlier page's `next_cursor`; None begins with the newest.
        """
        return self._http.ask(
            request.jobs(status=status, task=task, queue=queue, owner=owner, search=search, limit=limit, cursor=cursor)
        )

    def tasks(self) -> list[TaskInfo]:
        """Every task that a worker announced in the last seven days."""
        return self._http.ask(request.tasks())

    def task(self, name: str) -> TaskInfo:
        """One task, with the schema of its parameters.

        Raises:
            TaskNotFound: no worker announced it.
        """
        return self._http.ask(request.task(name))

    def workers(self) -> list[WorkerInfo]:
        """The workers that were heard of in the last minute; `age_s` says how long ago."""
        return self._http.ask(request.workers())

    def overview(self) -> Overview:
        """What is going on now: the jobs under way, the queues, the workers, and what needs a look."""
        return self._http.ask(request.overview())

    def watch(self, job_id: str, *, timeout_s: float | None = None) -> Watch:
        """Iterate over a job's snapshots: the last one at once, then each change, ending after the terminal one.

        It goes on over lost connections and restarts of the API, and across automatic attempts.

        Args:
            job_id: may be of a job that is only just being submitted: it is waited for, 5 s.
            timeout_s: how long the API may be away before iterating raises `ApiUnavailable`; None waits for ever.

        Raises:
            InvalidJobId: no job can have this id.
            BadInput: `timeout_s` is below 0 or no number.

        Iterating raises what `Watch.next_within` lists.
        """
        watch = Watch(self._http, check_job_id(job_id), timeout_s=timeout_s)
        self._watches.add(watch)
        return watch

    def many(self, tell: Callable[[News], None]) -> ManyWatch:
        """Follow many jobs over one connection, for the event loop that enters what is returned; `tell` gets the news.

        It has connections of its own, which `close` leaves alone.
        """
        return ManyWatch(AsyncHttp(self._http.address, self._http.headers, self._http.timeout_s), tell)

    def close(self) -> None:
        """End every watch and give the connections back."""
        for watch in list(self._watches):
            watch.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"
