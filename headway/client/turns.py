"""When it is each of many jobs' turn to be asked for, or to be offered to their socket again; no input or output."""

import math
import random
from collections.abc import Iterable

from headway.client.cadence import Draw, backoff_s, poll_after_s

#: How long a new job waits for the socket before it is asked for, in seconds.
GRACE_S = 0.3
_UNKNOWN_POLL_S = 1.0


class Turns:
    """The turns of jobs that no socket brings: at the API's cadence once it answered for them, and sooner before.

    Times are of one monotonic clock, in seconds.
    """

    def __init__(self, now: float, *, draw: Draw = random.random) -> None:
        self._draw = draw
        self._known: set[str] = set()
        self._known_at, self._others_at = now, math.inf
        self._changed_at = now
        self._failures = 0
        self._refusals: dict[str, tuple[int, float]] = {}

    def expect(self, now: float) -> None:
        """There may be a job that the API has not answered for."""
        self._others_at = min(self._others_at, now + GRACE_S)

    def take_due(self, job_ids: Iterable[str], now: float) -> list[str]:
        """Those of these jobs that are to be asked for now."""
        due = [job_id for job_id in job_ids if now >= (self._known_at if job_id in self._known else self._others_at)]
        if not self._known.issuperset(due):
            self._others_at = math.inf
        return due

    def answered(self, asked: Iterable[str], missing: Iterable[str], asked_s: float | None, now: float) -> None:
        """A poll was answered.

        Args:
            asked: the jobs that it was for.
            missing: those of them that the API does not know.
            asked_s: how long the API asks to wait; None where it did not say.
            now: when it was answered.
        """
        self._failures = 0
        again_at = now + poll_after_s(asked_s, now - self._changed_at, self._draw)
        taken = not self._known.isdisjoint(asked) or self._known_at <= now
        self._known_at = again_at if taken else min(self._known_at, again_at)
        self._known |= set(asked)
        for job_id in missing:
            self._known.discard(job_id)
            self._others_at = min(self._others_at, now + _UNKNOWN_POLL_S)

    def failed(self, now: float) -> None:
        """A poll was not answered."""
        self._failures += 1
        wait_s = backoff_s(self._failures, self._draw, first_s=0.5, longest_s=10.0)
        self._known_at = self._others_at = now + wait_s

    def changed(self, now: float) -> None:
        """There was news, by whichever way."""
        self._changed_at = now

    def refused(self, job_id: str, now: float) -> None:
        """The socket does not take this job for the moment."""
        count = self._refusals.get(job_id, (0, 0.0))[0] + 1
        self._refusals[job_id] = count, now + backoff_s(count, self._draw, first_s=1.0, longest_s=60.0)
        self.expect(now)

    def acceptable(self, job_ids: Iterable[str], now: float) -> list[str]:
        """Those of these jobs that the socket may be offered."""
        return [job_id for job_id in job_ids if now >= self._refusals.get(job_id, (0, 0.0))[1]]

    def forget(self, job_id: str) -> None:
        """A job is followed no more."""
        self._known.discard(job_id)
        self._refusals.pop(job_id, None)

    def connected(self) -> None:
        """There is a new socket: the API answers, and has refused nothing on it."""
        self._failures = 0
        self._refusals.clear()
