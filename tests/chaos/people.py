"""Those who order jobs and control them, through APIs that come and go."""

import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import httpx2

from tests.chaos.chronicle import Chronicle
from tests.chaos.orders import Order

#: How long somebody asks again and again, with the same key, until an answer comes.
PATIENCE_S = 90.0
_UNAVAILABLE = 503
_CONFLICT = 409
_ACTIONS = {"pause": 5, "cancel": 1, "retry": 2, "resume": 2}
_RESUMES = 0.8


class Person(threading.Thread, ABC):
    """Somebody with a client, who does something again and again until told to stop."""

    def __init__(self, name: str, api_urls: list[str], chance: random.Random, mean_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self.counts: Counter[str] = Counter()
        #: What must not happen.
        self.faults: list[str] = []
        self.failure: BaseException | None = None
        self._api_urls = api_urls
        self._chance = chance
        self._mean_s = mean_s
        self._stopping = threading.Event()
        self._http = httpx2.Client(timeout=10, headers={"X-Headway-User": name})
        self._keys = 0

    def run(self) -> None:
        """Do it, each time after a pause."""
        try:
            while not self._stopping.wait(self._chance.expovariate(1 / self._mean_s)):
                self.do()
        except BaseException as failure:
            self.failure = failure

    @abstractmethod
    def do(self) -> None:
        """Do it once."""

    def stop(self) -> None:
        """Let what is asked be answered, and ask no more."""
        self._stopping.set()
        if self.ident is not None:
            self.join()
        self._http.close()

    def ask(self, path: str, key: str = "", body: dict[str, Any] | None = None) -> httpx2.Response:
        """Ask one of the APIs, again with the same key until one answers.

        Raises:
            TimeoutError: none did.
        """
        if not key:
            self._keys += 1
            key = f"{self.name}-{self._keys}"
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            url = self._chance.choice(self._api_urls) + path
            try:
                answer = self._http.post(url, headers={"Idempotency-Key": key}, json=body)
            except httpx2.TransportError:
                self.counts["no answer"] += 1
            else:
                if answer.status_code != _UNAVAILABLE:
                    return answer
                self.counts["not now"] += 1
            time.sleep(self._chance.uniform(0.05, 0.3))
        raise TimeoutError(f"{path} was not answered within {PATIENCE_S:g} s")


class Orderer(Person):
    """Orders jobs while no more than so many are under way."""

    def __init__(
        self, api_urls: list[str], chance: random.Random, orders: Iterator[Order], chronicle: Chronicle, at_once: int
    ) -> None:
        super().__init__("orderer", api_urls, chance, mean_s=0.05)
        #: What was ordered, by job id.
        self.ordered: dict[str, Order] = {}
        self._orders = orders
        self._chronicle = chronicle
        self._at_once = at_once

    def do(self) -> None:
        """Order a job."""
        under_way = {event.job_id for event in self._chronicle.unfinished() if event.snapshot["status"] != "paused"}
        if len(under_way) >= self._at_once:
            return
        order = next(self._orders)
        while True:
            answer = self.ask("/jobs", order.key, order.body)
            if answer.status_code != 404:
                break
            # No worker has announced the task yet.
            time.sleep(0.1)
        if answer.status_code != 201:
            self.faults.append(f"{order.key} was answered with {answer.status_code}: {answer.text}")
            return
        job_id = answer.json()["job_id"]
        if job_id in self.ordered:
            self.faults.append(f"{order.key} was answered with the job of {self.ordered[job_id].key}")
        self.ordered[job_id] = order


class Controller(Person):
    """Pauses, resumes, cancels and retries jobs."""

    def __init__(self, api_urls: list[str], chance: random.Random, chronicle: Chronicle) -> None:
        super().__init__("controller", api_urls, chance, mean_s=0.15)
        #: How often each action was asked of each job, by (job id, action).
        self.asked: Counter[tuple[str, str]] = Counter()
        self._chronicle = chronicle
        self._to_resume: dict[float, list[str]] = defaultdict(list)

    def do(self) -> None:
        """Resume what is due, and do something with some job."""
        for at_s in [at_s for at_s in self._to_resume if at_s <= time.monotonic()]:
            for job_id in self._to_resume.pop(at_s):
                self.act(job_id, "resume")
        (action,) = self._chance.choices(list(_ACTIONS), list(_ACTIONS.values()))
        events = list(self._chronicle.latest.values())
        jobs = [event.job_id for event in events if event.terminal == (action == "retry")]
        if not jobs:
            return
        job_id = self._chance.choice(jobs)
        if self.act(job_id, action) and action == "pause" and self._chance.random() < _RESUMES:
            self._to_resume[time.monotonic() + self._chance.uniform(0.1, 1.5)].append(job_id)

    def act(self, job_id: str, action: str) -> bool:
        """Ask for one action; whether it was granted."""
        self.asked[job_id, action] += 1
        answer = self.ask(f"/jobs/{job_id}/{action}")
        if answer.status_code == _CONFLICT:
            self.counts[f"{action} refused"] += 1
            return False
        if answer.status_code != 200:
            self.faults.append(f"{action} of {job_id} was answered with {answer.status_code}: {answer.text}")
            return False
        self.counts[action] += 1
        return True
