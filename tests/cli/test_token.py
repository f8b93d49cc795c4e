"""`headway token`: tokens made, listed and taken back by whoever may speak to Redis."""

import json
from typing import Any

import pytest
from redis import Redis

from headway import keys
from tests.cli.command import Command


@pytest.fixture
def token(redis_url: str) -> Command:
    return Command({"REDIS_URL": redis_url})


def test_a_token_is_made_shown_once_listed_and_taken_back(token: Command) -> None:
    made = token("token", "create", "--role", "operator", "--owner", "ann", "--expires", "30d")
    assert made.status == 0
    (text,) = made.lines
    token_id, secret = text.split("_", 2)[1:]
    listed = token("token", "ls")
    assert [line.split()[:4] for line in listed.lines[1:]] == [[token_id, "ann", "operator", "ann"]]
    assert secret not in listed.out + listed.err + made.err
    assert token("token", "revoke", token_id).status == 0
    assert token("token", "ls").lines[1:] == []
    again = token("token", "revoke", token_id)
    assert (again.status, again.out) == (4, "")
    assert f"there is no token '{token_id}'" in again.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--role", "boss"], "'boss' is not one of"),
        (["--role", "viewer", "--expires", "soon"], "'soon' is no time from now"),
        (["--role", "viewer", "--expires", "0d"], "'0d' is no time from now"),
        (["--role", "viewer", "--expires", "9999999d"], "at most 100 years"),
        (["--role", "viewer", "--owner", "  "], "owner: use 1 to 100 printable characters"),
        (["--role", "viewer", "--name", "a\nb"], "name: use 1 to 100 printable characters"),
        ([], "Missing option '--role'"),
    ],
)
def test_what_no_token_can_be_is_refused_with_a_sentence(token: Command, options: list[str], sentence: str) -> None:
    ended = token("token", "create", *options)
    assert (ended.status, ended.out) == (2, "")
    assert sentence in ended.err
    assert token("token", "ls").lines[1:] == []


def test_the_audit_says_who_made_and_took_back_which_token_and_no_secret(token: Command, redis_url: str) -> None:
    (text,) = token("token", "create", "--role", "viewer").lines
    token_id, secret = text.split("_", 2)[1:]
    token("token", "revoke", token_id)
    with Redis.from_url(redis_url) as redis:
        found: Any = redis.xrange(keys.AUDIT)
    deeds = [json.loads(fields[b"deed"]) for _, fields in found]
    assert [(one["action"], one["detail"]) for one in deeds] == [
        (f"{what} token", f"token {token_id}") for what in ("make", "revoke")
    ]
    assert all(one["by"] for one in deeds)
    assert secret not in json.dumps(deeds)


def test_a_token_is_shown_and_taken_back_also_where_the_audit_cannot_say_so(token: Command, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.hset(keys.AUDIT, "not", "ours")
    made = token("token", "create", "--role", "viewer")
    assert made.status == 0
    (text,) = made.lines
    token_id = text.split("_")[1]
    assert [line.split()[0] for line in token("token", "ls").lines[1:]] == [token_id]
    taken = token("token", "revoke", token_id)
    assert taken.status == 0
    assert all("the audit will not say so" in ended.err for ended in (made, taken))
    assert token("token", "ls").lines[1:] == []
