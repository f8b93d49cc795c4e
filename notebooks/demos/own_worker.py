"""A worker of one's own, with tasks that a lesson writes."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headway import Client
from headway.errors import TaskNotFound

_START_S = 60.0
_STOP_S = 15.0
#: What `make run` writes for other terminals, in the checkout.
_ENV = Path(__file__).parents[2] / ".headway" / "env"


@contextmanager
def own_worker(folder: Path, module: str, queue: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `headway worker` in `folder` until the block is left; it serves the tasks in `module` on this queue alone."""
    command = [sys.executable, "-m", "headway.cli", "worker", "--tasks", module, "--queue", queue]
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(command, cwd=folder, env=stack_env(), stdout=log, stderr=log, start_new_session=True)
    try:
        yield worker
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(_STOP_S)
        if worker.poll() is None:
            worker.kill()
            worker.wait()


def announced(client: Client, task: str) -> None:
    """Wait until a worker has said that it knows the task.

    Raises:
        TaskNotFound: none did within a minute.
    """
    until = time.monotonic() + _START_S
    while True:
        try:
            client.task(task)
        except TaskNotFound:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def stack_env() -> dict[str, str]:
    """This environment, with the Redis of `make run` where no other is named."""
    env = dict(os.environ)
    if "REDIS_URL" not in env and _ENV.exists():
        words = [word for word in shlex.split(_ENV.read_text()) if "=" in word]
        env |= dict(word.split("=", 1) for word in words)
    return env
