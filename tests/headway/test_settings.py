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
        ("HEADWAY_QUEUES", "a b", "HEADWAY_QUEUES: 'a b' has other characters"),
        ("HEADWAY_API_URL", "http://localhost:bad", "HEADWAY_API_URL: must be an http:// or https:// address"),
        ("HEADWAY_ENGINE", "celery", "HEADWAY_ENGINE: should be 'rq'"),
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


@pytest.mark.parametrize("url", ["http://localhost:bad", "http://[::1", "ftp://x", "localhost:8000", "http://a/?q=1"])
def test_a_client_says_what_an_address_looks_like(url: str) -> None:
    with pytest.raises(BadInput, match="write http://host:port"):
        Client(url)
