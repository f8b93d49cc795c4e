"""One shape for every error, on every route that the app has."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient
from websockets.sync.client import connect

from api import examples
from api.main import create_app
from headway.errors import EngineUnavailable
from headway.settings import Settings
from headway.snapshot import Snapshot, Spec
from tests.api.watching import WrittenJob, new_id, read_to_end
from tests.servers import ApiServer, api_server

Call = tuple[str, str]
BODIES: dict[str, Any] = {
    "/jobs": {"task": "long_task"},
    "/jobs/bulk": {"action": "pause", "ids": ["nobody"]},
    "/workflow/run": {},
}
#: What is said to be away, where neither Redis answers nor a recorder has begun history, if it is not Redis.
AWAY = {"analytics": "history-unavailable", "audit": "history-unavailable"}
WITHOUT_REDIS = {"/healthz", "/files", "/me"}


def calls() -> list[Call]:
    """Method and path of every route."""
    contexts = iter_route_contexts(create_app(Settings()).routes)
    routes = [route for route in (context.original_route for context in contexts) if isinstance(route, APIRoute)]
    return sorted((method, route.path) for route in routes for method in route.methods or ())


CALLS = calls()
ABOUT_A_JOB = [call for call in CALLS if "{job_id}" in call[1]]
WITH_BODY = [call for call in CALLS if call[0] == "POST" and (call[1] in BODIES or call[1] == "/files")]


def send(client: httpx2.Client, call: Call, job_id: str = "nobody", **options: Any) -> httpx2.Response:
    method, path = call
    if path == "/files" and not options:
        options = {"files": {"file": ("t.csv", b"a\n1\n")}}
    elif path == "/status" and not options:
        options = {"params": {"ids": job_id}}
    elif path == "/analytics/curves" and not options:
        options = {"params": {"task": "nothing"}}
    elif path in BODIES and method == "POST" and not options:
        options = {"json": BODIES[path]}
    return client.request(method, path.format(job_id=job_id, name="nothing"), **options)


def check_problem(answer: httpx2.Response, http_status: int, kind: str) -> dict[str, Any]:
    """Assert that an answer is problem details of this kind, and return them."""
    assert answer.status_code == http_status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:headway:{kind}"
    assert problem.keys() - {"errors"} == {"type", "title", "detail"}
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.fixture(scope="module")
def redisless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    env = {"HEADWAY_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    server = api_server("unix:///nowhere/redis.sock", wait_ready=False, **env)
    with server as api, httpx2.Client(base_url=api.url) as client:
        yield client


def test_every_route_is_found() -> None:
    assert {("GET", "/status/{job_id}"), ("POST", "/workflow/run"), ("GET", "/readyz")} <= set(CALLS)


@pytest.mark.parametrize("call", ABOUT_A_JOB, ids=" ".join)
def test_an_unknown_job_is_404_job_not_found(http: httpx2.Client, call: Call) -> None:
    assert check_problem(send(http, call), 404, "job-not-found")["detail"] == "job not found"


@pytest.mark.parametrize("job_id", ["x" * 10_000, "a:b", "ä", "a b", "%00"])
@pytest.mark.parametrize("call", ABOUT_A_JOB, ids=" ".join)
def test_an_id_that_no_job_can_have_is_404_and_says_what_ids_are(http: httpx2.Client, call: Call, job_id: str) -> None:
    problem = check_problem(send(http, call, job_id), 404, "job-not-found")
    assert "letters, digits" in problem["errors"][0]["detail"]
    assert len(problem["errors"][0]["detail"]) < 300


@pytest.mark.parametrize("call", ABOUT_A_JOB, ids=" ".join)
def test_an_id_with_slashes_is_404(http: httpx2.Client, call: Call) -> None:
    check_problem(send(http, call, "a%2F..%2Fb"), 404, "not-found")


@pytest.mark.parametrize("call", WITH_BODY, ids=" ".join)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_422(http: httpx2.Client, call: Call, body: bytes) -> None:
    answer = send(http, call, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    check_problem(answer, answer.status_code, "bad-request")


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_redis_away_is_503_with_retry_after(redisless: httpx2.Client, call: Call) -> None:
    answer = send(redisless, call)
    if call[1] in WITHOUT_REDIS:
        assert answer.is_success
        return
    check_problem(answer, 503, AWAY.get(call[1].split("/")[1], "redis-unavailable"))
    assert int(answer.headers["retry-after"]) > 0


def test_redis_away_closes_a_socket_with_1013(redisless: httpx2.Client) -> None:
    with connect(f"ws{str(redisless.base_url)[4:]}/ws/{new_id()}") as ws:
        assert read_to_end(ws) == ([], 1013)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_route_documents_what_it_answers(call: Call) -> None:
    app = create_app(Settings())
    operation = app.openapi()["paths"][call[1]][call[0].lower()]
    documented = set(operation["responses"])

    assert operation["operationId"] != ""
    assert operation["tags"]
    assert {"400", "403", "500"} <= documented
    assert call[1] in WITHOUT_REDIS or "503" in documented
    assert "{job_id}" not in call[1] or "404" in documented
    assert call not in WITH_BODY or {"413", "415", "422"} <= documented
    for http_status, response in operation["responses"].items():
        if http_status >= "400":
            (media_type, content) = response["content"].popitem()
            assert (media_type, response["content"]) == ("application/problem+json", {})
            assert content["schema"]["$ref"].endswith("/Problem")
            assert all(example["value"]["detail"] for example in content["examples"].values())


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_success_has_an_example_that_fits_its_own_schema(call: Call) -> None:
    document = create_app(Settings()).openapi()
    responses = document["paths"][call[1]][call[0].lower()]["responses"]
    succeeded = {status: answer for status, answer in responses.items() if status < "300"}

    assert succeeded
    for answer in succeeded.values():
        for content in answer.get("content", {}).values():
            values = [example["value"] for example in content.get("examples", {}).values()]
            values += [content["example"]] if "example" in content else []
            assert values
            if "schema" not in content:
                # Not JSON: a stream of events.
                continue
            for value in values:
                validator = Draft202012Validator(content["schema"] | {"components": document["components"]})
                assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize("name", examples.SNAPSHOTS)
def test_an_example_has_no_member_that_no_snapshot_has(name: str) -> None:
    assert examples.SNAPSHOTS[name].model_dump().keys() == Snapshot.model_fields.keys()


def test_the_schema_has_no_shape_of_errors_but_one() -> None:
    schemas = create_app(Settings()).openapi()["components"]["schemas"]
    assert "Problem" in schemas
    assert "HTTPValidationError" not in schemas


@pytest.mark.parametrize(("method", "path", "http_status", "kind"), [
    ("GET", "/nothing/here", 404, "not-found"),
    ("PUT", "/jobs", 405, "method-not-allowed"),
    ("GET", "/tasks/nothing", 404, "task-not-found"),
    ("GET", "/jobs?limit=0", 422, "bad-request"),
    ("GET", "/jobs?status=done", 422, "bad-request"),
    ("GET", "/jobs?cursor=x", 422, "bad-request"),
])  # fmt: skip
def test_other_mistakes_have_the_same_shape(
    http: httpx2.Client, method: str, path: str, http_status: int, kind: str
) -> None:
    check_problem(http.request(method, path), http_status, kind)


def test_a_task_that_nobody_announced_is_404(http: httpx2.Client) -> None:
    problem = check_problem(http.post("/jobs", json={"task": "nothing"}), 404, "task-not-found")
    assert "'nothing'" in problem["detail"]


def test_a_member_that_no_submit_has_is_named(http: httpx2.Client) -> None:
    problem = check_problem(http.post("/jobs", json={"task": "long_task", "prams": {}}), 422, "bad-request")
    assert problem["errors"][0]["field"] == "prams"


def test_a_queue_that_refuses_is_503_and_the_job_says_failed(redis_url: str) -> None:
    class Refusing:
        def enqueue(self, spec: Spec, attempt: int) -> None:
            raise EngineUnavailable("the queue is full")

        def position(self, spec: Spec, attempt: int) -> int | None:
            return None

        def close(self) -> None:
            pass

    app = create_app(Settings(HEADWAY_REDIS_URL=redis_url), Refusing())
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/jobs", json={"task": "long_task"}, headers={"Idempotency-Key": "k1"})
        (job,) = client.get("/jobs").json()["jobs"]
        again = client.post("/jobs", json={"task": "long_task"}, headers={"Idempotency-Key": "k1"})

    check_problem(answer, 503, "engine-unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (job["status"], job["error"]) == ("failed", {"type": "EngineUnavailable", "detail": "the queue is full"})
    assert again.status_code == 503


def test_an_unexpected_error_is_500_without_its_words(redis_url: str) -> None:
    class Broken:
        def enqueue(self, spec: Spec, attempt: int) -> None:
            raise ZeroDivisionError("a secret")

        def position(self, spec: Spec, attempt: int) -> int | None:
            return None

        def close(self) -> None:
            pass

    app = create_app(Settings(HEADWAY_REDIS_URL=redis_url), Broken())
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.post("/workflow/run", json={})

    check_problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_a_failed_job_is_data(api: ApiServer, job: WrittenJob) -> None:
    job.start()
    job.write(status="failed", error={"type": "ValueError", "detail": "no"})

    assert httpx2.get(f"{api.url}/status/{job.id}").status_code == 200
