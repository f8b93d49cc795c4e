"""Connections that are nobody's any more, and do not end by themselves."""

from collections.abc import Iterable
from typing import Any


class Lingering:
    """Ends those that are closing while their clients take nothing, and those on which no request was ever made.

    The system waits for as long as it likes for a client that is there and does not read.
    """

    def __init__(self) -> None:
        self._unsent: dict[Any, int] = {}

    def sweep(self, connections: Iterable[Any]) -> None:
        """Cut off those of the server's protocols that were like this at the last sweep too, with as much unsent."""
        unsent = {each: each.transport.get_write_buffer_size() for each in connections if _is_waited_for(each)}
        for each, n_bytes in unsent.items():
            if self._unsent.get(each) == n_bytes:
                each.transport.abort()
        self._unsent = unsent


def _is_waited_for(connection: Any) -> bool:
    # `cycle` is the request that uvicorn's HTTP protocols answer, or answered last; its WebSockets have none.
    return connection.transport.is_closing() or getattr(connection, "cycle", connection) is None
