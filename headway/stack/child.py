"""One process of the Procfile, and the terminal that it shares with the others."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from honcho.colour import get_colours
from honcho.printer import Message, Printer
from honcho.process import Popen


class Terminal:
    """Prints whole lines of several processes, each under its name.

    Args:
        names: whoever will print, for the width of the column.
    """

    def __init__(self, names: list[str]) -> None:
        self._printer = Printer(sys.stdout, width=max(map(len, names)))
        self._colours = dict(zip(names, get_colours(), strict=False))
        self._lock = threading.Lock()

    def line(self, name: str, data: bytes) -> None:
        """Print a line of a process."""
        message = Message("line", data, datetime.now().astimezone(), name, self._colours.get(name))
        # A terminal that was closed must not stop anybody, least of all the process whose output this is.
        with self._lock, suppress(OSError, ValueError):
            self._printer.write(message)

    def text(self, text: str) -> None:
        """Print something of our own, as it is."""
        with self._lock, suppress(OSError, ValueError):
            print(text, flush=True)


class Child:
    """A running command in a session of its own; its output goes to the terminal, line by line."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], terminal: Terminal) -> None:
        self.name = name
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] = Popen(command, env=dict(environment), stdin=subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id, which is also its session's."""
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        """Print what it wrote last; to be called when it has ended."""
        self._process.wait()
        # Somebody else may hold the other end still: do not wait for him.
        self._reader.join(1)

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            with stream:
                for line in stream:
                    self._terminal.line(self.name, line)
