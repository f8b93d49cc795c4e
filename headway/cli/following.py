"""Several jobs watched at once, a thread each."""

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from headway.cli.ends import End, end_of_error, end_of_job, worst
from headway.client import Client, Watch
from headway.errors import BadInput, HeadwayError
from headway.keys import check_job_id
from headway.snapshot import Snapshot

#: Each job is a thread and a socket.
JOBS_MAX = 200
_LOOK_S = 1.0


@dataclass(frozen=True)
class Followed:
    """One job as it is known now.

    `snapshot` is None until it was seen; `away_s` are the seconds since the API last answered, 0 while it does;
    `error` is what ended the watch before the job ended.
    """

    job_id: str
    snapshot: Snapshot | None = None
    away_s: float = 0.0
    error: HeadwayError | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.error is not None or (self.snapshot is not None and self.snapshot.status.terminal)

    @property
    def end(self) -> End:
        """The exit status that it comes to."""
        if self.error is not None:
            return end_of_error(self.error)
        return End.FINISHED if self.snapshot is None else end_of_job(self.snapshot)


class Following:
    """Follow jobs to their ends; for one thread, which asks for news."""

    def __init__(self, client: Client, job_ids: Iterable[str], patience_s: float | None) -> None:
        """Begin.

        Args:
            client: what is asked; it stays open.
            job_ids: repeated ones count once.
            patience_s: how long a job may go on without any answer from the API, in seconds; None is for ever.

        Raises:
            InvalidJobId: no job can have one of these ids.
            BadInput: more than `JOBS_MAX`.
        """
        self.jobs = {job_id: Followed(check_job_id(job_id)) for job_id in job_ids}
        if len(self.jobs) > JOBS_MAX:
            raise BadInput(f"{len(self.jobs)} jobs are too many to watch at once: name at most {JOBS_MAX}")
        self._news: queue.SimpleQueue[Followed] = queue.SimpleQueue()
        self._watches = [client.watch(job_id, timeout_s=patience_s) for job_id in self.jobs]
        for job_id, watch in zip(self.jobs, self._watches, strict=True):
            threading.Thread(
                target=self._run, args=(Followed(job_id), watch), name=f"headway-watch-{job_id}", daemon=True
            ).start()

    @property
    def over(self) -> bool:
        """Whether every job is."""
        return all(job.over for job in self.jobs.values())

    @property
    def end(self) -> End:
        """The exit status of all together."""
        return worst(job.end for job in self.jobs.values())

    def news_within(self, seconds: float) -> list[Followed]:
        """What changed, in order, within so many seconds; sooner once every job is over."""
        until = time.monotonic() + seconds
        news = []
        while not self.over and (left_s := until - time.monotonic()) > 0:
            try:
                job = self._news.get(timeout=left_s)
            except queue.Empty:
                break
            self.jobs[job.job_id] = job
            news.append(job)
        return news

    def close(self) -> None:
        """Stop watching; the jobs go on."""
        for watch in self._watches:
            watch.close()

    def _run(self, job: Followed, watch: Watch) -> None:
        try:
            while not watch.done:
                snapshot = watch.next_within(_LOOK_S)
                away_s = watch.away_s
                if snapshot is not None or away_s != job.away_s:
                    job = replace(job, snapshot=snapshot or job.snapshot, away_s=away_s)
                    self._news.put(job)
        except HeadwayError as error:
            self._news.put(replace(job, error=error))
        except Exception as error:  # the thread's edge: nobody else would see it
            self._news.put(replace(job, error=HeadwayError(f"{type(error).__name__}: {error}")))
