"""Every route and socket asks whether who is asking may."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.auth import Principal, local_user
from api.main import create_app
from api.sign_in import Local
from headway.settings import Settings
from headway.store import Store
from tests.api.test_errors import CALLS, Call, send
from tests.api.watching import WrittenJob

OPEN_TO_ALL = {"/healthz", "/readyz", "/me"}


class Stranger(Local):
    """Everybody is one who may do nothing."""

    async def by_headers(self, headers: Headers) -> Principal:
        """Eve."""
        return replace(local_user("eve"), role=None)


@pytest.fixture
def strangers_client(redis_url: str) -> Iterator[TestClient]:
    """The API as it meets one who may do nothing."""
    app = create_app(Settings(HEADWAY_REDIS_URL=redis_url), sign_in=Stranger())
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def job(redis_url: str) -> Iterator[WrittenJob]:
    store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
    yield WrittenJob(store)
    store.close()


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_one_who_may_do_nothing_is_refused_everywhere(
    strangers_client: TestClient, job: WrittenJob, call: Call
) -> None:
    answer = send(cast(Any, strangers_client), call, job.id)

    assert answer.status_code == (200 if call[1] in OPEN_TO_ALL else 404 if "{job_id}" in call[1] else 403)
    if answer.status_code == 404:
        assert answer.json()["detail"] == "job not found"


def test_a_socket_on_a_job_that_one_may_not_see_is_4404(strangers_client: TestClient, job: WrittenJob) -> None:
    with (
        strangers_client.websocket_connect(f"ws://localhost/ws/{job.id}") as ws,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        ws.receive_text()

    assert closed.value.code == 4404
