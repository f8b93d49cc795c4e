"""How much one user may ask for, and how many jobs may wait, whichever process of the API is asked."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx2
import pytest

from headway import keys
from headway.access import rates
from headway.client import Client
from headway.errors import TooMany
from headway.settings import Settings
from headway.store import Store
from tests.api.test_errors import check_problem
from tests.api.watching import WrittenJob
from tests.servers import ApiServer, api_server

SUBMITS, ACTIONS, WAITING = 3, 2, 20
Both = tuple[httpx2.Client, httpx2.Client]


@pytest.fixture(scope="module")
def limited(module_redis_url: str) -> Iterator[tuple[ApiServer, ApiServer]]:
    """Two processes on one Redis."""
    env = {
        "HEADWAY_SUBMITS_PER_MINUTE": str(SUBMITS),
        "HEADWAY_ACTIONS_PER_MINUTE": str(ACTIONS),
        "HEADWAY_WAITING_MAX": str(WAITING),
    }
    with api_server(module_redis_url, **env) as one, api_server(module_redis_url, **env) as other:
        yield one, other


@pytest.fixture
def both(limited: tuple[ApiServer, ApiServer], request: pytest.FixtureRequest) -> Iterator[Both]:
    """Somebody new who asks both."""
    one, other = ({"base_url": api.url, "headers": {"X-Headway-User": request.node.name}} for api in limited)
    with httpx2.Client(**one, timeout=20) as first, httpx2.Client(**other, timeout=20) as second:
        yield first, second


@pytest.fixture
def store(module_redis_url: str) -> Iterator[Store]:
    with closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store:
        yield store


def test_submits_of_one_user_are_counted_across_processes(both: Both) -> None:
    for client in (both * 2)[:SUBMITS]:
        assert client.post("/workflow/run", json={"n_steps": 1}).status_code == 200
    for client in both:
        for path in ("/workflow/run", "/jobs"):
            refused = client.post(path, json={"task": "long_task"} if path == "/jobs" else {})
            problem = check_problem(refused, 429, "too-many")
            assert f"may make {SUBMITS} submits and uploads a minute: try again in" in problem["detail"]
            assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.post("/files", files={"file": ("t.csv", b"a\n1\n")}).status_code == 429
    somebody = {"X-Headway-User": "somebody else"}
    assert both[0].post("/workflow/run", json={"n_steps": 1}, headers=somebody).status_code == 200
    assert both[0].get("/jobs").status_code == 200


def test_what_is_asked_of_jobs_is_counted_for_each_job(both: Both, store: Store) -> None:
    ids = [WrittenJob(store).id for _ in range(ACTIONS + 1)]
    answer = both[0].post("/jobs/bulk", json={"action": "cancel", "ids": ids}).json()["results"]
    assert [one["problem"] is None for one in answer] == [True] * ACTIONS + [False]
    for refused in (both[1].post(f"/jobs/{ids[-1]}/cancel"), both[1].delete(f"/jobs/{ids[0]}")):
        check_problem(refused, 429, "too-many")
    assert both[1].get(f"/status/{ids[-1]}").json()["status"] == "queued"


def test_what_is_no_job_id_is_neither_counted_nor_noted(both: Both, store: Store) -> None:
    ids = [letter * 100_000 for letter in "abc"]
    answer = both[0].post("/jobs/bulk", json={"action": "cancel", "ids": ids}).json()["results"]
    assert len(ids) > ACTIONS
    assert all("is no job id" in one["problem"] for one in answer)
    assert both[1].delete(f"/jobs/{'d' * 100}").status_code == 404
    entries: Any = store.redis.xrange(keys.AUDIT)
    assert all(len(fields[b"deed"]) < 1_000 for _, fields in entries)
    assert both[1].post(f"/jobs/{WrittenJob(store).id}/cancel").status_code == 200


def test_a_counter_that_has_lost_its_end_gets_one(store: Store) -> None:
    counts = [store.run(rates.count("stuck", "ann", 60))]
    (key,) = store.redis.scan_iter("access:rate:stuck:*")
    assert store.redis.persist(key)
    counts += [store.run(rates.count("stuck", "ann", 60)) for _ in range(2)]
    assert [count.times for count in counts] == [1, 2, 3]
    assert all(0 < count.ends_in_s <= 60 for count in counts)
    assert 0 < store.redis.ttl(key) <= 60


@contextmanager
def no_room(store: Store) -> Iterator[None]:
    """While as many jobs wait as may."""
    try:
        for _ in range(WAITING):
            WrittenJob(store)
        yield
    finally:
        store.redis.delete(keys.WAITING)


def test_no_more_jobs_wait_than_may(both: Both, store: Store) -> None:
    with no_room(store):
        refused = both[0].post("/workflow/run", json={"n_steps": 1})
        problem = check_problem(refused, 429, "too-many")
        assert "are waiting already" in problem["detail"]
        assert int(refused.headers["retry-after"]) > 0
    assert both[0].post("/workflow/run", json={"n_steps": 1}).status_code == 200


def test_a_repeated_submit_is_answered_with_its_job_whatever_the_limits(both: Both, store: Store) -> None:
    def submit(client: httpx2.Client, key: str) -> httpx2.Response:
        return client.post("/jobs", json={"task": "long_task"}, headers={"Idempotency-Key": key})

    first = [submit(both[0], f"submit-{n}").json()["job_id"] for n in range(SUBMITS)]
    check_problem(submit(both[1], "another"), 429, "too-many")
    with no_room(store):
        again = [submit(both[1], f"submit-{n}").json()["job_id"] for n in range(SUBMITS)]
    assert again == first


def test_a_repeated_retry_is_answered_with_its_job_whatever_the_limits(both: Both, store: Store) -> None:
    def retry(client: httpx2.Client, key: str) -> httpx2.Response:
        return client.post(f"/jobs/{job.id}/retry", headers={"Idempotency-Key": key})

    job = WrittenJob(store)
    job.start()
    job.finish()
    assert retry(both[0], "once").json()["attempt"] == 2
    other = [retry(both[0], f"another-{n}") for n in range(ACTIONS)]
    assert [one.status_code for one in other] == [409] * (ACTIONS - 1) + [429]
    with no_room(store):
        for client in both * ACTIONS:
            assert retry(client, "once").json()["attempt"] == 2


def test_the_client_says_in_a_sentence_when_to_submit_again(limited: tuple[ApiServer, ApiServer]) -> None:
    with Client(limited[0].url, user="eager") as client:
        for _ in range(SUBMITS):
            client.submit("long_task", n_steps=1)
        with pytest.raises(TooMany, match=r"^'eager' may make 3 .* a minute: try again in [0-9]+ s$"):
            client.submit("long_task", n_steps=1)
