"""Who did what, and who was refused it, as admins and those who may see a job read it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api import audit
from api.audit import REFUSALS_MAX
from api.auth import local_user
from headway import keys
from headway.access import rates, tokens
from headway.access.audit import note
from headway.access.roles import Role
from headway.access.tokens import Token
from headway.history.database import Database, database_url
from headway.history.entries import Entry
from headway.history.migrate import migrate
from headway.history.writing import Writer
from headway.settings import Settings
from headway.store import AsyncStore, Store
from tests.api.watching import WrittenJob
from tests.servers import ApiServer, api_server


@dataclass(frozen=True)
class Office:
    """An API that asks for tokens, and the history that it reads."""

    api: ApiServer
    store: Store
    writer: Writer

    def token(self, role: Role = "admin", owner: str | None = None, name: str | None = None) -> tuple[Token, str]:
        """A new token, and its text."""
        made, text = tokens.mint(role, owner=owner, name=name, expires_at=None)
        self.store.run(tokens.save(made))
        return made, text

    def ask(self, token: str, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask the API as the holder of a token."""
        url, headers = f"{self.api.url}{path}", {"Authorization": f"Bearer {token}"}
        return httpx2.request(method, url, headers=headers, timeout=20, **options)

    def record(self) -> None:
        """Write down what is under way; to do so twice doubles nothing."""
        for stream in (keys.EVENTS, keys.AUDIT):
            found: Any = self.store.redis.xrange(stream)
            self.writer.write([Entry(stream, entry_id.decode(), fields) for entry_id, fields in found])

    def new_minute(self) -> None:
        """Let the minute be over in which refusals were counted."""
        for key in self.store.redis.scan_iter("access:rate:refused:*"):
            self.store.redis.delete(key)

    def told(self, path: str, token: str, **query: Any) -> list[dict[str, Any]]:
        """What a route says was done, once it is recorded."""
        self.record()
        answer = self.ask(token, "GET", path, params=query)
        assert answer.status_code == 200, answer.text
        deeds: list[dict[str, Any]] = answer.json()["actions"]
        return deeds


@pytest.fixture(scope="module")
def office(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data_dir = tmp_path_factory.mktemp("data")
    with (
        closing(Store(Settings(HEADWAY_REDIS_URL=module_redis_url))) as store,
        closing(Database(database_url(Settings(data_dir=data_dir)))) as database,
        api_server(module_redis_url, HEADWAY_AUTH="required", HEADWAY_DATA_DIR=str(data_dir)) as api,
    ):
        migrate(database)
        yield Office(api, store, Writer(database))


def test_what_was_done_and_what_was_refused_are_told_of_one_job(office: Office) -> None:
    job = WrittenJob(office.store, owner="ann")
    ann, viewer = office.token("operator", "ann")[1], office.token("viewer", name="vic")[1]
    office.ask(viewer, "POST", f"/jobs/{job.id}/cancel")
    office.ask(ann, "DELETE", f"/jobs/{job.id}")
    assert office.ask(ann, "POST", f"/jobs/{job.id}/pause").status_code == 200

    told = office.told(f"/jobs/{job.id}/actions", ann)
    assert {(one["by"], one["action"], one["outcome"], one["verified"]) for one in told} == {
        ("vic", "cancel", "refused", True),
        ("ann", "delete", "refused", True),
        ("ann", "pause", "allowed", True),
    }
    why = {one["action"]: one["detail"] for one in told}
    assert why["cancel"] == "'vic' may not do this: cancel"
    assert "is queued" in why["delete"]
    assert why["pause"] is None


def test_submits_and_uploads_are_told_of(office: Office) -> None:
    admin = office.token(name="root")[1]
    submitted = office.ask(admin, "POST", "/workflow/run", json={"n_steps": 1})
    assert office.ask(admin, "POST", "/files", files={"file": ("t.csv", b"a\n1\n")}).status_code == 201
    viewer = office.token("viewer", name="vic")[1]
    assert office.ask(viewer, "POST", "/workflow/run", json={"n_steps": 1}).status_code == 403

    told = {(one["by"], one["action"], one["outcome"], one["job_id"]) for one in office.told("/audit", admin)}
    assert {
        ("root", "submit", "allowed", submitted.json()["job_id"]),
        ("root", "upload", "allowed", None),
        ("vic", "submit", "refused", None),
    } <= told


def test_a_repeated_submit_is_told_of_once(office: Office) -> None:
    admin, headers = office.token(name="root")[1], {"Idempotency-Key": "repeated"}
    url = f"{office.api.url}/jobs"
    with httpx2.Client(headers=headers | {"Authorization": f"Bearer {admin}"}, timeout=20) as client:
        answers = [client.post(url, json={"task": "long_task"}).json() for _ in range(3)]
    (job_id,) = {answer["job_id"] for answer in answers}
    assert [one["action"] for one in office.told(f"/jobs/{job_id}/actions", admin)] == ["submit"]


def test_sign_ins_are_told_of_once_and_refused_ones_name_no_secret(office: Office) -> None:
    made, admin = office.token(name="root")
    gone, text = office.token(name="eve")
    office.new_minute()
    office.store.run(tokens.revoke(gone.token_id))
    assert office.ask(text, "GET", "/jobs").status_code == 401
    assert office.ask("guessed", "GET", "/jobs").status_code == 401
    with connect(f"{office.api.ws_url}/ws") as ws:
        ws.send(json.dumps({"op": "auth", "token": text}))
        with pytest.raises(ConnectionClosed):
            ws.recv(15)
    for _ in range(3):
        office.ask(admin, "GET", "/jobs")

    told = office.told("/audit", admin, limit=1_000)
    signed = [(one["outcome"], one["by"], one["detail"]) for one in told if one["action"] == "sign-in"]
    assert signed.count(("allowed", "root", f"token {made.token_id}")) == 1
    not_valid = f"this token is not valid, or not any more (token {gone.token_id})"
    assert signed.count(("refused", None, not_valid)) == 2
    assert ("refused", None, "what was sent is no token of headway's") in signed
    for secret in (admin, text):
        assert secret.split("_", 2)[2] not in json.dumps(told)


def test_a_flood_of_refused_sign_ins_leaves_few_lines_and_how_many_they_were(office: Office) -> None:
    admin = office.token()[1]
    flood = 4 * REFUSALS_MAX
    office.new_minute()
    before = len(office.told("/audit", admin, limit=1_000))
    with httpx2.Client(base_url=office.api.url, headers={"Authorization": "Bearer guessed"}, timeout=20) as client:
        for _ in range(flood):
            assert client.get("/jobs").status_code == 401

    told = office.told("/audit", admin, limit=1_000)
    # Where the machine is slow, the minute is over once meanwhile.
    assert REFUSALS_MAX < len(told) - before <= 2 * (REFUSALS_MAX + 2)
    assert any("refusals within a minute" in (one["detail"] or "") for one in told)


def test_only_admins_of_all_jobs_read_all_of_it(office: Office) -> None:
    for role, owner in (("viewer", None), ("operator", None), ("admin", "ann")):
        assert office.ask(office.token(role, owner)[1], "GET", "/audit").status_code == 403


def test_pages_give_everything_once_newest_first(office: Office) -> None:
    admin = office.token()[1]
    for _ in range(5):
        office.ask(admin, "POST", "/jobs/none/cancel")
    office.record()
    pages, after = [], None
    while True:
        page = office.ask(admin, "GET", "/audit", params={"limit": 2} | ({"after": after} if after else {})).json()
        pages += page["actions"]
        after = page["next"]
        if after is None:
            break
    assert pages == office.told("/audit", admin, limit=1_000)
    assert [one["action"] for one in pages[:6]] == ["cancel"] * 5 + ["sign-in"]


def test_a_job_that_one_may_not_see_has_no_actions(office: Office) -> None:
    job = WrittenJob(office.store, owner="ann")
    assert office.ask(office.token("operator", "bob")[1], "GET", f"/jobs/{job.id}/actions").status_code == 404


@contextmanager
def of_another_type(store: Store, key: str) -> Iterator[None]:
    """While something else is stored there, so that Redis refuses what is asked of it."""
    kept, aside = store.redis.exists(key), f"{key}:aside"
    if kept:
        store.redis.rename(key, aside)
    store.redis.hset(key, "not", "ours")
    try:
        yield
    finally:
        store.redis.delete(key)
        if kept:
            store.redis.rename(aside, key)


def counter(what: str, who: str) -> str:
    """Where it is counted."""
    ((_, _, _, key, _),) = rates.count(what, who, 60).commands
    return str(key)


def test_what_cannot_be_noted_is_done_nevertheless(office: Office) -> None:
    admin = office.token(name="root")[1]
    with of_another_type(office.store, keys.AUDIT):
        assert office.ask(admin, "POST", "/jobs", json={"task": "long_task"}).status_code == 201


def test_who_cannot_be_counted_is_answered_nevertheless(office: Office) -> None:
    made, viewer = office.token("viewer", name="uncounted")
    with (
        of_another_type(office.store, counter("sign-in", made.token_id)),
        of_another_type(office.store, counter("refused", made.name)),
    ):
        assert office.ask(viewer, "GET", "/jobs").status_code == 200
        assert office.ask(viewer, "POST", "/jobs", json={"task": "long_task"}).status_code == 403


def test_a_sign_in_that_could_not_be_noted_is_noted_later(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "AGAIN_S", 0)
    settings = Settings(HEADWAY_REDIS_URL=redis_url)

    async def sign_in_thrice(sync: Store) -> None:
        store = AsyncStore(settings)
        noting = audit.Audit(store, settings)
        with of_another_type(sync, counter("sign-in", "ann")):
            await noting.signed_in(local_user("ann"))
        for _ in range(2):
            await noting.signed_in(local_user("ann"))
        await store.close()

    with closing(Store(settings)) as sync:
        asyncio.run(sign_in_thrice(sync))
        assert sync.redis.xlen(keys.AUDIT) == 1


def test_what_waits_for_a_recorder_is_bounded(redis_url: str) -> None:
    with closing(Store(Settings(HEADWAY_REDIS_URL=redis_url))) as store:
        for _ in range(300):
            store.run(note("upload", "ann", entries_max=100))
        # Redis drops them by the hundred.
        assert store.redis.xlen(keys.AUDIT) <= 200


def test_no_entry_is_long_whatever_was_asked_for(redis_url: str) -> None:
    with closing(Store(Settings(HEADWAY_REDIS_URL=redis_url))) as store:
        store.run(note("cancel", "ann", entries_max=100, detail="why" * 10_000, job_id="id" * 10_000))
        ((_, fields),) = store.redis.xrange(keys.AUDIT)
        assert len(fields[b"deed"]) < 1_000
