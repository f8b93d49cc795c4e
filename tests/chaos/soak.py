"""What a machine may go through without anybody on it dying: busy cores, an outage, a stop, a clock that jumps."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.chaos.chronicle import Chronicle, Event
from tests.chaos.crew import Crew
from tests.chaos.orders import Order
from tests.chaos.people import Orderer
from tests.wait import wait_for

WORKERS = 3
HOUR_S = 3_600
_READY_S = 60.0
_BUSY = "while True: sum(range(100_000))"


class Soak:
    """One job on each worker that lasts as long as the soak, and everything that may befall a machine.

    Args:
        library: libfaketime's, by which the crew's wall clock jumps; Redis keeps the true time.
        outage_s, stop_s: how long Redis is away, and how long everything stands still.
    """

    def __init__(self, folder: Path, library: Path, *, outage_s: float, stop_s: float, **env: str) -> None:
        self._clock = folder / "clock"
        self._set_clock(0)
        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        chance = random.Random(len(str(folder)))
        self.crew = Crew(folder, chance, workers=WORKERS, **faked, **env)
        self.chronicle = Chronicle(self.crew.redis_server.url)
        self.go = folder / "go"
        wanted = iter(
            [Order(f"order-{n}", "keep_on", {"until": str(self.go), "trace": str(folder / f"{n}.ran")})
             for n in range(WORKERS)]
        )  # fmt: skip
        self._orderer = Orderer(self.crew.api_urls, chance, wanted, self.chronicle, WORKERS)
        self._outage_s = outage_s
        self._stop_s = stop_s
        self.counts = {"outages": 0, "stops": 0, "jumps": 0}

    def carry_out(self, duration_s: float) -> list[Event]:
        """Go through all of it again and again for so long, let the jobs end, and return what was written of them."""
        self.crew.start()
        self.chronicle.start()
        try:
            with busy_cores():
                for _ in range(WORKERS):
                    self._orderer.do()
                wait_for(lambda: len(self._running()) == WORKERS, _READY_S, "all jobs run")
                end_s = time.monotonic() + duration_s
                while True:
                    self._outage()
                    self._stand_still()
                    self._jump()
                    if time.monotonic() >= end_s:
                        break
                self.go.touch()
                wait_for(lambda: not self.chronicle.unfinished(), _READY_S, "all jobs end")
            return self.chronicle.close()
        finally:
            self._orderer.stop()
            self.crew.close()
            self.crew.end_left()

    def _running(self) -> list[Event]:
        return [event for event in self.chronicle.unfinished() if event.snapshot["status"] == "running"]

    def _heard_of(self) -> None:
        """Wait until every job has written since now, so that each blow meets a living crew."""
        seqs = {event.job_id: event.seq for event in self.chronicle.unfinished()}
        wait_for(
            lambda: all(self.chronicle.latest[job_id].seq > seq for job_id, seq in seqs.items()),
            _READY_S,
            "every job is heard of",
        )

    def _outage(self) -> None:
        self.crew.redis_server.kill()
        time.sleep(self._outage_s)
        self.crew.start_redis()
        self.counts["outages"] += 1
        self._heard_of()

    def _stand_still(self) -> None:
        """Stop every process, Redis too; the judges are the first to go on, and hear of nobody then."""
        everybody = [process.pid for process in self.crew.processes()]
        first = [post.running.pid for post in self.crew.of("judge") if post.running is not None]
        redis = self.crew.redis_server.pid
        for pid in [*everybody, redis]:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self._stop_s)
        for pid in [redis, *first]:
            os.kill(pid, signal.SIGCONT)
        time.sleep(1)
        for pid in everybody:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.counts["stops"] += 1
        self._heard_of()

    def _jump(self) -> None:
        """An hour forward, and back again."""
        for offset_s in (HOUR_S, 0):
            self._set_clock(offset_s)
            self.counts["jumps"] += 1
            time.sleep(self._outage_s)
            self._heard_of()

    def _set_clock(self, offset_s: int) -> None:
        new = self._clock.with_suffix(".new")
        new.write_text(f"{offset_s:+d}s\n")
        new.rename(self._clock)


@contextmanager
def busy_cores() -> Iterator[None]:
    """All cores have something else to do as well."""
    burners = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def fake_clock() -> Path | None:
    """libfaketime; None where it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found[0] if found else None
