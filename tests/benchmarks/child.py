"""Functions run in interpreters of their own: no thread, no garbage and no import of one side meets the other's."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.servers import ROOT, inherited

DEADLINE_S = 300.0


class Child:
    """A process that calls one function of a module with JSON arguments; what it returns comes back as JSON.

    It runs at once, so several may at a time: a server, its load generators, and whoever measures. Leaving the block
    ends it.
    """

    def __init__(self, function: Callable[..., Any], **arguments: Any) -> None:
        self._name = f"{function.__module__}:{function.__qualname__}"
        # An answer's own pipe: what the function prints cannot get into it.
        read, answer = os.pipe()
        self._answer = os.fdopen(read, "rb")
        command = [sys.executable, "-m", "tests.benchmarks.child", str(answer), self._name, json.dumps(arguments)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=inherited(), pass_fds=[answer])
        os.close(answer)

    def result(self, deadline_s: float = DEADLINE_S) -> Any:
        """What the function returned.

        Raises:
            RuntimeError: it raised, and the traceback is on our standard error.
            subprocess.TimeoutExpired: it is not done after `deadline_s`.
        """
        # Too small to fill a pipe: the child never waits for its reader.
        status = self.process.wait(deadline_s)
        if status != 0:
            raise RuntimeError(f"{self._name} ended with status {status}")
        return json.loads(self._answer.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._answer.close()


def in_child(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call a function of a module in a process of its own, and wait for what it returns."""
    with Child(function, **arguments) as child:
        return child.result()


def _main(answer: str, name: str, arguments: str) -> None:
    module, _, function = name.partition(":")
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    with os.fdopen(int(answer), "w", encoding="utf-8") as pipe:
        json.dump(result, pipe)


if __name__ == "__main__":
    _main(*sys.argv[1:])
