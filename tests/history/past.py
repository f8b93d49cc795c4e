"""Jobs of times that a test names, recorded as if they had been written then."""

import json
import random
from itertools import count

from headway import keys
from headway.clock import format_utc, parse_utc
from headway.history.entries import Entry
from headway.history.writing import Writer

_numbers = count(1)


def at(text: str) -> float:
    """Seconds since 1970 of a time of 2025-10-28, such as 10:21 or 10:21:34.5, or of another day: 27T10:21."""
    day, _, clock = text.rpartition("T")
    return parse_utc(f"2025-10-{day or 28}T{clock}{':00' if clock.count(':') == 1 else ''}Z")


def incompressible(length: int) -> str:
    """Text that PostgreSQL cannot make fit by compressing it."""
    draw = random.Random(length)
    return "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(length))


class Past:
    """Writes what happened."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._seqs: dict[str, int] = {}

    def write(self, job_id: str, when: str, status: str, **members: object) -> None:
        """One event of a job; times are given as `at` takes them."""
        seq = self._seqs[job_id] = self._seqs.get(job_id, 0) + 1
        for name in ("created_at", "started_at", "finished_at"):
            if name in members:
                members[name] = format_utc(at(str(members[name])))
        snapshot = {"seq": seq, "attempt": 1, "job_id": job_id, "status": status, "updated_at": format_utc(at(when))}
        fields = {b"n": b"%d" % next(_numbers), b"job": job_id.encode(), b"kind": b"write"}
        entry_id = f"{int(at(when) * 1000)}-{seq}"
        self._writer.write(
            [Entry(keys.EVENTS, entry_id, fields | {b"snapshot": json.dumps(snapshot | members).encode()})]
        )

    def job(
        self,
        job_id: str,
        created: str,
        started: str | None,
        finished: str | None,
        status: str = "finished",
        **members: object,
    ) -> None:
        """A whole job of one attempt, of the task `count` and the worker `w-1` if nothing else is said."""
        known: dict[str, object] = {"task": "count", "created_at": created} | members
        self.write(job_id, created, "queued", **known)
        if started is not None:
            known |= {"worker": "w-1", "started_at": started} | members
            self.write(job_id, started, "started", **known)
        if finished is not None:
            if started is not None:
                known = {"elapsed_s": round(at(finished) - at(started), 3)} | known
            self.write(job_id, finished, status, **known, finished_at=finished)
