"""What clients have seen of jobs, and what they must never see."""

import json
from collections import Counter
from collections.abc import Iterator

TERMINAL = {"finished", "failed", "canceled"}


class Ledger:
    """What all clients together were given: one seq of a job is one and the same body, whoever gives it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self._bodies: dict[tuple[str, int], bytes] = {}

    def enter(self, who: str, job_id: str, seq: int, raw: bytes) -> None:
        """Compare a body with what others were given under the same seq."""
        self.counts[who.partition(" ")[0]] += 1
        known = self._bodies.setdefault((job_id, seq), raw)
        if known != raw:
            self.faults.append(f"{who}: seq {seq} of {job_id} has two bodies:\n  {known!r}\n  {raw!r}")


class View:
    """What one client shows of one job: always the largest seq that it was given."""

    def __init__(self, ledger: Ledger, who: str, job_id: str) -> None:
        self.who = who
        self.job_id = job_id
        self.raw = b""
        self.seq = 0
        self.over = False
        self.dropped = 0
        self._ledger = ledger
        self._stream_seq = 0
        self._after: int | None = None

    @property
    def after(self) -> int | None:
        """The seq to give when coming back; None before the first."""
        return self.seq or None

    def connected(self, after: int | None) -> None:
        """Begin a stream of snapshots, in which each must have a larger seq than the one before."""
        self._stream_seq = 0
        self._after = after

    def pushed(self, raw: bytes) -> None:
        """Take a snapshot of a stream."""
        seq = seq_of(raw)
        if seq <= self._stream_seq:
            self.wrong(f"seq {seq} came after {self._stream_seq} in one stream")
        if self._stream_seq == 0 and seq == self._after:
            self.wrong(f"the stream began with seq {seq}, which it was asked to leave out")
        self._stream_seq = seq
        self.polled(raw)

    def polled(self, raw: bytes) -> None:
        """Take a snapshot that was asked for; a smaller seq is dropped, as another process may not have heard yet."""
        seq = seq_of(raw)
        self._ledger.enter(self.who, self.job_id, seq, raw)
        if seq <= self.seq:
            self.dropped += 1
            return
        if self.over:
            self.wrong(f"seq {seq} came after the end at {self.seq}")
        snapshot = json.loads(raw)
        if snapshot["job_id"] != self.job_id:
            self.wrong(f"it was given {snapshot['job_id']}")
        self.raw, self.seq = raw, seq
        self.over = snapshot["status"] in TERMINAL

    def wrong(self, what: str) -> None:
        """Keep for the report what must not happen."""
        self._ledger.faults.append(f"{self.who}, {self.job_id}: {what}")


def seq_of(raw: bytes) -> int:
    """The seq of a snapshot."""
    seq: int = json.loads(raw)["seq"]
    return seq


def snapshots_in(body: bytes) -> Iterator[bytes]:
    """The snapshots of a batch's answer, each as it stands there."""
    text = body.decode()
    decoder = json.JSONDecoder()
    at = len('{"snapshots":[')
    while text[at] == "{":
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end + 1 if text[end] == "," else end
