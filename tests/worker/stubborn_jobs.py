"""Tasks that come to no step for long, or do not give way at one."""

import ctypes
import subprocess
import sys
from pathlib import Path

from headway import load_checkpoint, report, save_checkpoint, task, track
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


@task
def resumable(count: int, until: str, how: str = "") -> list[int]:
    """Begin where the attempt before left off, and stop half-way until a file is there."""
    saved = load_checkpoint() or {"at": 0}
    for at in range(saved["at"], count):
        report(n=at + 1, total=count)
        save_checkpoint({"at": at + 1, "bytes": "x" * 100})
        if at == count // 2 and not Path(until).exists():
            if how == "killed":
                while True:
                    PACE.wait(0.01)
            raise ValueError("half-way")
    return [saved["at"], load_checkpoint()["at"]]


@task
def save(size: int, *, lines: bool = False) -> None:
    """Save what has so many bytes, or what cannot be saved."""
    save_checkpoint(open if lines else "x" * size)
