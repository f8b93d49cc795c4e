"""Entries of the streams, and what of them becomes rows."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any

from pydantic_core import from_json

from headway import keys
from headway.clock import format_utc, parse_utc
from headway.errors import Unreadable
from headway.status import TERMINAL_STATUSES, Status
from headway.store.stored import Adoption, resolve

Row = dict[str, Any]

_ENTRY_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,10})")
_STATUSES = frozenset(status.value for status in Status)
_ADOPTION = b"adopt"
_BIG = 1 << 63
_INT_MAX = (1 << 31) - 1
# What indexes are made of: PostgreSQL takes about 2,700 bytes there. Nothing of headway's own is longer.
_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream, as Redis gave it."""

    stream: str
    entry_id: str
    fields: Mapping[bytes, bytes]

    @property
    def place(self) -> str:
        """Its id such that text order is the stream's order.

        Raises:
            ValueError: it is no entry's id.
        """
        found = _ENTRY_ID.fullmatch(self.entry_id)
        if found is None:
            raise ValueError(f"{self.entry_id[:80]!r} is no id of a stream's entry")
        return f"{int(found[1]):013d}-{int(found[2]):010d}"

    @property
    def at(self) -> str:
        """When Redis took it, by its own clock."""
        return format_utc(int(self.entry_id.partition("-")[0]) / 1000)

    @property
    def number(self) -> int | None:
        """What the stream's counter gave it; None where it has none."""
        return _natural(self.fields.get(b"n"))

    def job_id(self) -> str:
        """Whose it is.

        Raises:
            Unreadable: it names no job.
        """
        job_id = self.fields.get(b"job", b"").decode(errors="replace")
        if not keys.is_job_id(job_id):
            raise Unreadable(job_id[:80], "an entry of the stream names no job")
        return job_id


@dataclass(frozen=True, slots=True)
class Written:
    """What an accepted write says of a job."""

    job_id: str
    members: Mapping[str, Any]
    raw: bytes
    place: str
    entry: Entry

    def event(self) -> Row:
        """Its row in `job_progress_events`."""
        members = self.members
        return {
            "job_id": self.job_id,
            "attempt": members["attempt"],
            "seq": members["seq"],
            "status": members["status"],
            "percent": _percent(members.get("percent")),
            "message": text(members.get("message")) or "",
            "n": number(members.get("n")),
            "total": number(members.get("total")),
            "error": _error(members.get("error")),
            "at": time(members.get("updated_at")) or self.entry.at,
            "entry": self.place,
        }

    def attempt(self) -> Row:
        """Its row in `job_attempts`."""
        return _attempt(self.job_id, self.members, self.place)

    def job(self) -> Row:
        """Its row in `jobs`."""
        members, event = self.members, self.event()
        times = {name: time(members.get(name)) for name in ("created_at", "started_at", "finished_at")}
        # A lesson writer does not say it, or may say anything.
        if self.over:
            times["finished_at"] = times["finished_at"] or event["at"]
        else:
            times["finished_at"] = None
        return {
            **{name: event[name] for name in ("job_id", "entry", "seq", "attempt", "status", "percent", "message")},
            **{name: _name(members.get(name)) for name in ("task", "queue", "worker")},
            # Anybody may write into a lesson writer's whose it is.
            "owner": None if self.adopted else _name(members.get("owner")),
            **times,
            "error": event["error"],
            "updated_at": event["at"],
            "elapsed_s": number(members.get("elapsed_s")),
            "paused_s": number(members.get("paused_s")),
            "snapshot": self.raw.decode("utf-8", "replace"),
            "listed_at": times["created_at"] or self.entry.at,
            "wait_s": self.wait_s(),
            "run_s": self._run_s(times) if self.over else None,
        }

    @property
    def adopted(self) -> bool:
        """Whether a lesson writer wrote it."""
        return self.entry.fields.get(b"kind") == _ADOPTION

    @property
    def over(self) -> bool:
        """Whether this write ended the job."""
        return self.members["status"] in TERMINAL_STATUSES

    def wait_s(self) -> float | None:
        """How long the job waited for its first start, in seconds; None if another attempt says this, or none can."""
        if self.members["attempt"] != 1:
            return None
        return _between(time(self.members.get("created_at")), time(self.members.get("started_at")))

    def _run_s(self, times: Mapping[str, str | None]) -> float | None:
        elapsed_s = number(self.members.get("elapsed_s"))
        if elapsed_s is not None or times["started_at"] is None:
            return elapsed_s
        run_s = _between(times["started_at"], times["finished_at"])
        return None if run_s is None else max(0.0, run_s - (number(self.members.get("paused_s")) or 0.0))


def written(entry: Entry, place: str) -> Written:
    """Read a write by headway, or one of a lesson writer's that was adopted.

    Raises:
        Unreadable: it is no snapshot.
    """
    job_id = entry.job_id()
    raw = entry.fields.get(b"snapshot", b"")
    members = _object(job_id, raw)
    if entry.fields.get(b"kind") == _ADOPTION:
        seq, attempt = members.get("seq"), members.get("attempt")
        if type(seq) is not int or type(attempt) is not int:
            raise Unreadable(job_id, "its adoption has no seq and attempt")
        stored = resolve(job_id, Adoption("adopted", seq, attempt, entry.fields.get(b"extra", b"")))
        raw = stored.raw if stored is not None else b""
        members = _object(job_id, raw)
    for name, highest in (("seq", _BIG - 1), ("attempt", _INT_MAX)):
        value = members.get(name)
        if type(value) is not int or not 1 <= value <= highest:
            raise Unreadable(job_id, f"its {name} is not a whole number from 1")
    if members.get("status") not in _STATUSES:
        raise Unreadable(job_id, "its status is no status")
    return Written(job_id, members, raw, place, entry)


def ended(entry: Entry, job_id: str, place: str) -> Row | None:
    """The row in `job_attempts` of the attempt that this write ended; None if it says of none.

    Raises:
        Unreadable: it says so in a way that cannot be read.
    """
    raw = entry.fields.get(b"ended")
    if raw is None:
        return None
    members = _object(job_id, raw)
    attempt = members.get("attempt")
    if type(attempt) is not int or not 1 <= attempt <= _INT_MAX or members.get("status") not in _STATUSES:
        raise Unreadable(job_id, "the attempt that it ended has no number or no status")
    return _attempt(job_id, members, place)


def extra(entry: Entry, job_id: str) -> dict[str, Any]:
    """What an event carries beside its snapshot: `points` and `action`.

    Raises:
        Unreadable: it is not a JSON object.
    """
    raw = entry.fields.get(b"extra")
    if raw is None or entry.fields.get(b"kind") == b"adopt":
        return {}
    return _object(job_id, raw)


def points(entry: Entry, job_id: str, attempt: int, place: str, extra: Mapping[str, Any]) -> list[Row]:
    """The rows in `job_metrics`; what is no point is left out."""
    found = extra.get("points")
    dropped = extra.get("points_dropped")
    rows: list[Row] = []
    for i, point in enumerate(found if isinstance(found, list) else []):
        if isinstance(point, list) and len(point) == 3 and isinstance(point[0], int):
            at_ms, name, value = point
            rows.append(
                {
                    "job_id": job_id,
                    "attempt": attempt,
                    "name": text(name) or "",
                    "value": number(value),
                    "at": _time_ms(at_ms) or entry.at,
                    "dropped": (_natural(dropped) or 0) if not rows else 0,
                    "entry": place,
                    "idx": i,
                }
            )
    return rows


def action(entry: Entry, job_id: str, place: str, extra: Mapping[str, Any]) -> Row | None:
    """The row in `job_actions`; None if nobody asked for anything."""
    found = extra.get("action")
    if entry.fields.get(b"kind") == b"delete" and not isinstance(found, dict):
        # Whoever deleted it did not say who they are.
        found = {"asked": "delete"}
    if not isinstance(found, dict):
        return None
    return {
        "job_id": job_id,
        "action": (text(found.get("asked")) or "")[:16],
        "by": text(found.get("by")),
        "verified": found.get("verified") is True,
        "outcome": "allowed",
        "detail": None,
        "at": time(found.get("at")) or entry.at,
        "entry": place,
        "idx": 0,
    }


def lines(entry: Entry, place: str) -> list[Row]:
    """The rows in `job_logs`.

    Raises:
        Unreadable: they are no lines.
    """
    job_id = entry.job_id()
    attempt, raw = _natural(entry.fields.get(b"attempt")), entry.fields.get(b"lines", b"")
    found = _json(job_id, raw)
    if attempt is None or attempt > _INT_MAX or not isinstance(found, list):
        raise Unreadable(job_id, "an entry of its log has no attempt or no lines")
    # A job that was handed back counts its batches from 1 again in the same attempt, as another run.
    run, batch = entry.fields.get(b"run", b""), entry.fields.get(b"batch", b"")
    batch_key = blake2b(b"%d %b %b %b" % (attempt, run, batch, raw), digest_size=20).hexdigest()
    return [
        {
            "job_id": job_id,
            "attempt": attempt,
            "at": time(line[0]) or entry.at,
            "line": text(line[1]) or "",
            "dropped": min((_natural(line[2]) or 0), _INT_MAX) if len(line) > 2 else 0,
            "entry": place,
            "batch_key": batch_key,
            "idx": i,
        }
        for i, line in enumerate(found)
        if isinstance(line, list) and len(line) in {2, 3}
    ]


def text(value: object) -> str | None:
    """Text that every database takes; None for anything else."""
    if not isinstance(value, str):
        return None
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


@lru_cache(maxsize=4096)
def _parsed_time(value: str) -> str | None:
    try:
        return format_utc(parse_utc(value))
    except ValueError:
        return None


def time(value: object) -> str | None:
    """A time in the one form that sorts as text; None for anything else."""
    return _parsed_time(value) if isinstance(value, str) else None


def _between(earlier: str | None, later: str | None) -> float | None:
    if earlier is None or later is None:
        return None
    # Two machines' clocks differ.
    return round(max(0.0, parse_utc(later) - parse_utc(earlier)), 3)


def _time_ms(epoch_ms: int) -> str | None:
    try:
        return format_utc(epoch_ms / 1000)
    except (ValueError, OverflowError):
        return None


def _attempt(job_id: str, members: Mapping[str, Any], place: str) -> Row:
    return {
        "job_id": job_id,
        "attempt": members["attempt"],
        "entry": place,
        "status": members["status"],
        "worker": _name(members.get("worker")),
        "error": _error(members.get("error")),
        "started_at": time(members.get("started_at")),
        "finished_at": time(members.get("finished_at")),
        "paused_s": number(members.get("paused_s")),
    }


def _name(value: object) -> str | None:
    found = text(value)
    return None if found is None else found[:_NAME_MAX]


def _percent(value: object) -> int:
    if type(value) is int and 0 <= value <= 100:
        return value
    found = number(value)
    return 0 if found is None else int(min(max(found, 0), 100))


def _error(value: object) -> str | None:
    return None if value is None else text(json.dumps(value, ensure_ascii=False))


def _natural(value: object) -> int | None:
    try:
        found = int(value) if isinstance(value, bytes | int) else -1
    except ValueError:
        return None
    return found if 0 <= found < _BIG else None


def _object(job_id: str, raw: bytes) -> dict[str, Any]:
    found = _json(job_id, raw)
    if not isinstance(found, dict):
        raise Unreadable(job_id, "an entry of the stream is JSON, but not an object")
    return found


def _json(job_id: str, raw: bytes) -> Any:
    try:
        return from_json(raw)
    except ValueError:
        pass
    try:
        # It takes half a surrogate pair, which the faster one does not.
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Unreadable(job_id, "an entry of the stream is not JSON") from None
