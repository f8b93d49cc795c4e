"""Recorders as real processes that start in no time: forked from one that has imported all there is."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from headway.history import streams
from headway.history.entries import Entry
from headway.history.writing import Writer
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
    running = _context.Process(target=_record, args=(_env(settings),), daemon=True)
    running.start()
    try:
        yield running
    finally:
        running.terminate()
        running.join(_STOP_S)
        if running.is_alive():
            running.kill()
            running.join(_STOP_S)


def doomed_recorder(settings: Settings, *, take_max: int, live_s: float, after_write: bool) -> BaseProcess:
    """A recorder that is killed as a power cut would, `live_s` after it begins to write what it took first.

    Args:
        take_max: how many entries it takes at once.
        after_write: wait from then on for the moment in which it has written something and not yet let go of it.
    """
    args = (_env(settings), take_max, live_s, after_write)
    running = _context.Process(target=_record_until_killed, args=args, daemon=True)
    running.start()
    return running


def _env(settings: Settings) -> dict[str, str]:
    return {
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "HEADWAY_DATABASE_URL": settings.database_url.get_secret_value() if settings.database_url else "",
        "HEADWAY_RECORDER_CLAIM_S": str(CLAIM_S),
    }


def _record(env: dict[str, str]) -> None:
    os.environ.update(env)
    raise SystemExit(recorder.main())


def _record_until_killed(env: dict[str, str], take_max: int, live_s: float, after_write: bool) -> None:
    write = Writer.write
    time_is_up = threading.Event()
    clock = threading.Timer(live_s, time_is_up.set if after_write else _die)

    def write_and_die(self: Writer, entries: Sequence[Entry]) -> int:
        if not clock.ident:
            clock.start()
        left_out = write(self, entries)
        if time_is_up.is_set():
            _die()
        return left_out

    Writer.write = write_and_die  # type: ignore[method-assign]
    streams.TAKE_MAX = take_max
    _record(env)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
