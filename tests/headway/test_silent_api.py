"""Watches of an API that takes connections and says nothing."""

import asyncio
import threading
import time

import pytest

from headway.client import AsyncClient, Client, following
from tests.headway.scripted_api import shot
from tests.headway.silent import SilentApi
from tests.wait import wait_for

#: More patience than any of these tests has.
_LONG_S = 50.0
_AT_ONCE_S = 25.0


def close_while(api: SilentApi, requests: int) -> None:
    """Watch a job until so many requests have been made, close the watch from here, and wait for its thread."""
    with Client(api.url, timeout_s=_LONG_S) as client:
        watch = client.watch("j1")
        thread = threading.Thread(target=lambda: list(watch))
        thread.start()
        wait_for(lambda: len(api.asked) == requests, 15, "the request is there")
        watch.close()
        thread.join(_AT_ONCE_S)
        assert not thread.is_alive()


def test_closing_a_watch_ends_a_poll_that_is_not_answered() -> None:
    with SilentApi() as api:
        close_while(api, 1)
        assert api.asked == ["GET /status/j1 HTTP/1.1"]


def test_closing_a_watch_ends_the_opening_of_a_socket_that_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "OPEN_TIMEOUT_S", _LONG_S)
    with SilentApi(shot(1).model_dump_json().encode()) as api:
        close_while(api, 2)
        assert api.asked[1] == "GET /ws/j1?after=1 HTTP/1.1"


def test_next_within_is_back_soon_whatever_the_client_has_patience_for() -> None:
    with SilentApi() as api, Client(api.url, timeout_s=_LONG_S) as client, client.watch("j1") as watch:
        began = time.monotonic()
        assert watch.next_within(0.1) is None
        assert time.monotonic() - began < _AT_ONCE_S
        assert watch.away_s > 0


def test_next_within_is_back_soon_while_a_socket_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "OPEN_TIMEOUT_S", _LONG_S)
    answer = shot(1).model_dump_json().encode()
    with SilentApi(answer) as api, Client(api.url, timeout_s=_LONG_S) as client, client.watch("j1") as watch:
        began = time.monotonic()
        assert watch.next_within(_LONG_S) == shot(1)
        assert watch.next_within(0.1) is None
        assert time.monotonic() - began < _AT_ONCE_S


def test_next_within_is_back_soon_in_asyncio_too() -> None:
    async def run(api: SilentApi) -> float:
        async with AsyncClient(api.url, timeout_s=_LONG_S) as client, client.watch("j1") as watch:
            began = time.monotonic()
            assert await watch.next_within(0.1) is None
            return time.monotonic() - began

    with SilentApi() as api:
        assert asyncio.run(run(api)) < _AT_ONCE_S
