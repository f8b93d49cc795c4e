"""The streams of events, log lines and the audit, read as one of a group: what one takes, no other one gets."""

from collections.abc import Iterable
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from headway import keys
from headway.history.entries import Entry

GROUP = "recorder"
STREAMS = (keys.EVENTS, keys.LOGS, keys.AUDIT)
#: Entries taken at once from each stream.
TAKE_MAX = 1_000
# A consumer that took nothing for so long is gone, in milliseconds.
_GONE_MS = 3_600_000

# A consumer is taken off the list only if it holds nothing, looked at and done at once: what it holds would be lost.
_TIDY = """
local removed = 0
for _, stream in ipairs(KEYS) do
    if redis.call('EXISTS', stream) == 1 then
        for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
            local one = {}
            for i = 1, #consumer, 2 do
                one[consumer[i]] = consumer[i + 1]
            end
            if one.pending == 0 and (one.name == ARGV[2] or one.idle > tonumber(ARGV[3])) then
                redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], one.name)
                removed = removed + 1
            end
        end
    end
end
return removed
"""


class Streams:
    """One consumer of the group.

    Args:
        name: unlike every other consumer's.
    """

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis: Any = redis
        self._name = name

    def join(self) -> None:
        """Make the group where there is none, at the streams' beginning."""
        for stream in STREAMS:
            try:
                self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def take(self, wait_ms: int) -> list[Entry]:
        """Entries that nobody has taken, in the streams' order; none if none come within `wait_ms`."""
        taken = self._joined(
            lambda: self._redis.xreadgroup(
                GROUP, self._name, dict.fromkeys(STREAMS, ">"), count=TAKE_MAX, block=wait_ms
            )
        )
        if isinstance(taken, dict):
            # Redis' newer protocol has one more list around them.
            taken = [(stream, several) for stream, lists in taken.items() for several in lists]
        entries: list[Entry] = []
        for stream, several in taken or []:
            entries += _entries(stream.decode(), several)
        return entries

    def claim(self, idle_s: float) -> list[Entry]:
        """Entries that somebody took more than `idle_s` ago and has not written, some of them at a time."""
        entries: list[Entry] = []
        for stream in STREAMS:
            claimed = self._joined(
                lambda stream=stream: self._redis.xautoclaim(
                    stream, GROUP, self._name, int(idle_s * 1000), "0-0", count=TAKE_MAX
                )
            )
            entries += _entries(stream, claimed[1])
        return entries

    def done(self, entries: Iterable[Entry]) -> None:
        """Say that these are written."""
        ids: dict[str, list[str]] = {}
        for entry in entries:
            ids.setdefault(entry.stream, []).append(entry.entry_id)
        with self._redis.pipeline(transaction=False) as pipeline:
            for stream, several in ids.items():
                pipeline.xack(stream, GROUP, *several)
            pipeline.execute()

    def first_number(self) -> int | None:
        """The lowest number of an event that is still in the stream; None for none."""
        for entry in _entries(keys.EVENTS, self._redis.xrange(keys.EVENTS, count=1)):
            return entry.number
        return None

    def leave(self) -> None:
        """Take this consumer off the list, and those that are long gone, unless they hold entries."""
        self._redis.eval(_TIDY, len(STREAMS), *STREAMS, GROUP, self._name, _GONE_MS)

    def _joined(self, ask: Any) -> Any:
        try:
            return ask()
        except ResponseError as error:
            # A Redis that came back empty.
            if not str(error).startswith("NOGROUP"):
                raise
        self.join()
        return ask()


def _entries(stream: str, several: Iterable[Any]) -> list[Entry]:
    # Before version 7 Redis gives what was trimmed in the meantime as nothing.
    return [Entry(stream, one[0].decode(), one[1]) for one in several if one is not None and one[1] is not None]
