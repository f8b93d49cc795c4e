"""What this session knows of the job it shows, what it asks of it, and how it learns more: one request a refresh."""

import math
import random
import time
from dataclasses import dataclass, field

from live_region import FASTEST_S, IDLE_S

from headway import Client
from headway.errors import HeadwayError, InvalidJobId, JobNotFound
from headway.snapshot import Action, Control, Snapshot
from headway.status import Status

#: Two presses within this, in seconds, are a double click: the second was meant for a button that is no longer there.
DOUBLE_CLICK_S = 0.5
_GIVEN_WAY: dict[str, Status] = {"pause": Status.PAUSED, "cancel": Status.CANCELED}


@dataclass
class JobView:
    """The last snapshot of one job, and what has become of asking for the next."""

    job_id: str
    snapshot: Snapshot | None = None
    #: Why the last request brought nothing; empty when it did.
    problem: str = ""
    unknown: bool = False
    #: Seconds until the next request; None when no other answer can come.
    poll_after_s: float | None = None
    #: Whether what is known has not been drawn yet.
    fresh: bool = False
    #: What was last seen to be asked of the job and is not yet over.
    asked: Control | None = None
    #: When the job gave way to that, as `updated_at`; empty while it has not.
    acknowledged_at: str = ""
    #: The action that the page has asked back about.
    confirming: Action | None = None
    #: Why the last action was refused, in a sentence.
    refusal: str = ""
    deleted: bool = False
    _pressed_at: float = -math.inf
    _answered_at: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """Seconds since the API last answered."""
        return time.monotonic() - self._answered_at

    def refresh(self, client: Client) -> None:
        """Ask once for the latest snapshot; one with a smaller `seq` than the last is an older one and is dropped."""
        self.fresh = True
        if self.deleted:
            return
        self.poll_after_s = random.uniform(*IDLE_S)
        try:
            snapshot = client.status(self.job_id)
        except JobNotFound:
            self.unknown, self.problem = True, f"No job with the id {self.job_id} is known."
        except InvalidJobId as error:
            self.unknown, self.problem, self.poll_after_s = True, f"{error}.", None
        except HeadwayError as error:
            self.problem = str(error)
            return
        else:
            self._take(snapshot, client)
        self._answered_at = time.monotonic()

    def confirm(self, action: Action | None) -> None:
        """Ask back before this action, or no longer."""
        self.confirming, self.refusal = action, ""

    def act(self, client: Client, action: Action) -> None:
        """Ask this of the job once, if it can be asked of it now."""
        if self.snapshot is None or action not in self.snapshot.can:
            return
        # Whoever was asked back has pressed twice already, and at another place.
        if self.confirming != action and self._double_click():
            return
        self.confirming, self.refusal = None, ""
        asks = {"pause": client.pause, "resume": client.resume, "cancel": client.cancel, "retry": client.retry}
        try:
            self._keep(asks[action](self.job_id))
        except HeadwayError as error:
            self.refusal = str(error)

    def delete(self, client: Client) -> None:
        """Remove the job; nothing more is asked about it."""
        self.refusal = ""
        try:
            client.delete(self.job_id)
        except JobNotFound:
            pass
        except HeadwayError as error:
            self.refusal = str(error)
            return
        self.snapshot, self.poll_after_s = None, None
        self.deleted = self.unknown = True
        self.problem = f"Job {self.job_id} was deleted."

    def _double_click(self) -> bool:
        before, self._pressed_at = self._pressed_at, time.monotonic()
        return self._pressed_at - before < DOUBLE_CLICK_S

    def _take(self, snapshot: Snapshot, client: Client) -> None:
        self.unknown, self.problem = False, ""
        latest = self._keep(snapshot)
        if latest.status.terminal:
            self.poll_after_s = None
        elif client.poll_after_s is not None:
            # Whoever pressed a button waits for what comes of it.
            pace_s = client.poll_after_s if latest.control is None else FASTEST_S
            self.poll_after_s = max(pace_s, FASTEST_S)

    def _keep(self, snapshot: Snapshot) -> Snapshot:
        """Take a snapshot over unless a later one is known; the latest."""
        if self.snapshot is not None and snapshot.seq < self.snapshot.seq:
            return self.snapshot
        self.snapshot = snapshot
        if snapshot.control is not None:
            self.asked, self.acknowledged_at = snapshot.control, ""
        elif self.asked is None or _GIVEN_WAY.get(self.asked.requested) is not snapshot.status:
            self.asked, self.acknowledged_at = None, ""
        else:
            self.acknowledged_at = self.acknowledged_at or snapshot.updated_at
        return snapshot
