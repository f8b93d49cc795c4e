"""Polls that go through two API processes at once: alternately by each client, and by several clients together."""

import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import httpx2
from redis import Redis

from headway import keys
from headway.status import Status
from tests.api.watching import WrittenJob, new_id
from tests.servers import ApiServer

Both = tuple[ApiServer, ApiServer]
STEPS = 50
STEP_S = 0.02


@dataclass
class Poller:
    """One client that asks the two in turn, beginning with either, until the job is over."""

    both: Both
    redis: Redis
    job_id: str
    first: int
    waits: bool
    answers: list[tuple[dict[str, Any], httpx2.Response, dict[str, Any]]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=lambda: [{}])

    def run(self) -> None:
        """Poll to the end, with what was stored before and after each request beside its answer."""
        tag, seq = "", 0
        with httpx2.Client(timeout=20) as http:
            for turn in itertools.count(self.first):
                params = {"after": seq, "wait": 5} if self.waits and seq else {}
                url = f"{self.both[turn % 2].url}/status/{self.job_id}"
                before = self.stored()
                answer = http.get(url, params=params, headers={"If-None-Match": tag} if tag else {})
                self.answers.append((before, answer, self.stored()))
                self.seen.append(self.seen[-1])
                if answer.status_code == 304:
                    continue
                snapshot = answer.raise_for_status().json()
                if snapshot["seq"] < seq:
                    continue
                tag, seq, self.seen[-1] = answer.headers["etag"], snapshot["seq"], snapshot
                if Status(snapshot["status"]).terminal:
                    return

    def stored(self) -> dict[str, Any]:
        """What Redis has now."""
        members: dict[str, Any] = json.loads(self.redis.get(keys.snapshot(self.job_id)))
        return members

    def check_each_answer(self) -> None:
        """A client that had not what was stored is given it; one that had it, and has it still, is not."""
        for (before, answer, after), had in zip(self.answers, self.seen, strict=False):
            if answer.status_code == 304:
                assert shows(had, before)
            elif before == after:
                assert shows(answer.json(), before)
                assert not shows(had, before)


def shows(snapshot: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Whether a snapshot is what is stored; a lesson writer's has further members put beside its own."""
    return stored.items() <= snapshot.items()


def polled(both: Both, redis: Redis, job_id: str, write: Callable[[], object], waits: list[bool]) -> list[Poller]:
    """Clients of each kind, one beginning with each process, while `write` takes the job to its end."""
    pollers = [Poller(both, redis, job_id, first, waiting) for first in (0, 1) for waiting in waits]
    with ThreadPoolExecutor(len(pollers) + 1) as pool:
        done = [pool.submit(poller.run) for poller in pollers]
        pool.submit(write).result(20)
        for each in done:
            each.result(20)
    return pollers


def check_the_end(pollers: list[Poller]) -> None:
    """Every client ended on what is stored, and none was ever given two bodies under one seq."""
    bodies: dict[int, bytes] = {}
    for poller in pollers:
        assert shows(poller.seen[-1], poller.stored())
        for _, answer, _ in poller.answers:
            if answer.status_code == 200:
                assert bodies.setdefault(answer.json()["seq"], answer.content) == answer.content


def own_steps(job: WrittenJob) -> None:
    job.start()
    for n in range(STEPS):
        job.write(status="running", percent=n, n=n, message=f"step {n}/{STEPS}")
        time.sleep(STEP_S)
    job.finish({"value": 42})


def test_a_lesson_writer_polled_in_both_ways_ends_on_its_last_snapshot_and_no_change_is_304(
    both: Both, redis: Redis, writers: ModuleType
) -> None:
    job_id = new_id()
    writers.seed(job_id)
    pollers = polled(both, redis, job_id, lambda: writers.long_task(job_id, STEPS), [False, True])

    check_the_end(pollers)
    for poller in pollers:
        poller.check_each_answer()
        seqs = [snapshot["seq"] for snapshot in poller.seen[1:]]
        assert seqs == sorted(seqs)
        assert poller.seen[-1]["result"] == {"msg": "done", "value": 42}
        assert len(set(seqs)) > 5
    statuses = {answer.status_code for poller in pollers for _, answer, _ in poller.answers}
    assert statuses <= {200, 304}


def test_a_job_that_nobody_watches_is_never_304_after_a_change(both: Both, redis: Redis, job: WrittenJob) -> None:
    pollers = polled(both, redis, job.id, lambda: own_steps(job), [False])

    check_the_end(pollers)
    for poller in pollers:
        poller.check_each_answer()


def test_a_job_that_is_watched_too_ends_on_its_last_snapshot(both: Both, redis: Redis, job: WrittenJob) -> None:
    pollers = polled(both, redis, job.id, lambda: own_steps(job), [False, True])

    check_the_end(pollers)
    for poller in pollers:
        # What is in memory may be older for as long as the message travels, and a client drops a smaller seq.
        assert poller.seen[-1]["seq"] == job.seq
        assert {snapshot["message"] for snapshot in poller.seen[1:]} >= {"complete"}


def test_another_body_under_the_same_seq_is_not_304(both: Both, redis: Redis, writers: ModuleType) -> None:
    job_id = new_id()
    before, after = [], []
    with httpx2.Client(timeout=10) as http:
        for percent in range(3):
            writers._write_progress(job_id, "running", percent)
            before.append(http.get(f"{both[percent % 2].url}/status/{job_id}"))
        # As if Redis had lost it all, and its writer went on.
        redis.delete(*redis.keys(f"job:{job_id}:*"))
        for percent in range(3):
            writers._write_progress(job_id, "running", 50 + percent)
            had = {"If-None-Match": before[percent].headers["etag"]}
            after += [http.get(f"{api.url}/status/{job_id}", headers=had) for api in both]

    assert [answer.json()["seq"] for answer in before] == [1, 2, 3]
    assert [answer.status_code for answer in after] == [200] * 6
    assert [answer.json()["seq"] for answer in after] == [1, 1, 2, 2, 3, 3]
