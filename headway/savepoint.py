"""What an attempt saves for the next one: the latest is written by the flush thread, through outages."""

import json
import threading
from typing import Any

from headway.encode import encode_result, size_bytes
from headway.errors import TooLarge
from headway.patience import patiently
from headway.settings import Settings
from headway.store import Store
from headway.store.calls import Holder


class Savepoint:
    """Keeps one attempt's saved value beside the job. Any of its threads calls it."""

    def __init__(self, store: Store, settings: Settings, holder: Holder) -> None:
        self._store = store
        self._settings = settings
        self._holder = holder
        self._lock = threading.Lock()
        self._saved = ""
        self._unwritten = False

    def save(self, value: object) -> None:
        """Take a value as it is now.

        Raises:
            NotEncodable: a part of it cannot be carried as JSON.
            TooLarge: it has more bytes than `HEADWAY_CHECKPOINT_MAX_BYTES`.
        """
        saved = encode_result(value, name="checkpoint")
        size, most = size_bytes(saved), self._settings.checkpoint_max_bytes
        if size > most:
            raise TooLarge(f"the checkpoint has {size:,} bytes, and HEADWAY_CHECKPOINT_MAX_BYTES allows {most:,}")
        with self._lock:
            self._saved, self._unwritten = saved, True

    def load(self) -> Any:
        """What was saved last, by this attempt or one before; None if nothing was.

        Raises:
            RedisUnavailable: Redis was away for longer than `HEADWAY_OUTAGE_S`.
        """
        if self._saved:
            return json.loads(self._saved)
        call = self._store.calls.checkpoint(self._holder.job_id)
        stored = patiently(lambda: self._store.run(call), self._settings.outage_s)
        return None if stored is None else json.loads(stored)

    def flush(self, given: int) -> None:
        """Write what is new; `given` is the last seq that the attempt was answered.

        Raises:
            RedisUnavailable: Redis did not answer; what was to be written still is.
        """
        if not self._unwritten:
            return
        with self._lock:
            saved, self._unwritten = self._saved, False
        written = False
        try:
            answer = self._store.run(self._store.calls.save_checkpoint(self._holder, given, saved))
            # A Redis that came back empty gets the job first.
            written = answer.code != "unknown"
        finally:
            if not written:
                self.write_again()

    def write_again(self) -> None:
        """Take what was written as lost."""
        with self._lock:
            self._unwritten = bool(self._saved)
