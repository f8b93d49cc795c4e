"""The rows of a batch of entries."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from headway import keys
from headway.errors import Unreadable
from headway.history.deeds import deed
from headway.history.entries import Entry, Row, Written, action, ended, extra, lines, points, written

logger = logging.getLogger("headway.recorder")


@dataclass
class Batch:
    """What entries come to, whatever the order in which they are added.

    `unreadable` counts those that could not be read, in whole or in part.
    """

    events: list[Row] = field(default_factory=list)
    logs: list[Row] = field(default_factory=list)
    metrics: list[Row] = field(default_factory=list)
    actions: list[Row] = field(default_factory=list)
    numbers: list[tuple[int, str]] = field(default_factory=list)
    deleted: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0
    _latest: dict[str, Written] = field(default_factory=dict)
    _attempts: dict[tuple[str, int], Written | Row] = field(default_factory=dict)
    _waits: dict[str, float] = field(default_factory=dict)

    @property
    def jobs(self) -> list[Row]:
        """One row of each job, in the order of their ids."""
        rows = [self._latest[job_id].job() for job_id in sorted(self._latest)]
        # Of a job that is at its second attempt the first one's writes say it.
        return [row if row["wait_s"] is not None else row | {"wait_s": self._waits.get(row["job_id"])} for row in rows]

    @property
    def attempts(self) -> list[Row]:
        """One row of each attempt, in the order of their keys."""
        found = (self._attempts[key] for key in sorted(self._attempts))
        return [one.attempt() if isinstance(one, Written) else one for one in found]

    @property
    def job_ids(self) -> set[str]:
        """Whose rows these are, actions apart."""
        ids = set(self._latest) | set(self.deleted) | {job_id for job_id, _ in self._attempts}
        return ids | {row["job_id"] for row in self.logs}

    def add_all(self, entries: Iterable[Entry]) -> None:
        """Add entries, saying of each that cannot be read why it is left out."""
        for entry in entries:
            try:
                self._add(entry)
            except (Unreadable, ValueError) as error:
                self.unreadable += 1
                logger.warning("entry %s of %s is left out: %s", entry.entry_id, entry.stream, error)

    def skip(self, entry: Entry) -> None:
        """Take note of an entry of which nothing can be kept."""
        self.unreadable += 1
        self._count(entry, entry.place)

    def without(self, tombstones: dict[str, str]) -> "Batch":
        """The same without what happened to jobs before they were deleted; who asked for what stays.

        Args:
            tombstones: of each deleted job its place in the stream.
        """

        def lives(row: Row) -> bool:
            return bool(row["entry"] > tombstones.get(row["job_id"], ""))

        return Batch(
            events=list(filter(lives, self.events)),
            logs=list(filter(lives, self.logs)),
            metrics=list(filter(lives, self.metrics)),
            actions=self.actions,
            numbers=self.numbers,
            deleted=self.deleted,
            unreadable=self.unreadable,
            _latest={job_id: one for job_id, one in self._latest.items() if one.place > tombstones.get(job_id, "")},
            _waits=self._waits,
            _attempts={key: one for key, one in self._attempts.items() if _place(one) > tombstones.get(key[0], "")},
        )

    def _add(self, entry: Entry) -> None:
        place = entry.place
        if entry.stream == keys.LOGS:
            self.logs += lines(entry, place)
            return
        if entry.stream == keys.AUDIT:
            self.actions.append(deed(entry, place))
            return
        # What cannot be read is dealt with too: it is not missing.
        self._count(entry, place)
        kind = entry.fields.get(b"kind")
        if kind == b"delete":
            job_id = entry.job_id()
            self.deleted[job_id] = max(place, self.deleted.get(job_id, ""))
            self._add_action(entry, job_id, place, extra(entry, job_id))
        elif kind in {b"write", b"adopt"}:
            self._add_written(entry, place)
        else:
            raise ValueError(f"its kind {str(kind)[:80]} is unknown")

    def _add_written(self, entry: Entry, place: str) -> None:
        one = written(entry, place)
        job_id, attempt = one.job_id, one.members["attempt"]
        self.events.append(one.event())
        if (known := self._latest.get(job_id)) is None or known.place < place:
            self._latest[job_id] = one
        if job_id not in self._waits and (wait_s := one.wait_s()) is not None:
            self._waits[job_id] = wait_s
        self._add_attempt((job_id, attempt), one)
        said = extra(entry, job_id)
        self._add_action(entry, job_id, place, said)
        over = ended(entry, job_id, place)
        # A write that ends an attempt and begins the next one has the last points of the former.
        self.metrics += points(entry, job_id, attempt if over is None else over["attempt"], place, said)
        if over is not None and over["attempt"] != attempt:
            self._add_attempt((job_id, over["attempt"]), over)

    def _add_attempt(self, key: tuple[str, int], one: Written | Row) -> None:
        known = self._attempts.get(key)
        if known is None or _place(known) < _place(one):
            if isinstance(known, Written) and isinstance(one, dict):
                # Who ended it for good does not say how long it was paused.
                one = one | {"paused_s": known.attempt()["paused_s"]}
            self._attempts[key] = one

    def _add_action(self, entry: Entry, job_id: str, place: str, said: dict[str, object]) -> None:
        asked = action(entry, job_id, place, said)
        if asked is not None:
            self.actions.append(asked)

    def _count(self, entry: Entry, place: str) -> None:
        number = entry.number
        if number is not None:
            self.numbers.append((number, place))


def _place(one: Written | Row) -> str:
    return one.place if isinstance(one, Written) else str(one["entry"])
