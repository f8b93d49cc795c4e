"""What a watch does next: poll, open a socket or wait; no input or output of its own.

It polls first, so that the last snapshot is there at once, then follows the WebSocket from that `seq` on. While no
socket can be had it polls at the API's cadence and tries the socket again, ever more rarely. An API that does not
answer a poll is not asked for a socket.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from headway.client.cadence import Draw, backoff_s, poll_after_s, seconds_of
from headway.client.problems import error_of, not_headway, unreachable
from headway.errors import ApiRefused, HeadwayError, JobNotFound
from headway.snapshot import Snapshot

#: How long a job may be unknown before it counts as not there; the API's socket waits as long.
UNKNOWN_S = 5.0
#: A socket that lived this long was a good one, even if it had nothing to say.
_GOOD_SOCKET_S = 5.0
_NEVER = float("inf")


@dataclass(frozen=True)
class Poll:
    """Ask for the status now."""


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
        self.job_id = job_id
        self.seq = 0
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
        self._polls_failed = self._connects_failed = 0
        self._why: HeadwayError = unreachable(base, "not tried yet")

    def away_s(self, now: float) -> float:
        """Seconds since the API last answered; 0 while a socket is open or no attempt has failed since."""
        return 0.0 if self._connected or not self._polls_failed else now - self._answered_at

    def next_move(self, now: float) -> Move:
        """What to do now.

        Raises:
            ApiUnavailable: nothing was answered for `timeout_s`.
        """
        give_up_at = _NEVER if self._timeout_s is None else self._answered_at + self._timeout_s
        if now >= give_up_at and self._polls_failed:
            raise self._why
        due_at = min(self._poll_at, self._connect_at)
        if due_at > now:
            return Wait(max(min(due_at, give_up_at) - now, 0.0))
        return Poll() if self._poll_at <= self._connect_at else Connect(self.seq)

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
        if snapshot.seq <= self.seq:
            return None
        self.seq = snapshot.seq
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
        if http_status >= 500:
            error = error_of(http_status, body, base=self._base)
            self.poll_failed(now, error, seconds_of(headers.get("retry-after")))
            return None
        if http_status not in {200, 304}:
            error = error_of(http_status, body, about=self.job_id, base=self._base)
            if not isinstance(error, JobNotFound):
                raise error
            self._unknown(now)
            return None
        self._heard(now)
        self._unknown_since = None
        news = None if http_status == 304 else self.take_frame(body, now)
        if self.dropped and not self.seq:
            raise not_headway(self._base, f"/status/{self.job_id}")
        self.etag = headers.get("etag") or self.etag
        self._poll_at = now + poll_after_s(headers.get("headway-poll-after"), now - self._changed_at, self._draw)
        return news

    def poll_failed(self, now: float, why: HeadwayError, retry_after_s: float | None = None) -> None:
        """The API did not answer a poll, or could not serve it."""
        self._polls_failed += 1
        self._why = why
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
            ApiRefused: the API refuses this client.
        """
        if code == 4404:
            raise JobNotFound(self.job_id)
        if code in {4401, 4403}:
            raise ApiRefused(code - 4000, {"detail": reason or "the API refused the connection"})
        good = self._frames > 0 or now - self._connected_at >= _GOOD_SOCKET_S
        self._connected = False
        self._answered_at = now
        if not good:
            self.connect_failed(now)
            return
        self._connects_failed = 0
        # Everybody's socket ends when the API restarts: come back spread over half a second.
        self._connect_at = now + 0.5 * self._draw()
        self._poll_at = self._connect_at + 0.1

    def _unknown(self, now: float) -> None:
        self._heard(now)
        if self._unknown_since is None:
            self._unknown_since = now
        if now - self._unknown_since >= UNKNOWN_S:
            raise JobNotFound(self.job_id)
        self._poll_at = now + 1.0

    def _heard(self, now: float) -> None:
        self._answered_at = now
        self._polls_failed = 0
