"""What the blocking and the asyncio watch have in common: the plan, and how their socket is opened and ends."""

import logging
import time
from typing import Any

from websockets.exceptions import ConnectionClosed

from headway.client.address import Address
from headway.client.plan import WatchPlan
from headway.errors import HeadwayError
from headway.snapshot import Snapshot

# At DEBUG websockets logs every header of its handshake, the token's among them.
_log = logging.getLogger("headway.client.websocket")
_log.setLevel(logging.INFO)

OPEN_TIMEOUT_S = 5.0
PING_S = 20.0


class Following:
    """A job that is followed, whatever carries the bytes.

    Args:
        address: the API's.
        job_id: the job's.
        timeout_s: how long the API may be away; None is for ever.
        request_s: how long one request may take that is answered at once.
    """

    def __init__(self, address: Address, job_id: str, *, timeout_s: float | None, request_s: float) -> None:
        self._address = address
        self._request_s = request_s
        self._plan = WatchPlan(job_id, time.monotonic(), base=address.base, timeout_s=timeout_s)
        self._ping_s = PING_S if timeout_s is None else min(PING_S, max(timeout_s / 2, 0.5))

    @property
    def job_id(self) -> str:
        """Whose snapshots these are."""
        return self._plan.job_id

    @property
    def latest(self) -> Snapshot | None:
        """The last snapshot there was; None before the first."""
        return self._plan.latest

    @property
    def dropped(self) -> int:
        """Frames and answers that were no snapshot and were left out."""
        return self._plan.dropped

    @property
    def away_s(self) -> float:
        """Seconds since the API last answered; 0 while it does."""
        return self._plan.away_s(time.monotonic())

    def _answer_s(self, hold_s: float, patience_s: float) -> float:
        """How long to wait for an answer that the API may hold back for `hold_s`, by a caller with so much patience."""
        longest_s = self._plan.attempt_s(self._request_s, patience_s - hold_s)
        return self._plan.time_left_s(time.monotonic(), longest_s + hold_s)

    def _socket_url(self, after: int) -> str:
        return self._address.websocket(f"/ws/{self._plan.job_id}" + (f"?after={after}" if after else ""))

    def _socket_options(self, headers: dict[str, str], patience_s: float) -> dict[str, Any]:
        longest_s = self._plan.attempt_s(min(OPEN_TIMEOUT_S, self._request_s), patience_s)
        open_timeout_s = self._plan.time_left_s(time.monotonic(), longest_s)
        return socket_options(self._address, headers, open_timeout_s=open_timeout_s, ping_s=self._ping_s)

    def _socket_ended(self, end: ConnectionClosed) -> None:
        code, reason = (None, "") if end.rcvd is None else (end.rcvd.code, end.rcvd.reason)
        self._plan.closed(time.monotonic(), code, reason)

    def _ended(self) -> Snapshot:
        """The terminal snapshot of a watch that is done."""
        if self.latest is None or not self._plan.over:
            raise HeadwayError("this watch was closed before the job ended")
        return self.latest


def socket_options(
    address: Address, headers: dict[str, str], *, open_timeout_s: float, ping_s: float
) -> dict[str, Any]:
    """How to open a socket to the API, whichever of websockets' two clients does."""
    return {
        "additional_headers": headers,
        "proxy": None if address.loopback else True,
        "compression": None,
        "open_timeout": open_timeout_s,
        "ping_interval": ping_s,
        "ping_timeout": ping_s,
        "close_timeout": 0.5,
        # A result or a foreign snapshot may be of any size, as over HTTP.
        "max_size": None,
        "logger": _log,
    }
