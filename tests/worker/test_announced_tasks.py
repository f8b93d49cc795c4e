"""What a real worker announces of its tasks, and what the API makes of it."""

from collections.abc import Iterator

import httpx2
import pytest
from redis import Redis

from headway import keys
from headway.snapshot import Policy
from headway.workers import TASK_KEPT_S
from tests.servers import ApiServer, worker_process
from tests.wait import wait_for
from tests.worker.floor import JOBS, Floor

POLICY = Policy(retries=2, backoff=0.5, timeout=60, pause="cooperative", stall_s=5)


@pytest.fixture
def http(api: ApiServer, module_redis_url: str) -> Iterator[httpx2.Client]:
    """The API, after a worker was there and has ended."""
    with httpx2.Client(base_url=api.url, timeout=10) as http:
        with worker_process(module_redis_url, JOBS):
            wait_for(lambda: http.get("/tasks/take_care").status_code == 200, 10, "the task is known")
        wait_for(lambda: http.get("/workers").json() == [], 10, "the worker has withdrawn")
        yield http


def test_a_tasks_policy_and_form_are_announced_and_the_policy_goes_with_its_jobs(
    http: httpx2.Client, module_redis_url: str
) -> None:
    announced = http.get("/tasks/take_care").json()
    assert Policy.model_validate(announced["policy"]) == POLICY
    (field,) = announced["fields"]
    assert (field["name"], field["kind"], field["minimum"], field["maximum"]) == ("times", "integer", 1, 9)
    floor = Floor(module_redis_url)
    job_id = http.post("/jobs", json={"task": "take_care", "params": {"times": 2}}).raise_for_status().json()["job_id"]
    spec = floor.store.run(floor.store.calls.spec(job_id))
    floor.close()
    assert spec is not None
    assert (spec.policy, spec.params) == (POLICY, {"times": 2})


def test_a_task_is_known_for_seven_days_after_its_last_worker(http: httpx2.Client, module_redis_url: str) -> None:
    with Redis.from_url(module_redis_url) as redis:
        now_s = redis.time()[0]
        redis.zadd(keys.TASKS_SEEN, {"take_care": now_s - TASK_KEPT_S + 60})
        answer = http.post("/jobs", json={"task": "take_care"})
        assert answer.status_code == 201
        assert "no worker" in answer.json()["message"]
        redis.zadd(keys.TASKS_SEEN, {"take_care": now_s - TASK_KEPT_S - 60})
        assert http.get("/tasks/take_care").status_code == 404
        assert http.post("/jobs", json={"task": "take_care"}).status_code == 404
        with worker_process(module_redis_url, ("worker.examples",)):
            wait_for(lambda: redis.hget(keys.TASKS, "take_care") is None, 10, "a worker that starts has forgotten it")
