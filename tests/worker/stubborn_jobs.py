"""Tasks that come to no step for long, or do not give way at one."""

import ctypes
import subprocess
import sys
from pathlib import Path

from headway import report, task, track
from tests.worker.jobs import PACE

_COUNT = """
import pathlib, sys, time
path, n = pathlib.Path(sys.argv[1]), 0
while not path.with_suffix(".go").exists():
    n += 1
    path.write_text(str(n))
    time.sleep(0.01)
"""


@task
def wait_for_child(count: str) -> int:
    """Wait in one long call for a child process, which counts in a file until `<file>.go` is there."""
    report(message="waiting", n=1, total=2)
    subprocess.run([sys.executable, "-c", _COUNT, count], check=True)
    return int(Path(count).read_text())


@task
def hold_everything(seconds: int) -> str:
    """Sleep in foreign code that lets no other thread of Python run."""
    report(message="deaf", n=1, total=2)
    PACE.wait(0.5)
    ctypes.PyDLL(None).sleep(seconds)
    return "awake"


@task
def swallow(count: int) -> int:
    """Take steps of 10 ms, and go on whatever is raised at one."""
    done = 0
    while done < count:
        try:
            for _ in track(range(count), desc="steps"):
                done += 1
                PACE.wait(0.01)
        except BaseException:
            report(message="swallowed")
    return done


@task
def turn(count: int, left: str = "") -> int:
    """Turn for so many rounds of 10 ms, without a step."""
    report(n=0, total=count)
    try:
        for _ in range(count):
            PACE.wait(0.01)
        for _ in track(range(2)):
            pass
    finally:
        if left:
            Path(left).write_text("left")
    return count
