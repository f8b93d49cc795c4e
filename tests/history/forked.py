"""Recorders as real processes that start in no time: forked from one that has imported all there is."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from headway.settings import Settings
from worker import recorder

#: After how long a recorder under test takes over what another one left.
CLAIM_S = 0.3
_STOP_S = 10

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "worker.recorder"])


@contextmanager
def recorder_process(settings: Settings) -> Iterator[BaseProcess]:
    """`python -m worker.recorder` with these settings, told to stop at the end of the block."""
    env = {
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "HEADWAY_DATABASE_URL": settings.database_url.get_secret_value() if settings.database_url else "",
        "HEADWAY_RECORDER_CLAIM_S": str(CLAIM_S),
    }
    running = _context.Process(target=_record, args=(env,), daemon=True)
    running.start()
    try:
        yield running
    finally:
        running.terminate()
        running.join(_STOP_S)
        if running.is_alive():
            running.kill()
            running.join(_STOP_S)


def kill(running: BaseProcess) -> None:
    """End it as a power cut would."""
    os.kill(running.pid or 0, signal.SIGKILL)
    running.join(_STOP_S)


def _record(env: dict[str, str]) -> None:
    os.environ.update(env)
    raise SystemExit(recorder.main())
