"""What stands before every route: names, pages, bodies."""

import http.client
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.servers import ApiServer

FOREIGN = ["https://example.org", "null", "http://localhost.example.org", "http://127.0.0.1@example.org", "file://"]
OWN = ["http://localhost:5173", "http://127.0.0.1:8501", "http://[::1]:3000", "https://localhost"]


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.nip.io", "localhost:x", "0.0.0.0", "", "LOCALHOST.evil:80"])
def test_another_name_for_this_machine_is_refused(http: httpx2.Client, host: str) -> None:
    answer = http.get("/healthz", headers={"Host": host})

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:headway:bad-request"


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:9", "[::1]:8000", "[::1]"])
def test_loopback_names_are_served_on_any_port(http: httpx2.Client, host: str) -> None:
    assert http.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_a_page_of_another_site_is_refused_before_the_route(http: httpx2.Client, origin: str, method: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = http.request(method, "/workflow/run", headers=headers, json={} if method == "POST" else None)

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:headway:forbidden"
    assert "access-control-allow-origin" not in answer.headers
    assert http.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("origin", OWN)
def test_a_page_of_this_machine_may_read_answer_and_headers(http: httpx2.Client, origin: str) -> None:
    answer = http.get("/status/nobody", headers={"Origin": origin})

    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Headway-Poll-After" in answer.headers["access-control-expose-headers"]


def test_a_page_of_this_machine_may_send_json_and_its_own_headers(http: httpx2.Client) -> None:
    asked = {
        "Origin": "http://localhost:5173",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,idempotency-key,x-headway-user",
    }
    answer = http.options("/jobs", headers=asked)

    assert answer.status_code == 200
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_a_body_of_another_type_is_refused(http: httpx2.Client, content_type: str) -> None:
    answer = http.post("/workflow/run", content=b"{}", headers={"Content-Type": content_type})

    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/jobs", "/workflow/run"])
def test_a_body_above_the_limit_is_refused_by_its_length(http: httpx2.Client, path: str) -> None:
    answer = http.post(path, content=b" " * 1_100_000, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:headway:too-large")


def test_a_body_of_100_mb_without_a_length_is_refused(http: httpx2.Client) -> None:
    chunks = (b" " * 1_000_000 for _ in range(100))
    answer = http.post("/jobs", content=chunks, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:headway:too-large")
    assert http.get("/healthz").status_code == 200


def test_a_length_that_is_announced_is_refused_before_it_is_sent(api: ApiServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=15)
    connection.putrequest("POST", "/jobs")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()
