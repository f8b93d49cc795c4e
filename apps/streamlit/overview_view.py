"""What this session knows of all that is going on: one request a refresh."""

import random
import time
from dataclasses import dataclass, field

from live_region import FASTEST_S, IDLE_S

from headway import Client
from headway.errors import HeadwayError, NotAllowed, NotSignedIn
from headway.overview import Overview


@dataclass
class OverviewView:
    """The last answer, and what has become of asking for the next."""

    #: None before the first answer.
    overview: Overview | None = None
    problem: str = ""
    denied: bool = False
    fresh: bool = False
    poll_after_s: float | None = None
    #: When the API last answered, in seconds since 1970.
    answered_s: float | None = None
    # One pace for a session that idles, since a new one sets the browser's timer anew.
    _idle_s: float = field(default_factory=lambda: random.uniform(*IDLE_S))
    _answered_at: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """Seconds since the API last answered."""
        return time.monotonic() - self._answered_at

    def refresh(self, client: Client) -> None:
        """Ask once what is going on."""
        self.fresh, self.poll_after_s = True, self._idle_s
        try:
            self.overview = client.overview()
        except HeadwayError as error:
            self.problem = str(error)
            self.denied = isinstance(error, NotSignedIn | NotAllowed)
            return
        self.problem, self.denied = "", False
        self._answered_at, self.answered_s = time.monotonic(), time.time()
        if client.poll_after_s is not None and client.poll_after_s < IDLE_S[0]:
            self.poll_after_s = max(client.poll_after_s, FASTEST_S)
