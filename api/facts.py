"""What delivery needs to know of a snapshot without parsing it into a model."""

import hashlib
import json
import random
import time
from dataclasses import dataclass

from headway.clock import parse_utc
from headway.errors import Unreadable
from headway.status import Status
from headway.store import Stored

#: After so long without a change a job counts as idle, in seconds.
ACTIVE_S = 30.0


@dataclass(frozen=True, slots=True)
class Facts:
    """Whether the job is over, and the time of its latest change; None where its writer left that out."""

    terminal: bool
    changed_at_s: float | None

    def poll_after_s(self, now_s: float) -> float | None:
        """The lesson's cadence: when to ask again, in seconds; None for a job that is over."""
        if self.terminal:
            return None
        # Clocks of two machines differ: a change "in the future" is one just made.
        if self.changed_at_s is None or now_s - self.changed_at_s < ACTIVE_S:
            return 1.0
        return round(random.uniform(3.0, 5.0), 2)


def facts(job_id: str, stored: Stored) -> Facts:
    """Look into a stored snapshot.

    Raises:
        Unreadable: it is not a JSON object with a known status.
    """
    try:
        members = json.loads(stored.raw)
        status = Status(members["status"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(job_id, f"it is no JSON object with a known status ({type(error).__name__})") from None
    return Facts(status.terminal, _seconds(members.get("updated_at")))


def poll_after(job_id: str, stored: Stored) -> str | None:
    """The `Headway-Poll-After` header; None for a job that is over.

    Raises:
        Unreadable: as for `facts`.
    """
    after_s = facts(job_id, stored).poll_after_s(time.time())
    return None if after_s is None else f"{after_s:g}"


def etag(stored: Stored) -> str:
    """A strong entity tag: `"<seq>-<hash of the body>"`."""
    return f'"{stored.seq}-{hashlib.blake2b(stored.raw, digest_size=8).hexdigest()}"'


def etag_matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names this tag, by RFC 9110's weak comparison."""
    if header is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return tag in tags or "*" in tags


def _seconds(updated_at: object) -> float | None:
    try:
        return parse_utc(updated_at) if isinstance(updated_at, str) else None
    except ValueError:
        return None
