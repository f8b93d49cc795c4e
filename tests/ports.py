"""Free loopback ports for servers under test."""

import os
import socket
from collections.abc import Iterator

# Linux gives ports from 32,768 on to connections, so that one of those may be gone before a server has opened it.
_FIRST = 20_000
_EACH = 1_500
_PARTS = 8


def _in_turn() -> Iterator[int]:
    """The ports of this process' part, again and again: others of pytest-xdist have a part of their own."""
    part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
    turn = os.getpid() * 97 % _EACH
    while True:
        turn = (turn + 1) % _EACH
        yield _FIRST + part * _EACH + turn


_PORTS = _in_turn()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has open now, and that is given to nobody else for a while."""
    return next(filter(_is_free, _PORTS))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, which need not wait for the connections of the one before.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
