"""Tasks that do what a test needs a real worker to do."""

import itertools
import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from headway import log, metric, report, task, track
from tests.wait import wait_for

# Never set: a step of a job takes its time.
PACE = threading.Event()


@task
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@task(retries=2, backoff=0.5, timeout=60, pause="cooperative", stall_s=5)
def take_care(times: Annotated[int, Field(ge=1, le=9, description="how often")] = 3) -> int:
    """Do something that may be tried again."""
    return times


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
    if how == "os._exit(3)":
        os._exit(3)
    if how == "exec":
        os.execv(sys.executable, [sys.executable, "-c", ""])
    if how == "lambda":
        return {"rows": [1, lambda: None]}
    if how == "cycle":
        rows: list[Any] = []
        rows.append({"rows": rows})
        return rows
    if how == "mute error":
        raise MuteError(RuntimeError("no words"))
    if how == "leaving error":
        raise MuteError(SystemExit(4))
    if how == "long error":
        raise type("E" * 1_000_000, (Exception,), {})("é" * 1_000_000)
    raise KeyboardInterrupt


class MuteError(Exception):
    """Cannot say what it is."""

    def __init__(self, raised: BaseException) -> None:
        self._raised = raised

    def __str__(self) -> str:
        raise self._raised


@task
def fork(how: str, marker: str) -> str:
    """Leave a forked child behind that comes back too, fails, or goes on for a while."""
    if os.fork() == 0:
        report(message="from the child")
        if how == "fails":
            raise ValueError("from the child")
        if how == "goes on":
            while not Path(marker).exists():
                sum(range(10_000))
            for i in track(range(1_000), desc="orphan"):
                report(message=f"orphan {i}")
            Path(marker).with_suffix(".done").touch()
        return "the child's result"
    if how != "goes on":
        os.wait()
    return "the parent's result"


@task
def close_all_descriptors(first: int) -> str:
    """Close everything that is open from a number on, as daemons do."""
    for i in track(range(2), desc="before"):
        report(message=f"step {i}")
    os.closerange(first, 4_096)
    for i in track(range(2), desc="after"):
        report(message=f"step {i}")
    return "still here"


@task
def close_streams() -> str:
    """Close what is printed to, and make headway say something."""
    sys.stdout.close()
    sys.stderr.close()
    for _ in track(range(2), weight=float("nan")):
        report(percent=float("nan"))
    return "still here"


@task
def babble(times: int) -> int:
    """Say far too much."""
    for i in range(times):
        report(message="x" * 10_000_000, n=float("nan"), percent=1e300)
        report(n=float("inf"), total=float("inf"), percent=-1)
        metric({f"m{j}": j for j in range(10_000)})
        log("\x1b[31mred\x07" * 1_000)
        report(message=f"said {i}", n=-1, total=0)
    return times


@task
def say(lines: list[str]) -> int:
    """Log lines from a pool of threads' point of view: this one and another."""
    thread = threading.Thread(target=lambda: [log(line) for line in lines])
    thread.start()
    thread.join()
    return len(lines)


@task
def hold(go: str, runs: str) -> int:
    """Note in `runs` that it runs and that it is through, and report until `go` is there in between."""
    with Path(runs).open("a") as file:
        file.write("runs\n")
    steps = itertools.count(1)

    def may_go() -> bool:
        report(n=next(steps), message="holding")
        return Path(go).exists()

    wait_for(may_go, 300, f"{go} is there")
    with Path(runs).open("a") as file:
        file.write("through\n")
    return 1


@task
def step(count: int, trace: str = "") -> int:
    """Take steps of 10 ms each, and say in a file how the loop was left."""
    try:
        for i in track(range(count), desc="steps", unit="step"):
            metric(at=i)
            PACE.wait(0.01)
    finally:
        if trace:
            Path(trace).write_text("left")
    return count


@task(pause="never")
def hurry(count: int) -> int:
    """Take steps, and never stand still."""
    return step(count)
