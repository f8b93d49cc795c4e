"""What the store promises, as a few lines of Python: the yardstick for the script."""

from dataclasses import dataclass, field

TERMINAL = {"finished", "failed", "canceled"}


def kept(asked: str) -> str:
    """What stays asked of a job whose next attempt waits."""
    return asked if asked in {"pause", "cancel"} else ""


@dataclass
class ModelJob:
    """One job as the store should know it. `token` is the holder's, empty without one."""

    seq: int = 1
    attempt: int = 1
    status: str = "queued"
    token: str = ""
    asked: str = ""
    held: bool = False
    message: str = "queued"
    writer: str = ""
    counter: int = 0
    writer_seq: int = 0
    deleted: bool = False
    whole: bool = True
    ended: int = 0


@dataclass
class Writer:
    """A reporter: what it was given, and the call whose reply it has not seen."""

    job_id: str
    attempt: int
    token: str
    counter: int = 0
    given: int = 0


@dataclass
class Model:
    """All jobs by id."""

    jobs: dict[str, ModelJob] = field(default_factory=dict)

    def start(self, writer: Writer, counter: int, message: str) -> str:
        job = self.jobs.get(writer.job_id)
        if job is None:
            return "unknown"
        if job.deleted:
            return "gone"
        if job.writer == writer.token and job.counter >= counter:
            return "ok"
        if job.status in TERMINAL or writer.attempt < job.attempt:
            return "over"
        if job.asked == "cancel":
            return "canceled"
        if job.asked == "pause" or job.status == "paused":
            return "held"
        if job.token or job.status != "queued" or writer.attempt != job.attempt:
            return "fenced"
        job.seq += 1
        job.status, job.message = "started", message
        job.token = job.writer = writer.token
        job.counter, job.writer_seq, job.held = counter, job.seq, False
        return "ok"

    def write(self, writer: Writer, counter: int, status: str, message: str, *, following: bool, heed: bool) -> str:
        job = self.jobs.get(writer.job_id)
        if job is not None and job.deleted:
            return "gone"
        if job is not None and job.writer == writer.token and job.counter >= counter:
            return "ok" if job.whole else "restored"
        asked = "" if job is None or job.token != writer.token else job.asked
        forgot = not asked and (job is None or job.token != writer.token or writer.given > job.seq)
        withdrawn = heed and not following and status == "paused" and asked != "pause" and not forgot
        code = "ok"
        if job is None:
            job = self.jobs[writer.job_id] = ModelJob(seq=0, attempt=writer.attempt, status="", whole=False)
            code = "restored"
        elif refused := self._refused(job, writer):
            return refused
        if job.token == writer.token and job.held and status == "running":
            return "held"
        if withdrawn:
            return "withdrawn"
        if job.token != writer.token:
            job.asked, job.held = "", False
        ended = status in TERMINAL or following
        if following:
            job.asked = kept(job.asked)
        elif status in TERMINAL or (heed and (status == "paused" or job.asked == "resume")):
            job.asked = ""
        job.ended += ended
        job.seq = max(job.seq, writer.given) + 1
        job.attempt = writer.attempt + following
        job.status, job.message = status, message
        job.token, job.held = ("", False) if ended else (writer.token, job.held)
        job.writer, job.counter, job.writer_seq = writer.token, counter, job.seq
        return code

    def heartbeat(self, writer: Writer) -> str:
        job = self.jobs.get(writer.job_id)
        if job is None:
            return "unknown"
        return "gone" if job.deleted else self._refused(job, writer) or "ok"

    def change(self, job_id: str, expected_seq: int, status: str, message: str, flag: str) -> str:
        job = self.jobs.get(job_id)
        if job is None or job.deleted:
            return "unknown" if job is None else "gone"
        if expected_seq != job.seq:
            return "stale"
        if job.status in TERMINAL and flag != "next":
            return "over"
        over = status in TERMINAL or flag == "next"
        job.seq += 1
        job.attempt += flag == "next"
        job.status, job.message = status, message
        job.asked = kept(job.asked) if flag == "next" else "" if over else job.asked
        job.held = (job.held or flag == "hold") and flag not in {"resume", "release"} and not over
        job.token = "" if over or flag == "release" else job.token
        return "ok"

    def control(self, job_id: str, asked: str) -> str:
        job = self.jobs.get(job_id)
        if job is None or job.deleted:
            return "unknown" if job is None else "gone"
        if job.status in TERMINAL:
            return "over"
        if (not asked and job.asked != "pause") or (job.asked == "cancel" and asked != "cancel"):
            return "stale"
        job.seq += 1
        job.asked = asked
        return "ok"

    def delete(self, job_id: str) -> str:
        job = self.jobs.get(job_id)
        if job is None or job.deleted:
            return "unknown" if job is None else "gone"
        if job.status not in TERMINAL:
            return "running"
        job.deleted = True
        return "ok"

    def _refused(self, job: ModelJob, writer: Writer) -> str:
        if job.token == writer.token:
            return ""
        if writer.given > job.seq and writer.attempt >= job.attempt:
            return "over" if job.status in TERMINAL and writer.attempt == job.attempt else ""
        if job.status in TERMINAL or writer.attempt < job.attempt:
            return "over"
        return "fenced"
