"""What the store asks of Redis: each call as data, so that the sync and the async store only carry it out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.resources import files
from math import ceil
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from headway import keys
from headway.body import Members, encode
from headway.clock import parse_utc, utc_now
from headway.errors import Unreadable, WriteRefused
from headway.settings import Settings
from headway.snapshot import EndedAttempt, Spec
from headway.store.stored import Adoption

T = TypeVar("T")
Asked = Literal["pause", "resume", "cancel", ""]
Flag = Literal["", "acknowledge", "next"]
RawEntry = tuple[str, dict[bytes, bytes]]
Change = Literal["acknowledge", "next", "release", "hold", "resume"]

# One script to Redis: the later parts use what the first one defines.
_PARTS = ("state.lua", "holder.lua", "others.lua")
SCRIPT = "\n".join(files("headway.store").joinpath(part).read_text(encoding="utf-8") for part in _PARTS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the script says to a write.

    `code` is `ok`, `restored` (written into a Redis that had lost the job), or why it was refused: see
    `headway.errors.WriteRefused`. `seq` is this write's own, or the stored one when refused. `asked` is the action
    asked of the job and not yet acknowledged, empty for none.
    """

    code: str
    seq: int
    attempt: int
    asked: str
    paused_s: float

    @property
    def accepted(self) -> bool:
        """Whether the write, or an earlier copy of it, is stored."""
        return self.code in {"ok", "restored"}

    def or_raise(self, job_id: str) -> "Answer":
        """Return the answer to an accepted write, else raise `WriteRefused`."""
        if not self.accepted:
            raise WriteRefused(job_id, self.code, self.seq)
        return self


@dataclass(frozen=True, slots=True)
class Holder:
    """A writer of one attempt: its token is the fence, its counter tells repeats from new writes."""

    job_id: str
    attempt: int
    token: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One round trip: the script with `keys` and `args`, or the plain `commands` as one pipeline."""

    parse: Callable[[Any], T]
    keys: tuple[str, ...] = ()
    args: tuple[str | bytes | int | float, ...] = ()
    commands: tuple[tuple[Any, ...], ...] = ()


class Calls:
    """Builds calls with this installation's limits and lifetimes."""

    def __init__(self, settings: Settings) -> None:
        self._keep_ms = ceil(settings.keep_s * 1000)
        self._events_max = settings.events_max
        self._logs_max = settings.logs_max
        self._index_max = settings.index_max

    def create(self, spec: Spec, members: Members, *, request: str) -> Call[Answer]:
        """Write a job's first snapshot, its spec and its place in the lists; `exists` if the id is taken."""
        return self._write(
            "create", spec.job_id, spec.owner, request,
            encode(members), spec.model_dump_json(), _created_ms(spec), spec.owner or "", self._index_max,
        )  # fmt: skip

    def start(self, holder: Holder, counter: int, members: Members) -> Call[Answer]:
        """Begin an attempt, if no other holder has the job and nobody asked for it to be held or canceled."""
        return self._write("start", holder.job_id, holder.owner, holder.token, encode(members), counter, holder.attempt)

    def write(
        self,
        holder: Holder,
        counter: int,
        given: int,
        members: Members,
        *,
        flag: Flag = "",
        ended: EndedAttempt | None = None,
        extra: str = "",
        large_result: str = "",
        delay_s: float = 0.0,
    ) -> Call[Answer]:
        """Write the holder's next snapshot.

        `given` is the last seq this writer was answered. `flag` `acknowledge` clears what was asked; `next` ends this
        attempt and queues the following one. `ended` goes into the event and the list of attempts, `extra` (JSON)
        into the event alone. `large_result` (JSON) is kept beside the snapshot, if this write is accepted. With `next`,
        the monitor puts the job into its queue after `delay_s`; 0 leaves that to the caller.
        """
        return self._write(
            "write", holder.job_id, holder.owner, holder.token,
            encode(members), counter, holder.attempt, given, members["status"], flag, _ended(ended), extra,
            large_result, int(delay_s * 1000), keys.points(holder.job_id),
        )  # fmt: skip

    def log(self, job_id: str, attempt: int, run: str, batch: int, lines_json: str) -> Call[Answer]:
        """Add log lines; no seq, no message, no event.

        Args:
            run: tells a writer from every other one of the same attempt.
            batch: rises with every call of this writer; a repeat with the same one changes nothing.
            lines_json: `[[at, text], …]`; a line in the place of such as did not fit is `[at, text, how many]`.
        """
        return self._write(
            "log", job_id, None, "",
            attempt, run, batch, lines_json, keys.LOGS, keys.lines(job_id), self._logs_max,
        )  # fmt: skip

    def change(
        self,
        job_id: str,
        expected_seq: int,
        members: Members,
        *,
        request: str,
        flags: frozenset[Change] = frozenset(),
        ended: EndedAttempt | None = None,
        paused_s: float | None = None,
        extra: str = "",
        delay_s: float = 0.0,
        beat: str = "",
    ) -> Call[Answer]:
        """Write as somebody other than the holder; `stale` if anybody wrote since `expected_seq`.

        `release` takes the job from its holder, `next` also begins the following attempt (and reopens a terminal
        job), `hold` and `resume` set and lift the refusal of the holder's `running` writes. `extra` (JSON) goes into
        the event. `delay_s` is that of `write`. `beat` is the holder's last one that the caller knows of: the answer
        is `fenced` if there is another by now.
        """
        paused_ms = "" if paused_s is None else int(paused_s * 1000)
        return self._write(
            "change", job_id, members.get("owner"), request,
            encode(members), expected_seq, members["status"], " ".join(sorted(flags)), _ended(ended), extra, paused_ms,
            int(delay_s * 1000), beat,
        )  # fmt: skip

    def control(self, job_id: str, asked: Asked, control_json: str, *, request: str, extra: str = "") -> Call[Answer]:
        """Ask a job for something, or withdraw a pause with an empty `asked`; the body stays as it is.

        Its process hears of it at once. `stale` if there is no pause to withdraw any more, or if something else is
        asked for after a cancel. `extra` (JSON) goes into the event.
        """
        return self._write("control", job_id, None, request, asked, control_json, extra, keys.requests(job_id))

    def outdo(self, job_id: str, given: int) -> Call[Answer]:
        """Give a job that stands below the seq `given`, since Redis came back older, the next one after it."""
        return self._write("outdo", job_id, None, "", given)

    def heartbeat(self, holder: Holder, given: int, who: Literal["reporter", "worker"]) -> Call[Answer]:
        """Raise the attempt's lease and renew the life of the job's keys; no seq, no message, no event."""
        return self._write("heartbeat", holder.job_id, holder.owner, holder.token, who, holder.attempt, given)

    def save_checkpoint(self, holder: Holder, given: int, saved: str) -> Call[Answer]:
        """Keep what the running attempt saves (JSON) for the next one; no seq, no message, no event."""
        return self._write("save", holder.job_id, holder.owner, holder.token, saved, holder.attempt, given)

    def checkpoint(self, job_id: str) -> Call[bytes | None]:
        """What an attempt saved last (JSON)."""
        return Call(_first, commands=(("GET", keys.checkpoint(job_id)),))

    def restore(self, spec: Spec) -> Call[Answer]:
        """Put back spec and place in the lists after a write was answered `restored`."""
        return self._write(
            "restore", spec.job_id, spec.owner, "",
            spec.model_dump_json(), _created_ms(spec), spec.owner or "", self._index_max,
        )  # fmt: skip

    def tidy(self, job_id: str, owner: str | None = None) -> Call[Answer]:
        """Renew the life of a job that waits; take one that does not, or has gone, off the list of those that do."""
        return self._write("tidy", job_id, owner, "")

    def fading(self, limit: int) -> Call[list[str]]:
        """Ids of at most `limit` queued or held jobs of whose keys' life a quarter is over, oldest first."""
        commands = (("TIME",), ("ZRANGE", keys.UNBEGUN, 0, limit - 1, "WITHSCORES"))
        # So nothing is lost while no judge runs for the other three.
        return Call(partial(_fading, self._keep_ms / 4_000), commands=commands)

    def let_fade(self, job_id: str) -> Call[Any]:
        """Renew the life of a job's keys no more."""
        return Call(_first, commands=(("ZREM", keys.UNBEGUN, job_id),))

    def beats(self) -> Call[dict[str, str]]:
        """The last beat of every running attempt, by job id: `<holder's token>:<who>:<count>`."""
        return Call(_beats, commands=(("HGETALL", keys.ACTIVE),))

    def progress(self, job_ids: list[str]) -> Call[dict[str, str]]:
        """For each of these that is neither queued nor paused, a text that changes when its holder writes."""
        commands = tuple(("HMGET", keys.state(job_id), "status", "attempt", "writer_seq") for job_id in job_ids)
        return Call(partial(_progress, job_ids), commands=commands)

    def waiting(self) -> Call[list[str]]:
        """Ids of all jobs that are queued, also of those that wait out a retry's delay, longest first."""
        return Call(_ids, commands=(("ZRANGE", keys.WAITING, 0, -1),))

    def delayed(self) -> Call[dict[str, float]]:
        """How long each job that waits out a retry's delay has still to wait, in seconds by Redis' clock."""
        return Call(_delayed, commands=(("TIME",), ("ZRANGE", keys.DELAYED, 0, -1, "WITHSCORES")))

    def undelay(self, job_id: str) -> Call[bool]:
        """End a job's delay; False if somebody else has."""
        return Call(_done, commands=(("ZREM", keys.DELAYED, job_id),))

    def delete(self, job_id: str, owner: str | None, *, extra: str = "") -> Call[Answer]:
        """Remove a terminal job and leave a tombstone; `running` if it is not terminal. `extra` as in `change`."""
        return self._write("delete", job_id, owner, "", keys.lines(job_id), keys.points(job_id), extra)

    def adopt(self, job_id: str, given: int = 0) -> Call[Adoption]:
        """Read a snapshot and, where a lesson writer wrote it, give it seq, life and an event.

        Args:
            given: the last seq that the caller was given; a Redis that lost it goes on from there.
        """
        call = self._write("adopt", job_id, None, "", int(time.time() * 1000), self._index_max, given)
        return Call(_adoption, call.keys, call.args)

    def get(self, job_id: str) -> Call[bytes | None]:
        """The bytes under a snapshot key; None for nothing, or for something that is no string."""
        return Call(_only, commands=(("MGET", keys.snapshot(job_id)),))

    def get_many(self, job_ids: list[str]) -> Call[list[bytes | None]]:
        """The bytes under several snapshot keys, in order."""
        return Call(_first, commands=(("MGET", *(keys.snapshot(job_id) for job_id in job_ids)),))

    def channels(self, job_ids: list[str]) -> Call[list[bytes | None]]:
        """The further channels that lesson writers named for these jobs, in order; None where they named none."""
        return Call(_first, commands=(("MGET", *(keys.channel(job_id) for job_id in job_ids)),))

    def spec(self, job_id: str) -> Call[Spec | None]:
        """What was asked for at submit; None for a lesson job or an unknown one.

        Carrying it out raises `Unreadable` if what is stored is no spec.
        """
        return Call(partial(_spec, job_id), commands=(("GET", keys.spec(job_id)),))

    def attempts(self, job_id: str) -> Call[list[EndedAttempt]]:
        """How the last 20 attempts ended, oldest first."""
        return Call(_attempts, commands=(("LRANGE", keys.attempts(job_id), 0, -1),))

    def lease_at(self, job_id: str) -> Call[str | None]:
        """When a holder of the running attempt last raised the lease."""
        return Call(_text, commands=(("HGET", keys.lease(job_id), "at"),))

    def lines(self, job_id: str, start: str, count: int) -> Call[list[RawEntry]]:
        """So many of the entries with a job's newest log lines, from the id `start` on."""
        return Call(_entries, commands=(("XRANGE", keys.lines(job_id), start, "+", "COUNT", count),))

    def points(self, job_id: str) -> Call[list[RawEntry]]:
        """The entries with what a job measured last, oldest first."""
        return Call(_entries, commands=(("XRANGE", keys.points(job_id), "-", "+"),))

    def deleted(self, job_id: str) -> Call[bool]:
        """Whether a job was deleted, as long as its tombstone is there."""
        return Call(_done, commands=(("HEXISTS", keys.state(job_id), "deleted"),))

    def result(self, job_id: str) -> Call[bytes | None]:
        """A result kept beside its snapshot."""
        return Call(_first, commands=(("GET", keys.result(job_id)),))

    def page(self, owner: str | None, below_ms: float, offset: int, limit: int) -> Call[list[tuple[str, float]]]:
        """Ids and creation times (ms) of jobs created at `below_ms` or before, newest first; one owner's or all."""
        index = keys.INDEX if owner is None else keys.owner_index(owner)
        command = ("ZREVRANGEBYSCORE", index, below_ms, "-inf", "WITHSCORES", "LIMIT", offset, limit)
        return Call(_scored, commands=(command,))

    def forget(self, job_ids: list[str], owner: str | None) -> Call[Any]:
        """Take jobs whose snapshots have expired off the lists."""
        indexes = [keys.INDEX] if owner is None else [keys.INDEX, keys.owner_index(owner)]
        return Call(_first, commands=tuple(("ZREM", index, *job_ids) for index in indexes))

    def _write(
        self, op: str, job_id: str, owner: str | None, token: str, *args: str | bytes | int | float
    ) -> Call[Answer]:
        common = (op, job_id, keys.updates(job_id), self._keep_ms, self._events_max, utc_now(), token)
        return Call(_answer, _key_names(job_id, owner), common + args)


@lru_cache(maxsize=256)
def _key_names(job_id: str, owner: str | None) -> tuple[str, ...]:
    """What the script knows as KEYS; raises for an id that is none."""
    keys.check_job_id(job_id)
    return (
        keys.snapshot(job_id), keys.state(job_id), keys.spec(job_id), keys.attempts(job_id), keys.lease(job_id),
        keys.result(job_id), keys.EVENTS, keys.EVENTS_COUNT, keys.INDEX, keys.owner_index(owner or ""),
        keys.ACTIVE, keys.WAITING, keys.DELAYED,
        keys.checkpoint(job_id), keys.UNBEGUN, keys.TRANSITIONS,
    )  # fmt: skip


def _created_ms(spec: Spec) -> int:
    return int(parse_utc(spec.created_at) * 1000)


def _ended(ended: EndedAttempt | None) -> str:
    return "" if ended is None else ended.model_dump_json()


def _answer(raw: list[Any]) -> Answer:
    code, seq, attempt, asked, paused_ms = raw
    return Answer(code.decode(), int(seq), int(attempt), asked.decode(), int(paused_ms or 0) / 1000)


def _adoption(raw: list[Any]) -> Adoption:
    code, seq, attempt, snapshot, _ = raw
    return Adoption(code.decode(), int(seq), int(attempt), snapshot)


def _first(raw: list[Any]) -> Any:
    return raw[0]


def _only(raw: list[Any]) -> Any:
    return raw[0][0]


def _text(raw: list[Any]) -> str | None:
    return None if raw[0] is None else raw[0].decode()


def _spec(job_id: str, raw: list[Any]) -> Spec | None:
    try:
        return None if raw[0] is None else Spec.model_validate_json(raw[0])
    except ValidationError as error:
        raise Unreadable(job_id, f"what was asked for is no spec: {error.errors()[0]['msg']}") from None


def _attempts(raw: list[Any]) -> list[EndedAttempt]:
    return [EndedAttempt.model_validate_json(item) for item in raw[0]]


def _beats(raw: list[Any]) -> dict[str, str]:
    return {job_id.decode(): beat.decode() for job_id, beat in raw[0].items()}


def _progress(job_ids: list[str], raw: list[Any]) -> dict[str, str]:
    return {
        job_id: f"{attempt.decode()}.{writer_seq.decode()}"
        for job_id, (status, attempt, writer_seq) in zip(job_ids, raw, strict=True)
        if status in {b"started", b"running"} and attempt and writer_seq
    }


def _entries(raw: list[Any]) -> list[RawEntry]:
    # A pipeline of bare commands gets pairs, whatever the protocol.
    return [(entry_id.decode(), _fields(fields)) for entry_id, fields in raw[0] or []]


def _fields(fields: Any) -> dict[bytes, bytes]:
    return fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))


def _done(raw: list[Any]) -> bool:
    return bool(raw[0])


def _ids(raw: list[Any]) -> list[str]:
    return [job_id.decode() for job_id in raw[0]]


def _delayed(raw: list[Any]) -> dict[str, float]:
    (seconds, microseconds), scored = raw
    now_ms = int(seconds) * 1000 + int(microseconds) / 1000
    return {job_id.decode(): (float(due_ms) - now_ms) / 1000 for job_id, due_ms in scored}


def _fading(age_s: float, raw: list[Any]) -> list[str]:
    return [job_id for job_id, left_s in _delayed(raw).items() if left_s <= -age_s]


def _scored(raw: list[Any]) -> list[tuple[str, float]]:
    return [(job_id.decode(), float(score)) for job_id, score in raw[0]]
