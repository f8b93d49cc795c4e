"""Short real jobs of every kind, whose results can be computed again; each notes who is at it."""

import fcntl
import hashlib
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

from headway import load_checkpoint, metric, save_checkpoint, task, track
from tests.worker.jobs import PACE

STEP_S = 0.01


@contextmanager
def alone(trace: str) -> Iterator[None]:
    """Note in the file `trace` that this process is at the job, and beside it if another one is too.

    The kernel takes the lock from a process that is killed, and from nobody else.
    """
    with Path(trace).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Path(trace).with_suffix(".twice").touch()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@task(retries=1, backoff=0.2)
def step_along(seed: int, count: int, trace: str) -> str:
    """Take steps."""
    value = str(seed)
    with alone(trace):
        for at in track(range(count), desc="steps"):
            value = mixed(value, at)
            metric(at=at)
            PACE.wait(STEP_S)
    return value


@task(retries=1, backoff=0.2)
def share_out(seed: int, count: int, trace: str) -> list[str]:
    """Let two child processes do the parts."""
    with alone(trace), multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.imap(part, [(seed, at) for at in range(count)])
        return list(track(parts, desc="parts", total=count))


@task
def think(seed: int, count: int, trace: str) -> str:
    """Compute in one long call that comes to no step."""
    with alone(trace):
        return thought(seed, count)


@task(retries=4, backoff=0.1)
def carry_on(seed: int, count: int, trace: str) -> str:
    """Begin where the attempt before left off, and fail once at the first third and once at the second."""
    saved = load_checkpoint() or {"at": 0, "value": str(seed), "failed_at": []}
    with alone(trace):
        for at in track(range(saved["at"], count), desc="steps"):
            if at in (count // 3, 2 * count // 3) and at not in saved["failed_at"]:
                save_checkpoint(saved | {"failed_at": [*saved["failed_at"], at]})
                raise ValueError(f"on purpose, at {at}")
            saved |= {"at": at + 1, "value": mixed(saved["value"], at)}
            save_checkpoint(saved)
            PACE.wait(STEP_S)
    return str(saved["value"])


@task(retries=1, backoff=0.1)
def go_wrong(seed: int, count: int, trace: str) -> None:
    """Fail after some steps, in every attempt."""
    with alone(trace):
        for _ in track(range(count)):
            PACE.wait(STEP_S)
        raise ValueError(f"on purpose, {seed}")


@task
def be_quick(seed: int, count: int, trace: str) -> str:
    """Be over at once."""
    with alone(trace):
        return mixed(str(seed), count)


@task
def keep_on(until: str, trace: str) -> str:
    """Take steps until a file is there."""
    with alone(trace):
        for _ in track(iter(lambda: Path(until).exists(), True), desc="steps"):
            PACE.wait(STEP_S)
    return "seen"


#: Those that raise an error of their own.
FAIL_BY_THEMSELVES = {"carry_on", "go_wrong"}


def computed(task: str, params: dict[str, Any]) -> object:
    """The result that a job has to have, computed here."""
    seed, count = params["seed"], params["count"]
    if task == "share_out":
        return [part((seed, at)) for at in range(count)]
    if task == "think":
        return thought(seed, count)
    if task == "be_quick":
        return mixed(str(seed), count)
    return reduce(mixed, range(count), str(seed))


def mixed(value: str, at: int) -> str:
    """One step of a computation in which none may be left out, done twice or done in another order."""
    return hashlib.sha256(f"{value} {at}".encode()).hexdigest()


def part(of: tuple[int, int]) -> str:
    """One part of several; takes its time."""
    PACE.wait(STEP_S)
    return mixed(str(of[0]), of[1])


def thought(seed: int, count: int) -> str:
    """One long call."""
    return hashlib.pbkdf2_hmac("sha256", str(seed).encode(), b"headway", count * 10_000).hex()
