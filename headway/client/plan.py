"""What a watch does next: poll, open a socket or wait; no input or output of its own.

It polls first, so that the last snapshot is there at once, then follows the WebSocket from that `seq` on. While no
socket can be had it polls and tries the socket again, ever more rarely. Such a poll asks the API to hold its answer
until there is news; one that answers at once has not understood, and is polled at its cadence. An API that does not
answer a poll is not asked for a socket.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from headway.client.cadence import Draw, backoff_s, poll_after_s, seconds_of
from headway.client.problems import error_of, not_headway, not_signed_in, unreachable
from headway.errors import BadInput, HeadwayError, JobNotFound, NotAllowed, StillRunning
from headway.snapshot import Snapshot

#: How long a job may be unknown before it counts as not there; the API's socket waits as long.
UNKNOWN_S = 5.0
#: A socket that lived this long and was closed properly was a good one, even if it had nothing to say.
_GOOD_SOCKET_S = 5.0
#: How long the API is asked to hold an answer, in whole seconds; it takes up to 30.
_HOLD_S = 25
#: An answer without news that came before so much of that time was not held.
_HELD = 0.9
#: So many of those in a row, and no more is asked to be held: one alone may be an API that was just stopped.
_UNHELD_MAX = 2
#: Too slow, too early, too often: what proxies and servers say of a request that will do later.
_LATER = {408, 425, 429}
#: What was lost sooner was not lost for its silence.
_SILENT_S = 1.0
#: How long an attempt may take at least, however soon the driver wants to be back; twice as long after each in vain.
_ATTEMPT_S = 2.0
_NEVER = float("inf")


@dataclass(frozen=True)
class Poll:
    """Ask for the status now; the answer may be held for `hold_s`, while nothing is newer than `after`."""

    after: int = 0
    hold_s: int = 0

    @property
    def query(self) -> dict[str, int]:
        """As the API reads it."""
        return {"after": self.after, "wait": self.hold_s} if self.hold_s else {}


@dataclass(frozen=True)
class Connect:
    """Open the socket, from `after` on."""

    after: int


@dataclass(frozen=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


Move = Poll | Connect | Wait


class WatchPlan:
    """Tell a driver its next move, and take in what became of it. Times are of one monotonic clock, in seconds."""

    def __init__(
        self, job_id: str, now: float, *, base: str = "", timeout_s: float | None = None, draw: Draw = random.random
    ) -> None:
        if timeout_s is not None and not timeout_s >= 0:
            raise BadInput(f"timeout_s={timeout_s!r}: give a number of seconds from 0, or None to wait for ever")
        self.job_id = job_id
        self.latest: Snapshot | None = None
        self.etag: str | None = None
        self.over = False
        self.dropped = 0
        self._base = base
        self._timeout_s = timeout_s
        self._draw = draw
        self._poll_at = self._connect_at = now
        self._answered_at = self._changed_at = now
        self._unknown_since: float | None = None
        self._connected_at = 0.0
        self._connected = False
        self._frames = 0
        self._hold_s = _HOLD_S
        # How many answers in a row came at once that were to be held.
        self._unheld = 0
        self._asked, self._asked_at = Poll(), now
        self._polls_failed = self._connects_failed = 0
        self._why: HeadwayError = unreachable(base, "not tried yet")

    @property
    def seq(self) -> int:
        """That of the latest snapshot; 0 before the first."""
        return 0 if self.latest is None else self.latest.seq

    def away_s(self, now: float) -> float:
        """Seconds since the API last answered; 0 while a socket is open or no attempt has failed since."""
        return 0.0 if self._connected or not self._polls_failed else now - self._answered_at

    def next_move(self, now: float, patience_s: float = math.inf) -> Move:
        """What to do now; a driver that wants to be back within `patience_s` is given no longer move.

        Raises:
            ApiUnavailable: nothing was answered for `timeout_s`.
        """
        give_up_at = _NEVER if self._timeout_s is None else self._answered_at + self._timeout_s
        if now >= give_up_at and self._polls_failed:
            raise self._why
        due_at = min(self._poll_at, self._connect_at)
        if due_at > now:
            return Wait(max(min(due_at - now, give_up_at - now, patience_s), 0.0))
        if self._connect_at < self._poll_at:
            return Connect(self.seq)
        self._asked, self._asked_at = self._poll(now, patience_s), now
        return self._asked

    def overdue(self, now: float, waited_s: float) -> HeadwayError:
        """The error for a job whose end was waited for in vain."""
        if self.away_s(now):
            return self._why
        return StillRunning(self.job_id, None if self.latest is None else self.latest.status, waited_s)

    def attempt_s(self, longest_s: float, patience_s: float) -> float:
        """How long the next attempt may take for a driver that wants to be back within `patience_s`.

        A slow API is heard in the end: it is given more time each time that it was not.
        """
        least_s = _ATTEMPT_S * 2.0 ** min(self._polls_failed + self._connects_failed, 10)
        return min(longest_s, max(patience_s, least_s))

    def time_left_s(self, now: float, longest_s: float) -> float:
        """How long the next attempt may take, so that it does not outlast `timeout_s` by much."""
        if self._timeout_s is None:
            return longest_s
        return min(longest_s, max(self._answered_at + self._timeout_s - now, 0.1))

    def take_frame(self, frame: str | bytes, now: float) -> Snapshot | None:
        """The snapshot in a frame or body if it is news; one that cannot be read is counted in `dropped`."""
        try:
            snapshot = Snapshot.model_validate_json(frame)
        except ValidationError:
            self.dropped += 1
            return None
        if "seq" not in snapshot.model_fields_set:
            snapshot = self._numbered(snapshot)
        if snapshot.seq <= self.seq:
            return None
        self.latest = snapshot
        # An older snapshot's tag would have the API answer at once with this one.
        self.etag = None
        self.over = snapshot.status.terminal
        self._changed_at = now
        self._frames += 1
        return snapshot

    def take_poll(self, http_status: int, headers: Mapping[str, str], body: bytes, now: float) -> Snapshot | None:
        """The snapshot in the answer to a poll if it is news.

        Args:
            http_status: as received.
            headers: looked up by lower-case names.
            body: as received.
            now: when it was received.

        Raises:
            JobNotFound: the job has been unknown for `UNKNOWN_S`.
            ApiRefused: the API refuses this client, or the request.
            ApiUnavailable: what answers is not headway's API.
        """
        if http_status not in {200, 304}:
            error = error_of(http_status, body, about=self.job_id, base=self._base)
            if isinstance(error, JobNotFound):
                self._unknown(now)
            elif http_status >= 500 or http_status in _LATER or (http_status == 404 and self.seq):
                # A proxy whose API is not there for the moment says 404 too, in words of its own.
                self.poll_failed(now, error, seconds_of(headers.get("retry-after")))
            else:
                raise error
            return None
        self._heard(now)
        self._unknown_since = None
        news = None if http_status == 304 else self.take_frame(body, now)
        if self.dropped and not self.seq:
            raise not_headway(self._base, f"/status/{self.job_id}")
        self.etag = headers.get("etag") or self.etag
        pause_s = poll_after_s(seconds_of(headers.get("headway-poll-after")), now - self._changed_at, self._draw)
        self._poll_at = now + max(pause_s - self._held_s(now, news), 0.0)
        return news

    def poll_failed(self, now: float, why: HeadwayError, retry_after_s: float | None = None) -> None:
        """The API did not answer a poll, or could not serve it."""
        self._polls_failed += 1
        self._why = why
        self._unheld = 0
        if self._asked.hold_s and now - self._asked_at >= _SILENT_S:
            # Something in between may cut what is silent for long.
            self._hold_s = max(self._asked.hold_s // 2, 1)
        wait_s = backoff_s(self._polls_failed, self._draw, first_s=0.5, longest_s=10.0)
        self._poll_at = now + max(wait_s, min(retry_after_s or 0.0, 60.0))
        # Polls go first on a tie: a socket is asked for only when the API answers again.
        self._connect_at = max(self._connect_at, self._poll_at)

    def connected(self, now: float) -> None:
        """The socket is open; it replaces the polls."""
        self._heard(now)
        self._connected = True
        self._connected_at = now
        self._frames = 0

    def connect_failed(self, now: float) -> None:
        """The socket could not be opened, or said nothing; the polls go on as they were."""
        self._connects_failed += 1
        self._connect_at = now + backoff_s(self._connects_failed, self._draw, first_s=1.0, longest_s=60.0)

    def closed(self, now: float, code: int | None, reason: str) -> None:
        """The socket ended with this close code, None where the connection was lost.

        Raises:
            JobNotFound: the API does not know the job.
            NotSignedIn: the API wants a token that is valid.
            NotAllowed: the API refuses this client.
        """
        if code == 4404:
            raise JobNotFound(self.job_id, self._base)
        if code == 4401:
            raise not_signed_in(reason, self._base)
        if code == 4403:
            raise NotAllowed(reason or "the API refused the connection")
        # One that never said a word and was lost may have gone through something that keeps words back.
        good = self._frames > 0 or (code is not None and now - self._connected_at >= _GOOD_SOCKET_S)
        self._connected = False
        self._answered_at = now
        if not good:
            self.connect_failed(now)
            return
        self._connects_failed = 0
        # Everybody's socket ends when the API restarts: come back spread over half a second.
        self._connect_at = now + 0.5 * self._draw()
        self._poll_at = self._connect_at + 0.1

    def _poll(self, now: float, patience_s: float) -> Poll:
        """Hold the answer only where the socket fails, and no longer than until that is tried again."""
        if self._unheld >= _UNHELD_MAX or not self._connects_failed or not self.seq:
            return Poll()
        longest_s = min(self._hold_s, patience_s, max(self._connect_at - now, 1.0))
        hold_s = int(min(longest_s, max(self.time_left_s(now, _NEVER) / 2, 1.0)))
        return Poll(self.seq, hold_s) if hold_s else Poll()

    def _held_s(self, now: float, news: Snapshot | None) -> float:
        """What the API's holding back of an answer counts towards the pause before the next poll."""
        if news is not None or not self._asked.hold_s:
            return 0.0
        held_s = now - self._asked_at
        if held_s >= _HELD * self._asked.hold_s:
            self._unheld = 0
            return held_s
        self._unheld += 1
        return 0.0

    def _numbered(self, snapshot: Snapshot) -> Snapshot:
        """Number the snapshots of an API that does not, such as the lesson's: what differs is the next one."""
        same = snapshot.model_copy(update={"seq": self.seq})
        return same if same == self.latest else snapshot.model_copy(update={"seq": self.seq + 1})

    def _unknown(self, now: float) -> None:
        self._heard(now)
        if self._unknown_since is None:
            self._unknown_since = now
        if now - self._unknown_since >= UNKNOWN_S:
            raise JobNotFound(self.job_id, self._base)
        self._poll_at = now + 1.0

    def _heard(self, now: float) -> None:
        self._answered_at = now
        self._polls_failed = 0
