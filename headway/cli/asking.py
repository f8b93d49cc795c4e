"""The same asked of several jobs, one after the other."""

from collections.abc import Callable, Sequence

from headway.cli import lines
from headway.cli.ends import End, end_of_error, worst
from headway.cli.say import say, warn
from headway.errors import HeadwayError, Unavailable
from headway.snapshot import Snapshot


def ask(does: Callable[[str], Snapshot | None], job_ids: Sequence[str]) -> End:
    """Ask for each job and print a line about it; one that is refused costs the others nothing.

    Args:
        does: asks, and returns the job's snapshot; None where the job is gone.

    Raises:
        Unavailable: the API does not answer; which jobs are left out is said.
    """
    ends = []
    for place, job_id in enumerate(job_ids):
        try:
            snapshot = does(job_id)
        except Unavailable:
            if len(job_ids) > 1:
                warn(f"nothing is known to have been asked of {' '.join(job_ids[place:])}")
            raise
        except HeadwayError as error:
            warn(str(error) if repr(job_id) in str(error) else f"{job_id}: {error}")
            ends.append(end_of_error(error))
        else:
            say(f"{job_id} deleted" if snapshot is None else lines.line(snapshot))
    return worst(ends)
