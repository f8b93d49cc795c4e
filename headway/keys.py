"""Every Redis key of headway, named in this one place."""

import re

from headway.errors import BadInput, InvalidJobId

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Without a colon, so that no two principals' keys can be the same.
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._~-]{1,128}")

#: Stream of every accepted write, capped by `HEADWAY_EVENTS_MAX`.
EVENTS = "jobs:events"
#: Counter raised with every entry of `EVENTS`; a hole in the entries' numbers is a counted drop.
EVENTS_COUNT = "jobs:events:count"
#: Stream of log lines, apart from the events so that logs cannot push progress out; capped by `HEADWAY_LOGS_MAX`.
LOGS = "jobs:logs"
#: Stream of every change of a job's status, capped at 20,000, for those who are told of each once.
TRANSITIONS = "jobs:transitions"
#: Sorted set of job ids by creation time (ms since 1970), trimmed to `HEADWAY_INDEX_MAX`.
INDEX = "jobs:index"
#: Hash of the last beat of every running attempt, by job id; an entry leaves it with the attempt.
ACTIVE = "jobs:active"
#: Sorted set of the jobs that are queued, by since when (ms since 1970), trimmed to `HEADWAY_INDEX_MAX`.
WAITING = "jobs:waiting"
#: Sorted set of those that wait out a retry's delay, by when they are due (ms since 1970, Redis' clock).
DELAYED = "jobs:delayed"
#: Sorted set of the jobs that are queued or held, by when their life was last renewed (ms since 1970, Redis' clock),
#: trimmed to `HEADWAY_INDEX_MAX`.
UNBEGUN = "jobs:unbegun"
#: Who judges (string, JSON), said again with every look; expires when nobody does.
JUDGE = "judge"
#: Whoever sets it writes the positions of waiting jobs this time (string, expires after a few seconds).
POSITIONS_TURN = "judge:positions"
#: Hash of announced tasks, name to JSON; a name leaves it seven days after its last worker.
TASKS = "tasks:catalogue"
#: Sorted set of task names by the time a worker last announced them (s since 1970).
TASKS_SEEN = "tasks:seen"
#: Sorted set of worker names by the time of their last heartbeat (s since 1970), trimmed by age.
WORKERS = "workers:seen"
#: Sorted set of recorders' names by the time they last said how they are (s since 1970), trimmed by age.
RECORDERS = "recorders:seen"

#: Stream of who did what or was refused it, apart from the events of jobs; capped by `HEADWAY_EVENTS_MAX`.
AUDIT = "access:audit"
#: Hash of API tokens, id to JSON with the digest of the secret; bounded by those who make them, and leaving it revokes.
TOKENS = "access:tokens"


def is_job_id(text: str) -> bool:
    """Whether a job may have this id."""
    return _JOB_ID.fullmatch(text) is not None


def check_job_id(job_id: str) -> str:
    """Return `job_id` if it may be part of a key, else raise `InvalidJobId`."""
    if not is_job_id(job_id):
        raise InvalidJobId(job_id)
    return job_id


def check_idempotency_key(key: str) -> str:
    """Return `key` if it may be part of a key of ours, else raise `BadInput`."""
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise BadInput("Idempotency-Key: use 1 to 128 letters, digits, '.', '_', '~' or '-'")
    return key


def snapshot(job_id: str) -> str:
    """The latest snapshot (string; the lesson's key)."""
    return f"job:{job_id}:progress"


def updates(job_id: str) -> str:
    """The channel on which every accepted snapshot is published (the lesson's channel)."""
    return f"job:{job_id}:updates"


def requests(job_id: str) -> str:
    """The channel on which its process hears at once that something is asked of the job."""
    return f"job:{job_id}:requests"


def channel(job_id: str) -> str:
    """Where a lesson writer may name another channel to listen on (string, optional)."""
    return f"job:{job_id}:channel"


def state(job_id: str) -> str:
    """Seq, attempt, holder, control and totals (hash); after a delete, the tombstone."""
    return f"job:{job_id}:state"


def spec(job_id: str) -> str:
    """Task, params, queue, engine, owner and policy (string; written once)."""
    return f"job:{job_id}:spec"


def attempts(job_id: str) -> str:
    """The `ended` objects of the last 20 attempts (list, oldest first)."""
    return f"job:{job_id}:attempts"


def lease(job_id: str) -> str:
    """Counters that the holders of the running attempt raise, and when they last did (hash)."""
    return f"job:{job_id}:lease"


def result(job_id: str) -> str:
    """A result too large for the snapshot (string)."""
    return f"job:{job_id}:result"


def lines(job_id: str) -> str:
    """The job's newest entries of `LOGS`, under the same ids (stream); expires an hour after the latest."""
    return f"job:{job_id}:lines"


def points(job_id: str) -> str:
    """What of its newest entries of `EVENTS` it measured, under the same ids (stream); expires like `lines`."""
    return f"job:{job_id}:points"


def checkpoint(job_id: str) -> str:
    """What an attempt saved for the next one (string, JSON), until the job has finished."""
    return f"job:{job_id}:checkpoint"


def owner_index(owner: str) -> str:
    """Like `INDEX`, for one owner's jobs."""
    return f"jobs:index:owner:{owner}"


def worker(name: str) -> str:
    """What a worker says about itself (string, JSON); expires when its heartbeats stop."""
    return f"worker:{name}"


def past(task: str) -> str:
    """The latest whole runs of a task (sorted set of JSON, by when they ended in ms since 1970)."""
    return f"task:{task}:past"


def recorder(name: str) -> str:
    """What a recorder says about itself (string, JSON); expires when it stops."""
    return f"recorder:{name}"


def ticket(digest: str) -> str:
    """Whom a ticket lets in, once (string, JSON, half a minute)."""
    return f"access:ticket:{digest}"


def rate(what: str, who: str) -> str:
    """How often somebody did something in this window of time (string, expires with it)."""
    return f"access:rate:{what}:{who}"


def submission(principal: str, idempotency_key: str) -> str:
    """The job id that a submit with this `Idempotency-Key` was given (string, one day)."""
    return f"jobs:submission:{principal}:{idempotency_key}"


def job_id_of(key: str) -> str | None:
    """The job id in a snapshot key or update channel, or None if the name is not of that form."""
    parts = key.split(":")
    if len(parts) == 3 and parts[0] == "job" and _JOB_ID.fullmatch(parts[1]):
        return parts[1]
    return None
