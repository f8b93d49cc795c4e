"""Everything headway raises, in one tree whose branches say what a caller can do about it."""

from collections.abc import Sequence


class HeadwayError(Exception):
    """Base of every error of this library."""


class SettingsError(HeadwayError):
    """A setting has a wrong value; the sentence names it. Nothing was started."""


class BadInput(HeadwayError, ValueError):
    """What was passed in cannot be used as it is; change it and call again."""


class TooLarge(BadInput):
    """What was sent is larger than a setting allows."""


class InvalidJobId(BadInput):
    """A job id has other characters than letters, digits, `_` and `-`, or is not 1 to 64 long."""

    def __init__(self, job_id: str) -> None:
        shown = job_id if len(job_id) <= 80 else f"{job_id[:80]}… ({len(job_id)} characters)"
        super().__init__(f"{shown!r} is no job id: use 1 to 64 letters, digits, '_' or '-'")


class InvalidParams(BadInput):
    """A task's parameters do not fit its schema.

    `errors` lists `{"field", "detail"}`, the field as a dotted path, empty for the whole object.
    """

    def __init__(self, task: str, errors: list[dict[str, str]]) -> None:
        self.task = task
        self.errors = errors
        first = errors[0] if errors else {"field": "", "detail": "not valid"}
        where = f"parameter {first['field']!r}" if first["field"] else "the parameters"
        named = f"task {task!r}: " if task else ""
        super().__init__(f"{named}{where}: {first['detail']}")


class PathNotAllowed(BadInput):
    """A file parameter points outside `HEADWAY_DATA_ROOTS`, or at nothing that can be read."""


class NotEncodable(BadInput):
    """A value cannot be carried as JSON; the sentence says which part of it."""


class NotFound(HeadwayError, LookupError):
    """What was asked for is not there."""


class JobNotFound(NotFound):
    """No job has this id, or you may not see it.

    `api` is the address of the API that says so, empty in the API itself. A traceback names both in a note; the
    sentence is the wire's, also on a command line.
    """

    def __init__(self, job_id: str, api: str = "") -> None:
        self.job_id = job_id
        super().__init__("job not found")
        if api:
            self.add_note(f"The API at {api} has no job {job_id!r} that you may see; jobs() lists those that it has.")


class TaskNotFound(NotFound):
    """No worker of the last seven days announced this task."""

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(f"no task named {task!r}: a worker announces its tasks when it starts")


class NotSignedIn(HeadwayError):
    """Who asks did not say who they are, or what they showed is not valid."""


class NotAllowed(HeadwayError):
    """Who asks may not do this."""


class TooMany(HeadwayError):
    """A limit is reached; `after_s` is how long to wait before asking again, in whole seconds, None if not known."""

    def __init__(self, sentence: str, after_s: int | None = None) -> None:
        self.after_s = after_s
        super().__init__(sentence)


class Conflict(HeadwayError):
    """The job's state does not allow this now; read it again before deciding."""


class WriteRefused(Conflict):
    """The store refused a write; `code` is the script's answer, `seq` the job's latest.

    `fenced`: another holder has the job, or took it over. `over`: the attempt has ended. `gone`: the job was
    deleted. `unknown`: no such job. `stale`: somebody wrote since the `seq` that was read. `exists`: the id is taken.
    `held`: the job is paused. `canceled`: its cancel was asked for before it started. `withdrawn`: the pause
    that this acknowledges is no longer asked for. `unreadable`: the stored snapshot is not headway's.
    """

    def __init__(self, job_id: str, code: str, seq: int) -> None:
        self.job_id = job_id
        self.code = code
        self.seq = seq
        super().__init__(f"write to job {job_id!r} refused: {code} (seq {seq})")


class NoResult(HeadwayError):
    """A job ended without a result."""

    def __init__(self, job_id: str, sentence: str) -> None:
        self.job_id = job_id
        super().__init__(sentence)


class JobFailed(NoResult):
    """A job failed and no attempt is left; `type` and `detail` are its error's, empty where it left none.

    `last_lines` is the end of its log, oldest first, where who raises this has read it; a traceback shows it as a note.
    """

    def __init__(
        self,
        job_id: str,
        type: str,  # noqa: A002 - the snapshot's own word
        detail: str,
        last_lines: Sequence[str] = (),
    ) -> None:
        self.type = type
        self.detail = detail
        self.last_lines = list(last_lines)
        why = ": ".join(part for part in (type, detail) if part) or "it left no error"
        super().__init__(job_id, f"job {job_id!r} failed ({why}): mend that and submit it again")
        if self.last_lines:
            self.add_note("\n  ".join(["The end of its log:", *self.last_lines]))


class JobWasCanceled(NoResult):
    """A job was canceled. Inside a job, its own cancel is `JobCanceled`."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id, f"job {job_id!r} was canceled and has no result: submit it again if you need one")


class StillRunning(HeadwayError, TimeoutError):
    """A job had not ended when the caller's patience did; the job goes on.

    `job_id` names it, `status` is the last one seen, None if none was.
    """

    def __init__(self, job_id: str, status: str | None, waited_s: float) -> None:
        self.job_id = job_id
        self.status = status
        super().__init__(
            f"job {job_id!r} has not ended within {waited_s:g} s ({status or 'not seen yet'}). "
            "It goes on: call result() again to wait on, or watch() to follow it"
        )


class Unreadable(HeadwayError):
    """What is stored for a job is no snapshot, or no spec; the sentence says why."""

    def __init__(self, job_id: str, why: str) -> None:
        self.job_id = job_id
        self.why = why
        super().__init__(f"what is stored for job {job_id!r} cannot be read: {why}")


class Unavailable(HeadwayError):
    """Something headway needs does not answer; trying again later may help."""


class StorageFull(Unavailable):
    """The disk that uploads are kept on is full."""


class RedisUnavailable(Unavailable):
    """Redis does not answer."""


class EngineUnavailable(Unavailable):
    """The queue did not take the job; its snapshot says failed."""


class WorkerEnded(Unavailable):
    """A worker ended although nobody told it to; the sentence says why."""


class ApiUnavailable(Unavailable):
    """The API does not answer at its address, or answered with a server error."""


class ApiRefused(HeadwayError):
    """The API answered with an error that no other class names; `http_status` and `problem` carry it whole."""

    def __init__(self, http_status: int, problem: dict[str, object]) -> None:
        self.http_status = http_status
        self.problem = problem
        advice = ": pass the client a token= that is valid" if http_status == 401 else ""
        super().__init__(f"{problem.get('detail', 'refused')} (HTTP {http_status}){advice}")


class JobCanceled(BaseException):
    """Raised inside a job whose cancel was asked for; not an `Exception`, so that `except Exception` lets it pass."""


class JobTimedOut(BaseException):
    """Raised inside a job that takes longer than its task allows; no `Exception`, as `JobCanceled` is none."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        super().__init__(f"the attempt took longer than the {timeout_s:g} s of active time that its task allows")


class AttemptOver(BaseException):
    """Raised inside a job whose attempt no longer counts: another holder has it, or it was deleted."""

    def __init__(self, job_id: str, code: str) -> None:
        self.job_id = job_id
        self.code = code
        super().__init__(f"attempt of job {job_id!r} is over: {code}")
