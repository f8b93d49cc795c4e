"""All that was written of jobs, in order, as the stream has it; and what was published, as a subscriber heard it."""

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from headway import keys
from tests.chaos.ledger import TERMINAL

_AWAY_S = 0.05
_BLOCK_MS = 200


@dataclass(frozen=True)
class Event:
    """One accepted write: an entry of the stream."""

    entry_id: str
    number: int
    job_id: str
    raw: bytes
    ended: dict[str, Any] | None
    action: dict[str, Any] | None
    snapshot: dict[str, Any] = field(repr=False)

    @property
    def seq(self) -> int:
        """The write's place among its job's."""
        return int(self.snapshot["seq"])

    @property
    def attempt(self) -> int:
        """Whose attempt's it is."""
        return int(self.snapshot["attempt"])

    @property
    def terminal(self) -> bool:
        """Whether the job is over by it."""
        return self.snapshot["status"] in TERMINAL

    @property
    def ends_attempt(self) -> bool:
        """Whether it is the last of an attempt: the job's end, or the next attempt's place in the queue."""
        return self.terminal or self.ended is not None


class Chronicle:
    """Reads along while things happen, through every end of Redis."""

    def __init__(self, redis_url: str) -> None:
        self.latest: dict[str, Event] = {}
        #: All events so far.
        self.read: list[Event] = []
        #: What a subscriber must never hear.
        self.faults: list[str] = []
        self.heard = 0
        self._redis_url = redis_url
        self._heard_seq: dict[str, int] = defaultdict(int)
        self._heard_raw: dict[tuple[str, int], bytes] = {}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read_along, self._listen)]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def unfinished(self) -> list[Event]:
        """The latest of all jobs that are not over."""
        return [event for event in list(self.latest.values()) if not event.terminal]

    def stop(self) -> None:
        """Listen and read no more."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def close(self) -> list[Event]:
        """All events from the first to the last; also compares them with what was read and heard on the way."""
        self.stop()
        with Redis.from_url(self._redis_url) as redis:
            events = [_event(*entry) for entry in redis.xrange(keys.EVENTS)]
        if events[: len(self.read)] != self.read:
            self.faults.append("an event that had been read is not in the stream any more")
        written = {(event.job_id, event.seq): event.raw for event in events}
        self.faults += [
            f"{job_id}: what was published as seq {seq} is not what was written"
            for (job_id, seq), raw in self._heard_raw.items()
            if written.get((job_id, seq)) != raw
        ]
        return events

    def _read_along(self) -> None:
        redis, last = Redis.from_url(self._redis_url), "0"
        while not self._stopping.is_set():
            try:
                found: Any = redis.xread({keys.EVENTS: last}, block=_BLOCK_MS)
            except (RedisError, OSError):
                time.sleep(_AWAY_S)
                continue
            entries = found.get(keys.EVENTS.encode(), [[]])[0] if isinstance(found, dict) else found and found[0][1]
            for entry in entries or []:
                event = _event(*entry)
                self.read.append(event)
                self.latest[event.job_id] = event
                last = event.entry_id
        redis.close()

    def _listen(self) -> None:
        redis = Redis.from_url(self._redis_url)
        while not self._stopping.is_set():
            try:
                with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    pubsub.psubscribe(keys.updates("*"))
                    while not self._stopping.is_set():
                        message = pubsub.get_message(timeout=_BLOCK_MS / 1000)
                        if message is not None:
                            self._hear(message["data"])
            except (RedisError, OSError):
                time.sleep(_AWAY_S)
        redis.close()

    def _hear(self, raw: bytes) -> None:
        snapshot = json.loads(raw)
        job_id, seq = snapshot["job_id"], snapshot["seq"]
        self.heard += 1
        self._heard_raw[job_id, seq] = raw
        if seq <= self._heard_seq[job_id]:
            self.faults.append(f"{job_id}: seq {seq} was published after {self._heard_seq[job_id]}")
        self._heard_seq[job_id] = seq


def _event(entry_id: bytes, fields: dict[bytes, bytes]) -> Event:
    raw, ended, extra = fields[b"snapshot"], fields.get(b"ended"), fields.get(b"extra")
    return Event(
        entry_id=entry_id.decode(),
        number=int(fields[b"n"]),
        job_id=fields[b"job"].decode(),
        raw=raw,
        ended=None if ended is None else json.loads(ended),
        action=None if extra is None else json.loads(extra).get("action"),
        snapshot=json.loads(raw),
    )
