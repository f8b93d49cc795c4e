"""The page at `/ui`: which addresses it has, how long browsers keep it, and what it may load."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers import api_server

ADDRESSES = ["/ui", "/ui/", "/ui/jobs/some-job"]
ASSET = "/ui/assets/index-D8h37kKf.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def unbuilt(module_redis_url: str, folder: Path) -> Iterator[httpx2.Client]:
    missing = folder / "missing"
    with api_server(module_redis_url, HEADWAY_REACT_DIR=str(missing)) as api, httpx2.Client(base_url=api.url) as http:
        yield http


@pytest.fixture(scope="module")
def built(module_redis_url: str, folder: Path) -> Iterator[httpx2.Client]:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<title>the page</title>")
    (folder / "assets" / ASSET.rpartition("/")[2]).write_text("export {};")
    (folder / "secret.txt").write_text("secret")
    with api_server(module_redis_url, HEADWAY_REACT_DIR=str(folder)) as api, httpx2.Client(base_url=api.url) as http:
        yield http


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_page_is_the_page_and_is_asked_for_anew_each_time(
    built: httpx2.Client, address: str
) -> None:
    answer = built.get(address)
    assert (answer.status_code, answer.text) == (200, "<title>the page</title>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_what_is_named_by_its_content_is_kept_for_ever(built: httpx2.Client) -> None:
    answer = built.get(ASSET)
    assert (answer.status_code, answer.text) == (200, "export {};")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("address", [*ADDRESSES, ASSET])
def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody(built: httpx2.Client, address: str) -> None:
    headers = built.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "address", ["/ui/assets/gone.js", "/ui/assets/..%2Fsecret.txt", "/ui/assets/.hidden", "/ui/secret.txt", "/ui/x"]
)
def test_there_is_nothing_else(built: httpx2.Client, address: str) -> None:
    answer = built.get(address)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:headway:not-found"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_that_was_not_built_says_so_and_how_to_build_it(unbuilt: httpx2.Client, address: str) -> None:
    answer = unbuilt.get(address)
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert "make page" in answer.text
    assert "content-security-policy" in answer.headers
