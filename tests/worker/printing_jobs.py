"""Tasks that print, in every way there is."""

import ctypes
import logging
import os
import subprocess
import sys
import time
import warnings

from tqdm import tqdm

from headway import log, task


@task
def print_all_ways() -> None:
    """Print from Python, from C, from a child process and from a fork, and log."""
    print("from print")
    print("from stderr", file=sys.stderr)
    os.write(1, b"from the descriptor\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    pid = os.fork()
    if pid == 0:
        os.write(1, b"from a fork\n")
        os._exit(0)
    os.waitpid(pid, 0)
    logging.getLogger("mine").info("from logging")
    warnings.warn("from warnings", stacklevel=1)
    log("from log")
    os.write(1, b"without a newline")


@task
def print_oddly() -> None:
    """Print what is no text, what is too long, and what draws over itself."""
    os.write(1, b"bad \xff\xfe bytes\n")
    os.write(1, b"x" * 1_000_000 + b"\n")
    for _ in tqdm(range(20_000), file=sys.stderr, mininterval=0, miniters=1, desc="bar"):
        pass
    os.write(1, b"windows\r\nlast\n")


@task
def print_and_die() -> None:
    """Say something, and be killed."""
    print("last words")
    os.kill(os.getpid(), 9)


@task
def raise_after_printing() -> None:
    """Say something, and fail."""
    print("before the error")
    raise ValueError("no column 'x'")


@task(capture_output=False)
def print_for_the_worker() -> None:
    """Print what nobody wants in a job's log."""
    print("not for the log")
    log("for the log")


@task
def leave_a_child(path: str) -> None:
    """Start a process that prints on and on, and end without it."""
    code = f"import time,os\nwhile not os.path.exists({path!r}):\n print('on and on', flush=True); time.sleep(.01)"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    print("left alone")


@task
def flood(lines: int) -> float:
    """Print as fast as it can; how long it took, in seconds."""
    began_s = time.perf_counter()
    chunk = b"".join(b"line %d of many\n" % i for i in range(1000))
    for _ in range(lines // 1000):
        os.write(1, chunk)
    return time.perf_counter() - began_s


@task
def close_everything() -> str:
    """Close every descriptor, as daemons do."""
    print("before")
    os.closerange(3, 1024)
    return "done"


@task
def calibrate(lines_a_second: int) -> int:
    """How many turns of a loop take as long as one line may, if so many are printed a second."""
    turns = 1_000_000
    began_s = time.perf_counter()
    _turn(turns)
    return int(turns / (time.perf_counter() - began_s) / lines_a_second)


@task
def print_and_compute(lines: int, turns: int) -> float:
    """Print lines with some work between them; how long it took, in seconds."""
    began_s = time.perf_counter()
    for i in range(lines):
        _turn(turns)
        print(f"epoch {i}: loss 0.4123, accuracy 0.8731, learning rate 0.001")
    return time.perf_counter() - began_s


def _turn(turns: int) -> None:
    for _ in range(turns):
        pass
