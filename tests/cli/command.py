"""The `headway` command as a shell runs it: another process, with settings in its environment."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT, inherited, stop

HEADWAY = Path(sys.executable).parent / "headway"
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed on stdout."""
        return self.out.splitlines()


@dataclass(frozen=True)
class Command:
    """Runs the command with these settings and nothing else of ours."""

    settings: dict[str, str]

    def __call__(self, *args: str, stdin: str = "", **env: str) -> Ended:
        """Run it to its end; no traceback may come of it."""
        ended = subprocess.run(
            [str(HEADWAY), *args],
            check=False,
            env=inherited() | self.settings | env,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=40,
        )
        assert "Traceback" not in ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @contextmanager
    def started(self, *args: str, stdout: int = subprocess.PIPE) -> Iterator["subprocess.Popen[str]"]:
        """Run it beside the test."""
        running = subprocess.Popen(
            [str(HEADWAY), *args],
            env=inherited() | self.settings,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield running
        finally:
            stop(running)
            for pipe in (running.stdout, running.stderr):
                if pipe is not None:
                    pipe.close()

    @contextmanager
    def on_a_terminal(self, *args: str, columns: int = 140, rows: int = 30) -> Iterator["Terminal"]:
        """Run it with a terminal of this size as stdin, stdout and stderr."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        running = subprocess.Popen(
            [str(HEADWAY), *args],
            env=inherited() | self.settings | {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Terminal(running, ours)
        finally:
            stop(running)
            os.close(ours)


class Terminal:
    """What a command draws, frame by frame."""

    def __init__(self, process: "subprocess.Popen[bytes]", fd: int) -> None:
        self.process = process
        self._fd = fd
        self._raw = b""

    def read_to_end(self) -> str:
        """Everything that it drew, once it has ended."""
        while self.read_more():
            pass
        self.process.wait(20)
        return self.text

    def read_until(self, text: str) -> None:
        """Read until this was drawn; a test's own time limit is the deadline."""
        while text not in self.text:
            if not self.read_more():
                raise AssertionError(f"it ended without {text!r}: {self.text[-2000:]}")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def read_more(self) -> bool:
        """Wait for the next piece that is drawn; false at the end."""
        try:
            read = os.read(self._fd, 65_536)
        except OSError:
            # So Linux says that nobody has the other side open any more.
            return False
        self._raw += read
        return bool(read)

    @property
    def text(self) -> str:
        """What was drawn so far, without colours and the cursor's ways."""
        return _ESCAPE.sub("", self._raw.decode(errors="replace")).replace("\r\n", "\n").replace("\r", "\n")

    @property
    def raw(self) -> bytes:
        """The same with all of them."""
        return self._raw
