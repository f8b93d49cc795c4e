"""A snapshot as it lies in Redis, headway's own or a lesson writer's."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

from pydantic import ValidationError

from headway.errors import Unreadable
from headway.snapshot import Snapshot
from headway.status import Status

#: How every snapshot that headway wrote begins; anything else under the key is a lesson writer's.
OWN_PREFIX = b'{"seq":'

_DEFAULTS: dict[str, Any] = Snapshot(job_id="-").model_dump(mode="json")
_SEQ_MAX = 10**15 - 1

# The script writes the head and `body.encode` the rest, both in one order: who has its first members and its last one
# has those between. Looking at these costs about a microsecond, whatever the result between them weighs.
_OWN_HEAD = re.compile(
    rb'\{"seq":([1-9][0-9]{0,14}),"attempt":[1-9][0-9]{0,8},"control":(?:null|\{[^{}]*+\}),"updated_at":"([^"\\]*+)",'
    rb'"job_id":"[A-Za-z0-9_-]{1,64}","status":"(%b)","percent":(?:[0-9]{1,2}|100),'
    rb'"message":"(?:[^"\\]++|\\.)*+","result":' % b"|".join(status.value.encode() for status in Status)
)
_OWN_TAIL = re.compile(rb'"%b":(?:null|"[^"\\]*+")\}\Z' % list(_DEFAULTS)[-1].encode())
_TAIL_BYTES = 64
_STATUSES = {status.value.encode(): status for status in Status}


@dataclass(frozen=True)
class Stored:
    """One job's latest snapshot.

    `raw` is the JSON object as every face gets it; the rest is what those who pass it on need to know of it. `adopted`
    marks a lesson writer's: its members stand as written, with seq, attempt and defaults for the missing ones put
    beside them. `updated_at` is as its writer gave it; None where a lesson writer gave no text.
    """

    raw: bytes
    seq: int
    status: Status
    updated_at: str | None
    adopted: bool = False

    @property
    def snapshot(self) -> Snapshot:
        """The parsed snapshot."""
        return Snapshot.model_validate_json(self.raw)

    @cached_property
    def owner(self) -> str | None:
        """Whose job it is; nobody's where a lesson writer says so, since anybody may write that."""
        owner = None if self.adopted else json.loads(self.raw).get("owner")
        return owner if isinstance(owner, str) else None


def is_own(raw: bytes) -> bool:
    """Whether headway wrote these bytes."""
    return raw.startswith(OWN_PREFIX)


def own(job_id: str, raw: bytes) -> Stored:
    """Wrap a snapshot that headway wrote; what only begins like one gets the members that it lacks.

    Raises:
        Unreadable: the bytes begin like headway's and go on like nobody's.
    """
    head = _OWN_HEAD.match(raw)
    if head is not None and _OWN_TAIL.search(raw, len(raw) - _TAIL_BYTES):
        return Stored(raw, int(head[1]), _STATUSES[head[3]], head[2].decode(errors="replace"))
    return _mended(job_id, raw)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the script found under a snapshot key: `own`, `adopted`, `unreadable`, `unknown` or `gone`."""

    code: str
    seq: int
    attempt: int
    raw: bytes


def resolve(job_id: str, found: Adoption) -> Stored | None:
    """The snapshot that an adoption found, or None for an unknown or deleted job.

    Raises:
        Unreadable: what is stored is no snapshot.
    """
    if found.code in {"unknown", "gone"}:
        return None
    if found.code == "own":
        return own(job_id, found.raw)
    if found.code == "unreadable":
        raise Unreadable(job_id, "it is not a JSON object")
    return _complete(job_id, found.raw, found.seq, found.attempt)


def _complete(job_id: str, raw: bytes, seq: int, attempt: int) -> Stored:
    """Put beside a lesson writer's members those that it left out.

    Raises:
        Unreadable: it is not a JSON object, or its status is no status.
    """
    members = _DEFAULTS | {"job_id": job_id} | _members(job_id, raw) | {"seq": seq, "attempt": attempt}
    _parsed(job_id, members)
    updated_at = members["updated_at"]
    given = updated_at if isinstance(updated_at, str) else None
    return Stored(_written(members), seq, Status(members["status"]), given, adopted=True)


def _mended(job_id: str, raw: bytes) -> Stored:
    """Give what begins like headway's the members that it lacks, each of the type that headway's have.

    Raises:
        Unreadable: it is not a JSON object, or has no seq or no status.
    """
    members = _members(job_id, raw)
    seq = members.get("seq")
    if type(seq) is not int or not 1 <= seq <= _SEQ_MAX:
        raise Unreadable(job_id, "its seq is not a whole number from 1")
    # Unlike a lesson writer's, which may leave it out, headway's own always says where the job is.
    whole = _DEFAULTS | {"job_id": job_id, "status": None} | members
    snapshot = _parsed(job_id, whole)
    try:
        written = _written(snapshot.model_dump(mode="json"))
    except (ValueError, RecursionError):
        # pydantic writes neither what is nested deeper than 255 nor a name with half of a surrogate pair.
        raise Unreadable(job_id, "a member is nested too deeply, or has a name that is no text") from None
    return Stored(written, seq, snapshot.status, snapshot.updated_at)


def _members(job_id: str, raw: bytes) -> dict[str, Any]:
    try:
        # NaN and infinity are not JSON, and no browser reads them; 1e999 is how a double says infinity.
        members = json.loads(raw, parse_constant=lambda name: None, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Unreadable(job_id, "it is not JSON") from None
    if not isinstance(members, dict):
        raise Unreadable(job_id, "it is JSON, but not an object")
    return members


def _parsed(job_id: str, members: dict[str, Any]) -> Snapshot:
    if members["status"] not in [status.value for status in Status]:
        raise Unreadable(job_id, f"{str(members['status'])[:80]!r} is not a status")
    try:
        return Snapshot.model_validate(members)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Unreadable(job_id, f"member {where!r}: {error.errors()[0]['msg']}") from None


def _written(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode("utf-8", "replace")


def _finite(text: str) -> float | None:
    value = float(text)
    return value if isfinite(value) else None
