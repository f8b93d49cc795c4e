"""What is done to a crew: kills, stops and lost replies, at random."""

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.chaos.crew import Crew

_KILLED = -signal.SIGKILL
#: Commands whose replies get lost; the empty one is any.
_LOSABLE = (b"", b"EVALSHA", b"LMOVE", b"EVAL", b"rq:job", b"rq:results", b"XREADGROUP", b"MULTI")


class Striker(threading.Thread):
    """Strikes again and again until told to stop."""

    def __init__(self, crew: Crew, chance: random.Random, mean_s: float) -> None:
        super().__init__(name="striker", daemon=True)
        self.counts: Counter[str] = Counter()
        #: Names of workers, one of whose work-horses was killed.
        self.lost_horses: set[str] = set()
        self.failure: BaseException | None = None
        self._crew = crew
        self._chance = chance
        self._mean_s = mean_s
        self._stopping = threading.Event()
        self._strikes: dict[Callable[[], bool], int] = {
            self.kill_horse: 10,
            self.kill_worker: 4,
            self.kill_host: 3,
            self.dismiss_worker: 2,
            self.kill_judge: 3,
            self.kill_recorder: 3,
            self.kill_api: 2,
            self.kill_redis: 2,
            self.lose_replies: 8,
        }

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(count for what, count in self.counts.items() if what.startswith("kill"))

    def run(self) -> None:
        """Strike, each time after a pause."""
        try:
            while not self._stopping.wait(self._chance.expovariate(1 / self._mean_s)):
                (strike,) = self._chance.choices(list(self._strikes), list(self._strikes.values()))
                if strike():
                    self.counts[strike.__name__.replace("_", " ")] += 1
        except BaseException as failure:
            self.failure = failure

    def stop(self) -> None:
        """Strike no more; whoever is away comes back first."""
        self._stopping.set()
        if self.ident is not None:
            self.join()
        for proxy in self._crew.proxies:
            proxy.lose_replies(0, b"")

    def kill_horse(self) -> bool:
        """Kill a work-horse, as the system does that has no memory left."""
        posts = self._crew.of("worker")
        self._chance.shuffle(posts)
        for post in posts:
            with post.lock:
                for horse in post.horses():
                    self.lost_horses.add(post.holder)
                    with suppress(psutil.NoSuchProcess):
                        horse.kill()
                        return True
        return False

    def kill_worker(self) -> bool:
        """Kill a worker, and leave its work-horse to the kernel."""
        return self._kill("worker")

    def kill_host(self) -> bool:
        """Kill a worker, its work-horse and all that this started."""
        post = self._chance.choice(self._crew.of("worker"))
        with post.lock:
            family = post.family()
            if not post.send(signal.SIGKILL, _KILLED):
                return False
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            return True

    def dismiss_worker(self) -> bool:
        """Tell a worker to stop: it hands back what it does not finish in its grace."""
        post = self._chance.choice(self._crew.of("worker"))
        with post.lock:
            # Before it has begun to listen for signals, it ends by this one.
            return post.send(signal.SIGTERM, 0, -signal.SIGTERM)

    def kill_judge(self) -> bool:
        """Kill a judge and its monitor."""
        return self._kill("judge")

    def kill_recorder(self) -> bool:
        """Kill a recorder."""
        return self._kill("recorder")

    def kill_api(self) -> bool:
        """Kill an API."""
        return self._kill("api")

    def kill_redis(self) -> bool:
        """Kill Redis, and bring it back after a while."""
        with self._crew.redis_lock:
            self._crew.redis_server.kill()
            self._stopping.wait(self._chance.uniform(0.05, 2))
            self._crew.start_redis()
        return True

    def lose_replies(self) -> bool:
        """Have somebody's next replies lost."""
        proxy = self._chance.choice(self._crew.proxies)
        proxy.lose_replies(self._chance.randint(1, 4), self._chance.choice(_LOSABLE))
        return True

    def _kill(self, kind: str) -> bool:
        post = self._chance.choice(self._crew.of(kind))
        with post.lock:
            return post.send(signal.SIGKILL, _KILLED)
