"""A snapshot as it lies in Redis, headway's own or a lesson writer's."""

import json
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pydantic import ValidationError

from headway.errors import Unreadable
from headway.snapshot import Snapshot
from headway.status import Status

#: How every snapshot that headway wrote begins; anything else under the key is a lesson writer's.
OWN_PREFIX = b'{"seq":'

_DEFAULTS: dict[str, Any] = Snapshot(job_id="-").model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Stored:
    """One job's latest snapshot.

    `raw` is the JSON object as every face gets it. `adopted` marks a lesson writer's: its members stand as written,
    with seq, attempt and defaults for the missing ones put beside them.
    """

    raw: bytes
    seq: int
    adopted: bool = False

    @property
    def snapshot(self) -> Snapshot:
        """The parsed snapshot."""
        return Snapshot.model_validate_json(self.raw)


def is_own(raw: bytes) -> bool:
    """Whether headway wrote these bytes."""
    return raw.startswith(OWN_PREFIX)


def own(job_id: str, raw: bytes) -> Stored:
    """Wrap a snapshot that headway wrote.

    Raises:
        Unreadable: the bytes begin like headway's and go on like nobody's.
    """
    seq = raw[len(OWN_PREFIX) : raw.find(b",")]
    if not seq.isdigit() or len(seq) > 15:
        raise Unreadable(job_id, "it begins like headway's and goes on otherwise")
    return Stored(raw, int(seq))


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
    try:
        # NaN and infinity are not JSON, and no browser reads them; 1e999 is how a double says infinity.
        written = json.loads(raw, parse_constant=lambda name: None, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Unreadable(job_id, "it is not JSON") from None
    if not isinstance(written, dict):
        raise Unreadable(job_id, "it is JSON, but not an object")
    members = _DEFAULTS | {"job_id": job_id} | written | {"seq": seq, "attempt": attempt}
    if members["status"] not in [status.value for status in Status]:
        raise Unreadable(job_id, f"{str(members['status'])[:80]!r} is not a status")
    try:
        Snapshot.model_validate(members)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Unreadable(job_id, f"member {where!r}: {error.errors()[0]['msg']}") from None
    return Stored(json.dumps(members, ensure_ascii=False).encode("utf-8", "replace"), seq, adopted=True)


def _finite(text: str) -> float | None:
    value = float(text)
    return value if isfinite(value) else None
