"""`headway judge`: notice what nobody else can."""

import logging
import signal
import threading
from types import FrameType

import typer

from headway import engines
from headway.cli.commands.worker import check_redis
from headway.cli.ends import End
from headway.errors import HeadwayError
from headway.judge import Judge
from headway.monitor import Monitor
from headway.rounds import keep_looking
from headway.settings import get_settings
from headway.store import Store


def judge() -> None:
    """Declare dead workers' jobs lost, and run retries when they are due, until told to stop (Ctrl-C, SIGTERM)."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("headway").setLevel(logging.INFO)
    stop = threading.Event()
    _stop_by_signal(stop)
    try:
        settings = get_settings()
        check_redis(settings)
    except HeadwayError as error:
        typer.echo(f"headway: {error}", err=True)
        raise typer.Exit(End.USAGE) from None
    store, engine = Store(settings), engines.load(settings).engine(settings)
    judge, monitor = Judge(store, settings), Monitor(store, engine)
    # Apart from the judge, who must look often, and whom nothing that takes long may keep from it.
    monitoring = threading.Thread(target=keep_looking, args=(monitor.look, monitor.every_s, stop), name="monitor")
    logging.getLogger("headway.judge").info("judge: an attempt is lost after %g s of silence", settings.lost_s)
    monitoring.start()
    keep_looking(judge.look, judge.every_s, stop)
    monitoring.join()
    engine.close()
    store.close()


def _stop_by_signal(stop: threading.Event) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
