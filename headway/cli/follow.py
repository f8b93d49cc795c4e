"""Jobs shown to their ends, as bars on a terminal and as lines elsewhere."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

from rich.console import Console
from rich.live import Live

from headway.cli import lines, screen
from headway.cli.ends import End
from headway.cli.following import Following
from headway.cli.printer import Printer
from headway.cli.say import say, warn
from headway.client import Client

_FRAME_S = 0.1


def follow(client: Client, job_ids: Iterable[str], patience_s: float | None = None) -> End:
    """Show jobs until all are over, or somebody presses Ctrl-C: then they go on, and that is said.

    Raises:
        BadInput: as `Following`.
    """
    with closing(Following(client, job_ids, patience_s)) as following:
        try:
            console = screen.console()
            if sys.stdout.isatty() and not console.is_dumb_terminal:
                _draw(following, console)
            else:
                _print(following)
        except KeyboardInterrupt:
            _say_what_goes_on(following)
            return End.INTERRUPTED
        return following.end


def _print(following: Following) -> None:
    printer = Printer()
    while not following.over:
        for job in following.news_within(_FRAME_S):
            printer.show(job)


def _draw(following: Following, console: Console) -> None:
    with _ended_in_order(), Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while not following.over:
                live.update(screen.draw(list(following.jobs.values()), console), refresh=True)
                following.news_within(_FRAME_S)
        finally:
            live.update(screen.draw_ended(list(following.jobs.values()), console), refresh=False)
    for job in following.jobs.values():
        if job.error is not None:
            warn(f"{job.job_id}: {job.error}")
        elif job.snapshot is not None and (outcome := lines.outcome(job.snapshot)):
            say(f"{job.job_id}: {outcome}")


def _say_what_goes_on(following: Following) -> None:
    ids = [job.job_id for job in following.jobs.values() if not job.over]
    if ids:
        goes_on = "the job goes on" if len(ids) == 1 else f"{len(ids)} jobs go on"
        named = " ".join(ids)
        it = "it" if len(ids) == 1 else "them"
        warn(f"{goes_on}; to look again: headway watch {named}; to cancel {it}: headway cancel {named}")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Leave by SIGTERM too through every `finally`: a terminal whose cursor is hidden gets it back."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
