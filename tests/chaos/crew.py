"""The processes of a run: each post is filled again whenever the one who held it is killed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
from redis import Redis

from headway.stack.redis_server import RedisServer
from tests.headway.proxy import Proxy
from tests.ports import free_port
from tests.servers import ROOT, inherited, stop

_WRONG_SET_UP = 2
_LOOK_S = 0.05


class Post:
    """A place that one process after another fills; `{n}` in its command is which one it is."""

    def __init__(self, kind: str, number: int, command: list[str], env: dict[str, str], folder: Path) -> None:
        self.kind = kind
        self.name = f"{kind}-{number}"
        self.log = folder / f"{self.name}.log"
        #: By which name each was killed by us.
        self.killed: set[str] = set()
        self.fill_at_s = 0.0
        self.lock = threading.Lock()
        self._command = command
        self._env = inherited() | env | {"PYTHONPATH": str(ROOT)}
        self._folder = folder
        self._n = 0
        self._expected: set[int] = set()
        self.running: subprocess.Popen[bytes] | None = None

    @property
    def holder(self) -> str:
        """The name of the one who is there, or was last."""
        return f"{self.name}-{self._n}"

    def fill(self) -> None:
        """Start the next one."""
        self._n += 1
        self._expected = set()
        command = [part.format(n=self._n) for part in self._command]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, *command], env=self._env, cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip

    def family(self) -> list[psutil.Process]:
        """All that descends from the one who is there, children first."""
        if self.running is None or self.running.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.running.pid).children(recursive=True)[::-1]
        return []

    def horses(self) -> list[psutil.Process]:
        """The work-horses of a worker."""
        if self.running is None or self.running.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.running.pid).children()
        return []

    def send(self, number: signal.Signals, *may_end: int) -> bool:
        """Send a signal, after which the process may end with one of these statuses; False if there is none."""
        if self.running is None or self.running.poll() is not None:
            return False
        self._expected.update(may_end)
        if number == signal.SIGKILL:
            self.killed.add(self.holder)
        self.running.send_signal(number)
        return True

    def ended(self) -> int | None:
        """The exit status of the one who was there; None while it runs."""
        return None if self.running is None else self.running.poll()

    def as_expected(self, status: int) -> bool:
        """Whether it may end so."""
        return status in self._expected


class Crew:
    """A Redis, APIs, workers, judges with their monitors, and recorders; workers and one API lose replies at times."""

    def __init__(self, folder: Path, chance: random.Random, *, workers: int = 3, **env: str) -> None:
        self.folder = folder
        #: What must not happen.
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.redis_server = RedisServer(folder / "redis")
        self.redis_lock = threading.Lock()
        self.settings = env | {"HEADWAY_DATA_DIR": str(folder / "data")}
        self._redis_started_s = 0.0
        self._chance = chance
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self.start_redis()
        self.proxies = [Proxy(self.redis_server.url) for _ in range(workers + 1)]
        self.api_urls: list[str] = []
        self.posts = [
            *(self._api(n, url) for n, url in enumerate([self.redis_server.url, self.proxies[-1].url])),
            *(self._worker(n, self.proxies[n].url) for n in range(workers)),
            *(self._post("judge", n, ["-m", "headway.cli", "judge"]) for n in range(2)),
            *(self._post("recorder", n, ["-m", "worker.recorder"]) for n in range(2)),
        ]

    def of(self, kind: str) -> list[Post]:
        """All posts of a kind."""
        return [post for post in self.posts if post.kind == kind]

    def start(self) -> None:
        """Fill every post, and from now on again."""
        for post in self.posts:
            post.fill()
        self._keeper.start()

    def start_redis(self) -> None:
        """Start Redis on what it had written.

        It syncs its file before it answers anybody, so what it loses in a crash nobody was told of.
        """
        self.redis_server.start()
        with Redis.from_url(self.redis_server.url) as redis:
            redis.config_set("appendfsync", "always")
        self._redis_started_s = time.monotonic()

    def killed(self) -> set[str]:
        """The names of all that were killed."""
        return {name for post in self.posts for name in post.killed}

    def close(self) -> None:
        """End everybody as a stop does, Redis last."""
        self._closing.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        for post in self.posts:
            if post.running is not None:
                stop(post.running)
                # The API ends by the signal itself, once it has said goodbye to all.
                if post.running.returncode not in ({0, -signal.SIGTERM} if post.kind == "api" else {0}):
                    self.faults.append(f"{post.holder} ended with {post.running.returncode} when told to stop")
        for proxy in self.proxies:
            proxy.__exit__(None, None, None)
        self.redis_server.stop()

    def processes(self) -> list[psutil.Process]:
        """All that run, and whatever jobs started: by their working folder, which all inherit."""
        return _working_in(self.folder)

    def left(self) -> list[str]:
        """What they left behind when they ended."""
        return [str(process) for process in self.processes()]

    def end_left(self) -> None:
        """End them, so that a run that failed costs the next one nothing."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _api(self, number: int, redis_url: str) -> Post:
        port = free_port()
        self.api_urls.append(f"http://127.0.0.1:{port}")
        return self._post("api", number, ["-m", "api"], redis_url, HEADWAY_API_PORT=str(port))

    def _worker(self, number: int, redis_url: str) -> Post:
        name = f"worker-{number}-{{n}}"
        command = ["-m", "headway.cli", "worker", "--tasks", "tests.chaos.jobs", "--name", name]
        return self._post("worker", number, command, redis_url)

    def _post(self, kind: str, number: int, command: list[str], redis_url: str = "", **env: str) -> Post:
        env = self.settings | {"REDIS_URL": redis_url or self.redis_server.url} | env
        return Post(kind, number, command, env, self.folder)

    def _keep(self) -> None:
        while not self._closing.wait(_LOOK_S):
            for post in self.posts:
                with post.lock:
                    self._keep_filled(post)

    def _keep_filled(self, post: Post) -> None:
        status = post.ended()
        if status is None:
            return
        now_s = time.monotonic()
        if not post.fill_at_s:
            post.fill_at_s = now_s + self._chance.uniform(0, 1)
            if status == _WRONG_SET_UP:
                # It began while Redis was away, and said so.
                self.counts["began in vain"] += 1
            elif not post.as_expected(status):
                self.faults.append(f"{post.holder} ended with {status}, and nobody had told it to")
        elif now_s >= post.fill_at_s and now_s > self._redis_started_s:
            post.fill_at_s = 0.0
            post.fill()


def _working_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()) == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]
