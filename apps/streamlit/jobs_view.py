"""What this session knows of a page of jobs, and what it asks of several of them: one request a refresh."""

import random
import time
from dataclasses import dataclass, field

from live_region import FASTEST_S, IDLE_S

from headway import Client
from headway.client.answers import BulkAnswer
from headway.errors import HeadwayError, NotAllowed, NotSignedIn
from headway.snapshot import Action, Snapshot
from headway.status import Status

#: Jobs on a page: a screen or so.
PAGE_JOBS = 25
# How often to look for jobs that came since, in seconds; in between only those on the page are looked at.
_LISTED_EVERY_S = 4.0
_ACTIVE_S = 1.0


@dataclass(frozen=True)
class JobFilters:
    """Which jobs to show; empty and None stand for all."""

    statuses: tuple[Status, ...] = ()
    task: str | None = None
    queue: str | None = None
    owner: str | None = None
    #: Text in the id, the task or the message.
    search: str | None = None

    def __bool__(self) -> bool:
        """Whether any job is left out."""
        return self != JobFilters()


@dataclass(frozen=True)
class BulkAsk:
    """An action for several jobs, which the page asks back about."""

    action: Action
    job_ids: list[str]


@dataclass
class JobsView:
    """A page of jobs in the order in which it was first listed, so that no row moves under the pointer."""

    wanted: JobFilters
    #: None before the first answer.
    jobs: list[Snapshot] | None = None
    #: Ids of jobs on this page that are there no more.
    gone: set[str] = field(default_factory=set)
    #: How many jobs came since, as far as one page tells.
    newer: int = 0
    #: Rises whenever other jobs are shown, or the selection is to be forgotten.
    turn: int = 0
    problem: str = ""
    denied: bool = False
    poll_after_s: float | None = None
    fresh: bool = False
    confirming: BulkAsk | None = None
    #: What became of the last bulk action, for each job.
    outcome: list[BulkAnswer] = field(default_factory=list)
    asked: Action | None = None
    #: Why the last bulk action as a whole was refused.
    refusal: str = ""
    _cursors: list[str | None] = field(default_factory=lambda: [None])
    _next: str | None = None
    _listed_at: float = 0.0
    _answered_at: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """Seconds since the API last answered."""
        return time.monotonic() - self._answered_at

    @property
    def page(self) -> int:
        """Which page is shown, from 1, the newest jobs."""
        return len(self._cursors)

    @property
    def has_older(self) -> bool:
        """Whether there may be a page after this one."""
        return self._next is not None

    def refresh(self, client: Client) -> None:
        """Look at the jobs of this page, or list them again to learn which came since."""
        self.fresh = True
        before_s, self.poll_after_s = self.poll_after_s, random.uniform(*IDLE_S)
        try:
            if self._due_for_listing():
                self._list(client, before_s)
            else:
                self._look(client)
        except HeadwayError as error:
            self.problem = str(error)
            self.denied = isinstance(error, NotSignedIn | NotAllowed)
            return
        self.problem, self.denied = "", False
        self._answered_at = time.monotonic()

    def turn_to(self, *, older: bool) -> None:
        """Show the next page or the one before."""
        if older:
            self._cursors.append(self._next)
        else:
            self._cursors.pop()
        self._begin_anew()

    def show_newest(self) -> None:
        """Show the first page as it is now."""
        self._cursors = [None]
        self._begin_anew()

    def confirm(self, ask: BulkAsk | None) -> None:
        """Ask back before this action, or no longer."""
        self.confirming, self.outcome, self.refusal = ask, [], ""

    def act(self, client: Client) -> None:
        """Ask of the jobs what was asked back about, once."""
        ask, self.confirming = self.confirming, None
        if ask is None:
            return
        try:
            self.outcome, self.asked = client.act_on(ask.job_ids, ask.action), ask.action
        except HeadwayError as error:
            self.refusal = str(error)
            return
        self._take([answer.snapshot for answer in self.outcome if answer.snapshot is not None])
        self.turn += 1

    def _begin_anew(self) -> None:
        self.jobs, self.newer, self.gone, self.fresh = None, 0, set(), False
        self.turn += 1
        self.confirm(None)

    def _due_for_listing(self) -> bool:
        if not self.jobs:
            return True
        return self.page == 1 and time.monotonic() - self._listed_at >= _LISTED_EVERY_S

    def _list(self, client: Client, pace_s: float | None) -> None:
        wanted = self.wanted
        listed = client.jobs(
            status=wanted.statuses or None,
            task=wanted.task,
            queue=wanted.queue,
            owner=wanted.owner,
            search=wanted.search,
            limit=PAGE_JOBS,
            cursor=self._cursors[-1],
        )
        self._listed_at = time.monotonic()
        if not self.jobs:
            self.jobs, self._next = listed.jobs, listed.next_cursor
        else:
            shown = {job.job_id for job in self.jobs}
            came = [job.job_id in shown for job in listed.jobs]
            self.newer = came.index(True) if True in came else len(came)
            self._take(listed.jobs)
        # A list says nothing of the pace; looking at its jobs does.
        if any(not job.status.terminal for job in self.jobs):
            self.poll_after_s = pace_s or _ACTIVE_S
        elif self.page > 1:
            self.poll_after_s = None

    def _look(self, client: Client) -> None:
        found = client.statuses(job.job_id for job in self.jobs or [])
        self._take(list(found.snapshots.values()))
        self.gone = set(found.missing)
        if client.poll_after_s is not None:
            self.poll_after_s = max(client.poll_after_s, FASTEST_S)
        elif self.page > 1:
            self.poll_after_s = None

    def _take(self, snapshots: list[Snapshot]) -> None:
        """Put later snapshots in the place of earlier ones."""
        later = {snapshot.job_id: snapshot for snapshot in snapshots}
        self.jobs = [max(job, later.get(job.job_id, job), key=lambda known: known.seq) for job in self.jobs or []]
