"""Settings: wrong values are sentences that name the variable."""

import pytest

from headway.client import Client
from headway.errors import BadInput, SettingsError
from headway.settings import read_settings


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HEADWAY_API_PORT", "abc", "HEADWAY_API_PORT: 'abc' is not a whole number"),
        ("HEADWAY_API_PORT", "70000", "HEADWAY_API_PORT: should be less than or equal to 65535"),
        ("HEADWAY_API_HOST", "0.0.0.0", "HEADWAY_API_HOST: must be localhost, 127.0.0.1 or ::1"),
        ("HEADWAY_API_HOST", "127.0.0.2", "HEADWAY_API_HOST: must be localhost, 127.0.0.1 or ::1"),
        ("HEADWAY_KEEP_S", "soon", "HEADWAY_KEEP_S: 'soon' is not a number"),
        ("HEADWAY_HEARTBEAT_S", "60", "HEADWAY_HEARTBEAT_S: should be less than or equal to 5"),
        ("HEADWAY_LOST_S", "3", "HEADWAY_LOST_S: must be at least twice HEADWAY_HEARTBEAT_S"),
        # The thread that writes progress raises the lease.
        ("HEADWAY_FLUSH_S", "60", "HEADWAY_FLUSH_S: should be less than or equal to 5"),
        ("HEADWAY_QUEUES", "a b", "HEADWAY_QUEUES: 'a b' has other characters"),
        ("HEADWAY_API_URL", "http://localhost:bad", "HEADWAY_API_URL: must be an http:// or https:// address"),
        ("HEADWAY_ENGINE", "celery", "HEADWAY_ENGINE: should be 'rq'"),
        ("HEADWAY_QUEUES", " , ", "HEADWAY_QUEUES: must name at least one"),
        ("HEADWAY_TASKS", ",", "HEADWAY_TASKS: must name at least one"),
        ("REDIS_URL", "http://x", "REDIS_URL: must begin with redis://"),
        ("HEADWAY_REDIS_URL", "http://x", "HEADWAY_REDIS_URL: must begin with redis://"),
    ],
)
def test_a_wrong_value_is_a_sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).startswith(sentence)


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_API_PORT", "")
    assert read_settings().api_port == 8000


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:secret@localhost:6379/0")
    assert "secret" not in repr(read_settings())


# A password stands in each, in some as it must be written and in some as people write it.
NO_REDIS_URLS = [
    ("redis://:secret@localhost:abc", "must have a port"),
    ("redis://:secret@localhost:99999", "must have a port"),
    ("redis://:secret@localhost:0", "must have a port"),
    ("redis://:secret@localhost/xyz", "must have a number as its database"),
    ("redis://:secret@localhost/-1", "must have a number as its database"),
    ("redis://:secret@localhost?db=-1", "option 'db': should be greater than or equal to 0"),
    ("redis://:secret@localhost?socket_timeout=x", "option 'socket_timeout': should be a valid number"),
    ("redis://:secret@localhost?socket_timeout=-1", "option 'socket_timeout': should be greater than 0"),
    ("redis://localhost?foo=1&password=secret", "may have the options db,"),
    ("redis://:secret@localhost?decode_responses=yes", "may have the options db,"),
    ("redis://:secret@localhost?retry=3", "may have the options db,"),
    ("rediss://:secret@localhost?ssl_cert_reqs=maybe", "has options that no connection can be made with"),
    ("rediss://:secret@localhost?ssl_foo=1", "has options that no connection can be made with"),
    ("redis://:secret/x@localhost", "must have a port from 1 to 65535: in a password write '/' as %2F"),
    ("redis://:secret?x=secret@localhost", "must have a port from 1 to 65535: in a password write '/' as %2F"),
    ("redis://:secret#x@localhost", "must have no '#'"),
    ("redis://:secret@[::1", "is no address"),
    ("unix://?password=secret", "must name the socket"),
    ("unix://run/redis.sock?password=secret", "must name the socket"),
]


@pytest.mark.parametrize(("url", "sentence"), NO_REDIS_URLS)
def test_a_redis_url_without_a_connection_is_a_sentence_that_quotes_no_password(
    monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).startswith(f"REDIS_URL: {sentence}")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://", "redis://localhost/3", "redis://user:p%2F%40ss@[::1]:6380/0", "unix:///a/b.sock?db=3&password=x",
        "rediss://h:1/0?ssl_cert_reqs=none&ssl_ca_certs=/a.pem", "redis://h?protocol=2&socket_timeout=0.5&client_name=a",
    ],
)  # fmt: skip
def test_what_redis_can_be_reached_by_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    assert read_settings().redis_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["http://localhost:bad", "http://[::1", "ftp://x", "localhost:8000", "http://a/?q=1"])
def test_a_client_says_what_an_address_looks_like(url: str) -> None:
    with pytest.raises(BadInput, match="write http://host:port"):
        Client(url)
