"""Who may see and do what, on every route and by every transport, where everybody has to show a token."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.doors import OPEN
from headway.access import tokens
from headway.access.roles import Role
from headway.access.tokens import Token
from headway.clock import format_utc
from headway.history.database import Database, database_url
from headway.history.migrate import migrate
from headway.history.writing import Writer
from headway.settings import Settings
from headway.store import Store
from tests.api.test_errors import ABOUT_A_JOB, CALLS, Call, send
from tests.api.watching import WrittenJob, new_id
from tests.history.past import Past
from tests.servers import ApiServer, api_server
from tests.wait import wait_for

ANN, NOBODY = "ann's", "nobody's"
#: Who is there: a role, and whose jobs it is about.
WHO: dict[str, tuple[Role, str | None]] = {
    "ann's viewer": ("viewer", "ann"),
    "viewer": ("viewer", None),
    "ann": ("operator", "ann"),
    "operator": ("operator", None),
    "admin": ("admin", None),
}
#: Which jobs each of them sees, and which of them may change what they see.
SEES = {
    "ann's viewer": {"ann's"},
    "viewer": {"ann's", "bob's"},
    "ann": {"ann's"},
    "operator": {"ann's", "bob's", "nobody's"},
    "admin": {"ann's", "bob's", "nobody's"},
}
CHANGES = {"ann", "operator", "admin"}
#: What each route is for; one that is missing here fails the test below.
LOOKS = {"GET"}
CHANGES_NOTHING = {("POST", "/tickets")}
FOR_ADMINS = {("GET", "/audit")}
#: What is 404 although the job is there: a lesson writer's job has no log, nobody a task of that name.
MAY_BE_MISSING = {"/tasks/{name}", "/jobs/{job_id}/result"}


#: What is answered of a job that is over, whether Redis still has it or not.
OF_A_PAST_JOB = [
    *("/status/{}", "/events/{}", "/analytics/curves?job_id={}"),
    *(f"/jobs/{{}}{part}" for part in ("", "/actions", "/history", "/logs", "/metrics", "/result")),
]
DAY = {"since": "2025-10-28T00:00:00Z", "until": "2025-10-29T00:00:00Z"}


@dataclass(frozen=True)
class House:
    """An API that asks for tokens, one of each kind, three jobs, and three more that only history has."""

    api: ApiServer
    store: Store
    tokens: dict[str, str]
    jobs: dict[str, str]
    past: dict[str, str]
    clients: dict[str, httpx2.Client]
    stranger: httpx2.Client

    def token(self, role: Role = "admin", owner: str | None = None, expires_at: str | None = None) -> tuple[Token, str]:
        """One more."""
        made, text = tokens.mint(role, owner=owner, name=None, expires_at=expires_at)
        self.store.run(tokens.save(made))
        return made, text

    def socket(self, path: str, token: str | None = None) -> ClientConnection:
        """A socket, with a token in its header or none."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return connect(f"{self.api.ws_url}{path}", additional_headers=headers, open_timeout=10)


@pytest.fixture(scope="module")
def house(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data_dir = tmp_path_factory.mktemp("data")
    env = {"HEADWAY_AUTH": "required", "HEADWAY_ALLOWED_ORIGINS": "https://ok.test", "HEADWAY_DATA_DIR": str(data_dir)}
    with (
        closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store,
        Redis.from_url(module_redis_url) as redis,
        api_server(module_redis_url, **env) as api,
        ExitStack() as stack,
    ):
        jobs = {f"{owner}'s": WrittenJob(store, owner=owner).id for owner in ("ann", "bob")}
        jobs["nobody's"] = new_id()
        redis.set(f"job:{jobs[NOBODY]}:progress", '{"status": "running", "percent": 5, "owner": "ann"}')
        stranger = stack.enter_context(httpx2.Client(base_url=api.url, timeout=10))
        house = House(api, store, {}, jobs, past_jobs(data_dir), {}, stranger)
        for who, (role, owner) in WHO.items():
            house.tokens[who] = text = house.token(role, owner)[1]
            headers = {"Authorization": f"Bearer {text}"}
            client = httpx2.Client(base_url=api.url, headers=headers, timeout=10)
            house.clients[who] = stack.enter_context(client)
        yield house


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_each_route_lets_each_one_do_what_they_may_and_no_more(house: House, call: Call) -> None:
    method, path = call
    changes = method not in LOOKS and call not in CHANGES_NOTHING
    for who in WHO:
        for whose, job_id in house.jobs.items() if call in ABOUT_A_JOB else [("", "nobody")]:
            http_status = asked(house.clients[who], call, job_id)
            if call in ABOUT_A_JOB and whose not in SEES[who]:
                assert http_status == 404, (who, whose)
            elif call in FOR_ADMINS and who != "admin":
                assert http_status == 403, who
            elif changes and who not in CHANGES and path != "/jobs/bulk":
                assert http_status == 403, (who, whose)
            else:
                assert http_status not in {401, 403}, (who, whose)
                assert http_status != 404 or path in MAY_BE_MISSING, (who, whose)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_without_a_valid_token_nothing_is_answered(house: House, call: Call) -> None:
    for shown in (None, "", "Bearer", "Bearer hw_00000000_x", "Basic YTpi", "Bearer a.b.c"):
        house.stranger.headers["authorization"] = shown or ""
        if shown is None:
            del house.stranger.headers["authorization"]
        answer = send(house.stranger, call, house.jobs[ANN])
        if call[1] in OPEN:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, shown
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == "urn:headway:not-signed-in"


@pytest.mark.parametrize("who", WHO)
def test_lists_and_batches_show_and_count_only_what_one_may_see(house: House, who: str) -> None:
    ids = ",".join(house.jobs.values())
    client = house.clients[who]
    listed = {job["job_id"] for job in client.get("/jobs").json()["jobs"]}
    batch = client.get("/status", params={"ids": ids}).json()
    bobs = client.get("/jobs", params={"owner": "bob"}).json()["jobs"]

    seen = {house.jobs[whose] for whose in SEES[who]}
    assert listed & set(house.jobs.values()) == seen
    assert {job["job_id"] for job in batch["snapshots"]} == seen
    assert set(batch["missing"]) == set(house.jobs.values()) - seen
    assert {job["job_id"] for job in bobs} - set(house.past.values()) == ({house.jobs["bob's"]} & seen)


@pytest.mark.parametrize("who", WHO)
def test_sockets_and_streams_show_what_one_may_see(house: House, who: str) -> None:
    for whose, job_id in house.jobs.items():
        sees = whose in SEES[who]
        with house.socket(f"/ws/{job_id}", house.tokens[who]) as one:
            assert first_of(one) == (job_id if sees else 4404)
        with house.socket("/ws", house.tokens[who]) as many:
            many.send(json.dumps({"op": "subscribe", "jobs": {job_id: None}}))
            said = json.loads(many.recv(10))
            assert said["type"] == ("snapshot" if sees else "error")
        with house.clients[who].stream("GET", f"/events/{job_id}") as stream:
            assert stream.status_code == (200 if sees else 404)


@pytest.mark.parametrize("who", WHO)
def test_a_job_that_redis_has_let_go_is_shown_to_whom_it_was(house: House, who: str) -> None:
    client = house.clients[who]
    for whose, job_id in house.past.items():
        sees = whose in SEES[who]
        for path in OF_A_PAST_JOB:
            assert client.get(path.format(job_id)).status_code == (200 if sees else 404), (whose, path)
        with house.socket(f"/ws/{job_id}", house.tokens[who]) as one:
            assert first_of(one) == (job_id if sees else 4404)
    seen = {house.past[whose] for whose in SEES[who]}
    assert {job["job_id"] for job in client.get("/jobs").json()["jobs"]} & set(house.past.values()) == seen
    batch = client.get("/status", params={"ids": ",".join(house.past.values())}).json()
    assert {job["job_id"] for job in batch["snapshots"]} == seen


@pytest.mark.parametrize("task", [{}, {"task": "count"}], ids=["all", "one-task"])
@pytest.mark.parametrize("who", WHO)
def test_figures_are_about_what_one_may_see(house: House, who: str, task: dict[str, str]) -> None:
    def ask(figure: str) -> Any:
        return house.clients[who].get(f"/analytics/{figure}", params=DAY | task).raise_for_status().json()

    seen = {house.past[whose] for whose in SEES[who]}
    buckets = ask("throughput")["buckets"]
    assert (sum(one["submitted"] for one in buckets), sum(one["finished"] for one in buckets)) == (len(seen),) * 2
    report = ask("tasks")
    assert [one["jobs"] for one in (report["total"], *report["tasks"])] == [len(seen)] * 2
    assert report["total"]["run_s"]["p95"] == 60 * len(seen)
    assert {job["job_id"] for job in ask("slowest")["jobs"]} == seen
    assert {worker["worker"] for worker in ask("workers")["workers"]} == {f"on-{job_id}" for job_id in seen}
    curves = house.clients[who].get("/analytics/curves", params={"task": "count"}).json()["curves"]
    assert {curve["job_id"] for curve in curves} == seen


def test_a_submitted_job_is_its_owners(house: House) -> None:
    client = house.clients["ann"]
    answer = client.post("/workflow/run", json={"n_steps": 1})
    assert client.get(f"/status/{answer.json()['job_id']}").json()["owner"] == "ann"


def test_a_socket_may_show_its_token_first(house: House) -> None:
    with house.socket(f"/ws/{house.jobs[ANN]}") as ws:
        ws.send(json.dumps({"op": "auth", "token": house.tokens["ann"]}))
        assert first_of(ws) == house.jobs["ann's"]


@pytest.mark.parametrize("said", ["{}", '{"op":"auth","token":"hw_00000000_x"}', '{"op":"subscribe","jobs":{}}'])
@pytest.mark.parametrize("path", ["/ws", "/ws/{}"])
def test_a_socket_that_shows_no_valid_token_first_is_4401(house: House, path: str, said: str) -> None:
    with house.socket(path.format(house.jobs["ann's"])) as ws:
        ws.send(said)
        assert first_of(ws) == 4401


def test_a_ticket_lets_its_holder_in_once(house: House) -> None:
    client = house.clients["ann"]
    ticket = client.post("/tickets").json()["ticket"]
    path = f"/ws/{house.jobs[ANN]}?ticket={ticket}"
    with house.socket(path) as ws:
        assert first_of(ws) == house.jobs["ann's"]
    with house.socket(path) as ws:
        assert first_of(ws) == 4401
    client = house.clients["ann"]
    ticket = client.post("/tickets").json()["ticket"]
    for expected in (200, 401):
        address = f"{house.api.url}/events/{house.jobs[ANN]}?ticket={ticket}"
        with httpx2.stream("GET", address, timeout=10) as stream:
            assert stream.status_code == expected


@pytest.mark.parametrize("path", ["/ws", "/ws/{}"])
def test_what_is_open_ends_with_a_revoked_token(house: House, path: str) -> None:
    made, text = house.token()
    with house.socket(path.format(house.jobs["ann's"]), text) as ws:
        if path != "/ws":
            assert first_of(ws) == house.jobs["ann's"]
        assert house.store.run(tokens.revoke(made.token_id))
        assert close_of(ws) == 4401
    with httpx2.Client(base_url=house.api.url, headers={"Authorization": f"Bearer {text}"}) as client:
        assert client.get("/jobs").status_code == 401


@pytest.mark.parametrize("path", ["/ws", "/ws/{}"])
def test_a_token_that_ends_during_a_watch_is_followed_by_another_or_by_4401(house: House, path: str) -> None:
    ends = format_utc(time.time() + 2)
    with (
        house.socket(path.format(house.jobs["ann's"]), house.token("operator", "ann", ends)[1]) as renewed,
        house.socket(path.format(house.jobs["ann's"]), house.token("operator", "ann", ends)[1]) as left,
        house.socket(path.format(house.jobs["ann's"]), house.token("operator", "ann", ends)[1]) as taken,
    ):
        renewed.send(json.dumps({"op": "auth", "token": house.tokens["ann"]}))
        taken.send(json.dumps({"op": "auth", "token": house.tokens["admin"]}))
        assert close_of(taken) == 4401
        assert close_of(left) == 4401
        renewed.ping().wait(10)
        assert renewed.close_code is None


def test_only_allowed_origins_may_ask(house: House) -> None:
    for origin, expected in (("https://ok.test", 200), ("https://evil.test", 403), ("http://localhost:5173", 403)):
        client = house.clients["ann"]
        assert client.get("/jobs", headers={"Origin": origin}).status_code == expected
    client = house.clients["ann"]
    same = {"Origin": house.api.url}
    assert client.get("/jobs", headers=same).status_code == 200
    assert client.get("/jobs", headers={"Host": "headway.test"}).status_code == 200


def test_a_secret_is_kept_nowhere(house: House) -> None:
    secret = house.tokens["admin"].split("_", 2)[2]
    kept = house.store.run(tokens.find_all())
    assert kept
    assert secret not in "".join(token.model_dump_json() for token in kept)
    assert not any(token.digest in repr(token) for token in kept)


def asked(client: httpx2.Client, call: Call, job_id: str) -> int:
    """The status of an answer, which may be one that goes on."""
    if "events" not in call[1]:
        return send(client, call, job_id).status_code
    with client.stream(call[0], call[1].format(job_id=job_id)) as stream:
        return stream.status_code


def past_jobs(data_dir: Path) -> dict[str, str]:
    """A job of each, whose owner saw it run a minute longer than the one before, that only history has."""
    jobs = {"ann's": "ann-past", "bob's": "bob-past", "nobody's": "nobody-past"}
    with closing(Database(database_url(Settings(data_dir=data_dir)))) as database:
        migrate(database)
        past = Past(Writer(database))
        for minutes, (owner, job_id) in enumerate(zip(("ann", "bob", None), jobs.values(), strict=True), start=1):
            past.job(job_id, "10:00", "10:00", f"10:{minutes:02}", owner=owner, worker=f"on-{job_id}")
    return jobs


def first_of(ws: ClientConnection) -> Any:
    """The job id of the first snapshot, or the code of the close."""
    try:
        return json.loads(ws.recv(10))["job_id"]
    except ConnectionClosed:
        return ws.close_code


def close_of(ws: ClientConnection) -> int | None:
    """The code with which the server closes, whatever it says before."""
    wait_for(lambda: first_of(ws) == ws.close_code or None, 15, "the socket is closed")
    return ws.close_code
