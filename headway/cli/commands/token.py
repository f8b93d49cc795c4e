"""`headway token`: who may come in. It speaks to Redis: whoever may do that needs no token."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer
from redis.exceptions import RedisError

from headway.access import tokens
from headway.access.audit import note
from headway.access.roles import Role
from headway.access.tokens import Token
from headway.cli.commands.worker import check_redis
from headway.cli.lines import clean
from headway.cli.say import say, warn
from headway.cli.table import Column, print_table
from headway.client.address import os_user
from headway.clock import format_utc
from headway.errors import BadInput, HeadwayError, NotFound
from headway.settings import get_settings
from headway.store import Store

token = typer.Typer(no_args_is_help=True, help="Make, list and take back tokens for the API.")

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FOR_MAX_S = 100 * 366 * 86_400
_COLUMNS = [
    Column("TOKEN", whole=True),
    Column("NAME", most=32),
    Column("ROLE", whole=True),
    Column("OWNER", most=32),
    Column("CREATED", whole=True),
    Column("EXPIRES", whole=True),
]


@token.command()
def create(
    role: Annotated[Role, typer.Option(help="A viewer looks; an operator also submits and acts; an admin sees all.")],
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only about this user's jobs.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What its holder is called; else the owner.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="30d, 12h, 45m …; else it never does.")] = None,
) -> None:
    """Make a token and print it: it is never shown again."""
    expires_at = None if expires is None else format_utc(time.time() + _seconds(expires))
    made, text = tokens.mint(role, owner=owner, name=name, expires_at=expires_at)
    with _store() as store:
        store.run(tokens.save(made))
        # Before anything else can go wrong: it is valid already.
        say(text)
        warn(f"token {made.token_id} of {clean(made.name)}: keep it now, it is not shown again")
        _note(store, "make token", made.token_id)


@token.command()
def ls() -> None:
    """List the tokens there are, newest first."""
    with _store() as store:
        found = store.run(tokens.find_all())
    print_table(_COLUMNS, [_row(one) for one in found])


@token.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="As `headway token ls` lists it.")]) -> None:
    """Take a token back: what it has open is closed within a second."""
    with _store() as store:
        if not store.run(tokens.revoke(token_id)):
            raise NotFound(f"there is no token {token_id!r}: `headway token ls` lists those that there are")
        warn(f"token {token_id} is not valid any more")
        _note(store, "revoke token", token_id)


@contextmanager
def _store() -> Iterator[Store]:
    settings = get_settings()
    check_redis(settings)
    with closing(Store(settings)) as store:
        yield store


def _note(store: Store, action: str, token_id: str) -> None:
    try:
        store.run(note(action, os_user(), entries_max=get_settings().events_max, detail=f"token {token_id}"))
    except (HeadwayError, RedisError) as error:
        warn(f"the audit will not say so: {error}")


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,9})([smhdw])", text.strip())
    seconds = int(found[1]) * _UNITS_S[found[2]] if found is not None else 0
    if not 0 < seconds <= _FOR_MAX_S:
        raise BadInput(f"--expires: {text!r} is no time from now: write 30d, 12h or 45m, at most 100 years")
    return seconds


def _row(one: Token) -> list[str]:
    ends = "never" if one.expires_at is None else one.expires_at
    return [
        one.token_id,
        clean(one.name),
        one.role,
        clean(one.owner or "all"),
        one.created_at,
        f"{ends} (over)" if one.expired else ends,
    ]
