"""A stack under test: `python -m headway.stack`, or what starts it, with what it prints, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.ports import free_port
from tests.servers import runs
from tests.wait import wait_for


class Running:
    """Starts the stack in `root`, with its data and ports apart from anybody else's.

    Args:
        root: where its Procfile is.
        data_dir: its data folder.
        command: what starts it.
        settings: further environment variables.
    """

    def __init__(
        self,
        root: Path,
        data_dir: Path,
        *,
        command: Sequence[str] = (sys.executable, "-m", "headway.stack"),
        **settings: str,
    ) -> None:
        self.data_dir = data_dir
        self.environment = {
            # These tests may themselves be run by make.
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "HEADWAY_API_PORT": str(free_port()),
            "HEADWAY_UI_PORT": str(free_port()),
            "HEADWAY_DATA_DIR": str(data_dir),
            **settings,
        }
        # Under nohup the tests themselves ignore a closed terminal, and what they start would inherit that.
        inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        signal.signal(signal.SIGHUP, inherited)
        self._lines: list[str] = []
        self._seen: dict[int, psutil.Process] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "".join(self._lines)

    def wait_for_line(self, pattern: str, deadline_s: float = 30) -> re.Match[str]:
        """Wait until it has printed something that matches."""

        def printed() -> re.Match[str] | None:
            found = re.search(pattern, self.output)
            assert found or self.process.poll() is None, f"ended without printing {pattern!r}:\n{self.output}"
            return found

        match = wait_for(printed, deadline_s, f"the stack prints {pattern!r}")
        assert match is not None
        return match

    def wait_for_links(self, deadline_s: float = 30) -> None:
        """Wait until everything runs, and remember every process."""
        self.wait_for_line("Ctrl-C stops everything", deadline_s)
        self.remember()

    def remember(self) -> list[psutil.Process]:
        """Look at all processes below this one now; `left` will look for them again."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._seen.update({process.pid: process for process in found})
        return found

    def named(self, word: str) -> list[psutil.Process]:
        """The remembered processes with this word in their command line."""
        return [process for process in self._seen.values() if any(word in part for part in command_line(process))]

    def wait_for_processes(self, word: str, count: int, deadline_s: float = 30) -> None:
        """Wait until so many processes have this word in their command line."""

        def there() -> bool:
            self.remember()
            return len(self.named(word)) == count

        wait_for(there, deadline_s, f"{count} processes {word!r}")

    def left(self) -> list[str]:
        """The command lines of the remembered processes that still run."""
        return [" ".join(command_line(process)) for process in self._seen.values() if runs(process)]

    def ctrl_c(self) -> None:
        """Send what a terminal sends to everything that was started in it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self, deadline_s: float = 30) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(deadline_s)
        self._reader.join(15)
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.output)
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self._reader.join(15)
        if self.process.stdout is not None:
            self.process.stdout.close()
        for process in filter(runs, self._seen.values()):
            process.kill()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.append(line)


def command_line(process: psutil.Process) -> list[str]:
    """Its arguments; empty if it is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
