"""What this session has read of what happened to a job: one request a refresh, which follows the events to the last."""

from dataclasses import dataclass, field

from job_view import JobView
from live_region import FASTEST_S, IDLE_S

from headway import Client
from headway.analytics import Event
from headway.errors import HeadwayError, JobNotFound
from headway.snapshot import Snapshot

_PAGE = 1_000
#: More of them than this a chart cannot show.
_EVENTS_MAX = 2_000
# The recorder is a moment behind; where none is, waiting for it has an end.
_LOOKS_AFTER_END = 5


@dataclass
class JobPast:
    """One job's events, thinned out, and what has become of asking for the next."""

    job: JobView
    #: Why the last request brought nothing; empty when it did.
    problem: str = ""
    fresh: bool = False
    #: Seconds until the next request; None once the end is read, or is not to be had.
    poll_after_s: float | None = None
    _before: list[Event] = field(default_factory=list)
    # The last page, which is read again until it is full.
    _last: list[Event] = field(default_factory=list)
    _after: str | None = None
    _looks_after_end: int = 0
    # The snapshot's number as of which the API had no such job.
    _unknown_as_of: int | None = None

    @property
    def events(self) -> list[Event]:
        """What is known, oldest first."""
        return self._before + self._last

    def refresh(self, client: Client) -> None:
        """Ask once for the events that follow, unless the job has written nothing since."""
        self.fresh = True
        snapshot = self.job.snapshot
        if snapshot is None:
            self.poll_after_s = self.job.poll_after_s
            return
        if self._knows(snapshot):
            self.poll_after_s = None if snapshot.status.terminal else IDLE_S[1]
            return
        self._looks_after_end = self._looks_after_end + 1 if snapshot.status.terminal else 0
        self.poll_after_s = IDLE_S[1] if self._looks_after_end < _LOOKS_AFTER_END else None
        try:
            page = client.event_page(self.job.job_id, after=self._after, limit=_PAGE)
        except JobNotFound:
            self.problem, self._unknown_as_of = "", snapshot.seq
            return
        except HeadwayError as error:
            self.problem = str(error)
            return
        self.problem, self._last = "", page.events
        if page.next is not None:
            self._before, self._last, self._after = _thinned(self.events), [], page.next
            self.poll_after_s = FASTEST_S
        elif snapshot.status.terminal and self._knows(snapshot):
            self.poll_after_s = None

    def _knows(self, snapshot: Snapshot) -> bool:
        if self._unknown_as_of == snapshot.seq:
            return True
        events = self.events
        return bool(events) and events[-1].seq == snapshot.seq


def changes(events: list[Event]) -> list[Event]:
    """The first event, and each that began an attempt or changed the status."""
    return [event for place, event in enumerate(events) if place == 0 or _differs(events[place - 1], event)]


def _differs(before: Event, event: Event) -> bool:
    return (before.attempt, before.status) != (event.attempt, event.status)


def _thinned(events: list[Event]) -> list[Event]:
    """Every other event left out while there are too many; changes of status stay."""
    while len(events) > _EVENTS_MAX:
        kept = {id(event) for event in changes(events)} | {id(event) for event in events[::2]}
        if len(kept) == len(events):
            return events
        events = [event for event in events if id(event) in kept]
    return events
