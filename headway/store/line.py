"""The short way to Redis for the one script that every write of headway is."""

import os
from typing import Any

from hiredis import pack_command
from redis import Redis
from redis.exceptions import NoScriptError


class ScriptLine:
    """Runs one script on connections of its own, which redis-py opens, reads and repeats on as its client would.

    The client itself is left out: borrowing a connection from its pool, looking whether it is readable, counting for
    telemetry and checking each argument's type cost as much again as the round trip. Any thread may call; a forked
    child opens connections of its own.
    """

    def __init__(self, redis: Redis, script: str) -> None:
        self._pool = redis.connection_pool
        self._script = script
        self._sha = redis.register_script(script).sha
        # Of any of redis-py's connection classes, which have no type in common in all its versions.
        self._idle: list[Any] = []
        self._pid = os.getpid()

    def run(self, keys: tuple[str, ...], args: tuple[str | bytes | int | float, ...]) -> Any:
        """What the script answers.

        Raises:
            RedisError, OSError: as redis-py's own commands, after as many attempts.
        """
        command: Any = ("EVALSHA", self._sha, len(keys), *keys, *args)
        packed = pack_command(command)
        connection = self._borrow()
        try:
            answer = connection.retry.call_with_retry(
                lambda: self._exchange(connection, packed), lambda error: connection.disconnect()
            )
        except BaseException:
            # Whatever cut it short, a late answer must not be taken for that of the next call.
            connection.disconnect()
            raise
        finally:
            # One that is disconnected connects again by itself; lost, it would count against the pool's limit for ever.
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().disconnect()

    def _borrow(self) -> Any:
        if self._pid != os.getpid():
            # The parent's sockets: a word from here would be answered there.
            self._idle, self._pid = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._pool.make_connection()

    def _exchange(self, connection: Any, packed: bytes) -> Any:
        connection.send_packed_command([packed])
        try:
            return connection.read_response()
        except NoScriptError:
            # A Redis that was started anew, or that nobody has told the script yet.
            connection.send_command("SCRIPT", "LOAD", self._script)
            connection.read_response()
            connection.send_packed_command([packed])
            return connection.read_response()
