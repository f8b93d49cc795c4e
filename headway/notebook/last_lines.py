"""The end of a job's log, for the error that its failure raises in a cell."""

import time
from collections import deque

from headway.client import Client
from headway.errors import HeadwayError

_LINES = 20
#: A log that takes longer to read, in seconds, is left to the page of the job.
_READ_S = 5.0


def last_lines(client: Client, job_id: str) -> list[str]:
    """The end of a job's log, oldest line first; empty where it cannot be read to its end in a moment."""
    lines: deque[str] = deque(maxlen=_LINES)
    until = time.monotonic() + _READ_S
    try:
        for line in client.logs(job_id):
            lines.append(line.line)
            if time.monotonic() > until:
                return []
    except HeadwayError:
        # The job's own error is what its caller has to see.
        return []
    return list(lines)
