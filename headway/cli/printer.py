"""Followed jobs where nothing can be drawn: a plain line for each change of status or whole percent."""

from headway import caption
from headway.cli import lines
from headway.cli.following import Followed
from headway.cli.say import say, warn
from headway.quantities import duration

_AWAY_S = 2.0


class Printer:
    """Prints a line when a job's status, attempt or whole percent is another than before."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[object, ...]] = {}
        self._away: set[str] = set()

    def show(self, job: Followed) -> None:
        """Print what is new about a job, if anything is."""
        if job.error is not None:
            warn(f"{job.job_id}: {job.error}")
        self._show_away(job)
        snapshot = job.snapshot
        if snapshot is None:
            return
        state = (snapshot.status, snapshot.attempt, caption.percent(snapshot))
        if self._said.get(job.job_id) != state:
            self._said[job.job_id] = state
            say(lines.line(snapshot))

    def _show_away(self, job: Followed) -> None:
        if job.away_s < _AWAY_S:
            self._away.discard(job.job_id)
        elif job.job_id not in self._away:
            self._away.add(job.job_id)
            warn(f"{job.job_id}: no answer from the API for {duration(job.away_s)}, still trying")
