"""Tasks that do what a test needs a real worker to do."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from headway import log, report, task, track


@task
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@task
def wait_for_file(path: str) -> str:
    """Report that it runs, and work until a file is there."""
    report(message="waiting", n=1, total=2)
    while not Path(path).exists():
        sum(range(10_000))
    return "seen"


@task
def fail(detail: str) -> None:
    """Fail half-way."""
    for i in track(range(10), desc="steps"):
        if i == 5:
            raise ValueError(detail)


@task
def leave(how: str) -> Any:
    """End in a way that no function should."""
    if how == "sys.exit":
        sys.exit(3)
    if how == "os._exit":
        os._exit(0)
    if how == "lambda":
        return {"rows": [1, lambda: None]}
    raise KeyboardInterrupt


@task
def say(lines: list[str]) -> int:
    """Log lines from a pool of threads' point of view: this one and another."""
    thread = threading.Thread(target=lambda: [log(line) for line in lines])
    thread.start()
    thread.join()
    return len(lines)
