"""A run from its seed to its verdict."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from redis import Redis

from headway import engines
from headway.engines.rq import RqEngine
from headway.errors import RedisUnavailable
from headway.ghosts import Ghosts
from headway.history.database import FILE
from headway.settings import Settings
from headway.store import Store
from tests.chaos import verdict
from tests.chaos.chronicle import Chronicle, Event
from tests.chaos.crew import Crew
from tests.chaos.orders import orders
from tests.chaos.people import Controller, Orderer, Person
from tests.chaos.strikes import Striker
from tests.wait import wait_for

AT_ONCE = 12
#: How long after the last strike everything may take to be over.
SETTLE_S = 60.0
#: The monitor gives a worker 30 s to close what it began in RQ's books; here all are idle by then.
_GHOST_S = 1.0
_READY_S = 90.0


class Run:
    """Jobs, people and strikes on one crew, all from one seed."""

    def __init__(self, folder: Path, seed: int, *, strike_every_s: float = 2.0, **env: str) -> None:
        chance = random.Random(seed)
        self.folder = folder
        (folder / "traces").mkdir()
        self.crew = Crew(folder, random.Random(chance.random()), **env)
        self.chronicle = Chronicle(self.crew.redis_server.url)
        wanted = orders(folder / "traces", random.Random(chance.random()))
        urls = self.crew.api_urls
        self.orderer = Orderer(urls, random.Random(chance.random()), wanted, self.chronicle, AT_ONCE)
        self.controller = Controller(urls, random.Random(chance.random()), self.chronicle)
        self.striker = Striker(self.crew, random.Random(chance.random()), strike_every_s)
        self.settings = Settings(HEADWAY_REDIS_URL=self.crew.redis_server.url)
        engine = engines.load(self.settings).engine(self.settings)
        assert isinstance(engine, RqEngine)
        self._engine = engine
        self.events: list[Event] = []

    def carry_out(self, duration_s: float) -> list[str]:
        """Let it all happen for so long, wait until everything is over, and say what is wrong."""
        try:
            self.crew.start()
            self.chronicle.start()
            self.orderer.start()
            wait_for(lambda: self.chronicle.latest or self.orderer.failure, _READY_S, "a job is ordered")
            self.controller.start()
            self.striker.start()
            self._wait(duration_s)
            for one in (self.striker, self.orderer, self.controller):
                one.stop()
            faults = [*self._settle(), *self._failures()]
            with Redis.from_url(self.crew.redis_server.url) as redis:
                faults += verdict.without_life(redis)
            self.events = self.chronicle.close()
            faults += verdict.recorded(self.folder / "data" / FILE, self.events)
            faults += [f"still there: {process}" for process in self._busy()]
        except BaseException:
            # Other tests of this process come after.
            for busy in (self.striker, self.orderer, self.controller, self.chronicle):
                busy.stop()
            raise
        finally:
            self.crew.close()
            left = self.crew.left()
            self.crew.end_left()
        faults += [*self.crew.faults, *self.chronicle.faults, *(f"left behind: {process}" for process in left)]
        return faults + list(self._judged())

    @property
    def counts(self) -> Iterable[str]:
        """What was done, a line each."""
        ends = Counter(job.last.snapshot["status"] for job in self._jobs)
        errors = Counter(event.ended["error"]["type"] for event in self.events if event.ended and event.ended["error"])
        yield f"jobs {len(self._jobs)}, attempts {sum(job.last.attempt for job in self._jobs)}: {_said(ends)}"
        yield f"attempts that failed: {_said(errors)}"
        yield f"kills {self.striker.kills}; strikes: {_said(self.striker.counts)}"
        yield f"asked for: {_said(self.controller.counts)}"
        yield f"replies lost: {sum(proxy.lost for proxy in self.crew.proxies)}; {_said(self.crew.counts)}"
        yield f"events written {len(self.events)}, heard {self.chronicle.heard}"

    @property
    def _jobs(self) -> list[verdict.History]:
        return verdict.histories(self.events, self.orderer.ordered)

    def _wait(self, duration_s: float) -> None:
        end_s = time.monotonic() + duration_s
        people: list[threading.Thread] = [self.striker, self.orderer, self.controller]
        while time.monotonic() < end_s and all(one.is_alive() for one in people):
            time.sleep(0.1)

    def _settle(self) -> Iterable[str]:
        """Wait until all jobs are over, closed and recorded; what is not is for the verdict to say."""
        store = Store(self.settings)
        ghosts = Ghosts(store, self._engine, 60, ghost_s=_GHOST_S)

        unclosed: list[str] = []

        def over() -> bool:
            for event in self.chronicle.unfinished():
                if event.snapshot["status"] == "paused" or event.snapshot["control"]:
                    helper.act(event.job_id, "resume")
            return not self.chronicle.unfinished()

        def closed() -> bool:
            ghosts.look()
            unclosed[:] = verdict.unclosed(store, self._engine)
            return not unclosed

        helper = Controller(self.crew.api_urls, random.Random(0), self.chronicle)
        for what, is_so in {
            "all jobs are over": over,
            "RQ's books are closed": closed,
            "history has it all": self._is_kept,
        }.items():
            try:
                wait_for(is_so, SETTLE_S, what)
            except (AssertionError, RedisUnavailable) as error:
                yield str(error)
        yield from unclosed
        helper.stop()
        self.controller.asked += helper.asked
        store.close()

    def _is_kept(self) -> bool:
        return not list(verdict.recorded(self.folder / "data" / FILE, self.chronicle.read))

    def _busy(self) -> list[str]:
        """Processes of jobs that are over."""
        return [str(process) for post in self.crew.of("worker") for process in post.family()]

    def _failures(self) -> Iterable[str]:
        people: list[Person | Striker] = [self.orderer, self.controller, self.striker]
        for one in people:
            if one.failure is not None:
                yield f"{one.name} failed: {one.failure!r}"
            if isinstance(one, Person):
                yield from one.faults

    def _judged(self) -> Iterable[str]:
        asked, killed = self.controller.asked, self.crew.killed()
        checks = (
            verdict.written_rightly,
            verdict.begun_once,
            partial(verdict.ended_truly, asked=asked, killed=killed, lost_horses=self.striker.lost_horses),
            partial(verdict.asked_once, asked=asked),
            verdict.alone,
        )
        for check in checks:
            yield from verdict.of_all(self._jobs, check)
        jobs = {job.job_id for job in self._jobs}
        yield from (f"{order.key} is job {job_id}, which nobody wrote" for job_id, order in
                    self.orderer.ordered.items() if job_id not in jobs)  # fmt: skip


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(counts.items())) or "none"
