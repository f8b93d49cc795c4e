"""What this session knows of the job it shows, and how it learns more: one request a refresh."""

import random
import time
from dataclasses import dataclass, field

from headway import Client
from headway.errors import HeadwayError, InvalidJobId, JobNotFound
from headway.snapshot import Snapshot

#: The lesson's cadence for long idles; drawn, so that pages which lost the API together do not return together.
IDLE_S = (3.0, 5.0)
# The shortest interval that leaves the browser time to draw.
_FASTEST_S = 0.5


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
    _answered_at: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """Seconds since the API last answered."""
        return time.monotonic() - self._answered_at

    def refresh(self, client: Client) -> None:
        """Ask once for the latest snapshot; one with a smaller `seq` than the last is an older one and is dropped."""
        self.fresh = True
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

    def _take(self, snapshot: Snapshot, client: Client) -> None:
        self.unknown, self.problem = False, ""
        if self.snapshot is None or snapshot.seq >= self.snapshot.seq:
            self.snapshot = snapshot
        if self.snapshot.status.terminal:
            self.poll_after_s = None
        elif client.poll_after_s is not None:
            self.poll_after_s = max(client.poll_after_s, _FASTEST_S)
