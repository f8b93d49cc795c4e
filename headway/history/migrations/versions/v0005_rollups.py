"""Roll-ups, for figures about a long time, and an index for the slowest jobs of all."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from headway.clock import format_utc

revision = "0005"
down_revision = "0004"

# As the roll-ups were when this step was made, whatever has become of them since.
_JOBS = sa.text("SELECT listed_at, finished_at, status, task, owner, wait_s, run_s FROM jobs")
_LEVELS = {"hour": 13, "day": 10, "month": 7}
_ENDS = ("finished", "failed", "canceled")
_WIDTH = math.log(1.02)
_ROWS = 5_000


def upgrade() -> None:
    """Make the table and count the jobs that are there."""
    rollups = op.create_table(
        "job_rollups",
        sa.Column("level", sa.String(5), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("period", sa.String(13), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("class", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("jobs", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("level", "what", "period", "task", "owner", "class", name="pk_job_rollups"),
    )
    counts: Counter[tuple[str, str, str, str, str, int]] = Counter()
    for job in op.get_bind().execute(_JOBS.execution_options(yield_per=_ROWS)):
        counts.update(_counted(job))
    names = ("level", "period", "task", "owner", "what", "class", "jobs")
    rows = [dict(zip(names, (*key, jobs), strict=True)) for key, jobs in sorted(counts.items())]
    for i in range(0, len(rows), _ROWS):
        op.get_bind().execute(sa.insert(rollups), rows[i : i + _ROWS])
    op.create_index("ix_jobs_slowest", "jobs", ["run_s", "finished_at", "task", "owner"])


def _counted(job: Any) -> Iterator[tuple[str, str, str, str, str, int]]:
    listed_at, finished_at = _text(job.listed_at), _text(job.finished_at)
    whose = (job.task or "", job.owner or "")
    for level, length in _LEVELS.items():
        yield level, listed_at[:length], *whose, "submitted", 0
        if not finished_at or job.status not in _ENDS:
            continue
        yield level, finished_at[:length], *whose, job.status, 0
        if level == "hour":
            continue
        if job.wait_s is not None:
            yield level, finished_at[:length], *whose, "wait_s", _class_of(job.wait_s)
        if job.run_s is not None and job.status == "finished":
            yield level, finished_at[:length], *whose, "run_s", _class_of(job.run_s)


def _text(at: Any) -> str:
    """A time as SQLite has it; PostgreSQL has a `datetime`."""
    return at or "" if at is None or isinstance(at, str) else format_utc(at.timestamp())


def _class_of(seconds: float) -> int:
    return -1_000 if seconds < 0.001 else math.floor(math.log(min(seconds, 1e12)) / _WIDTH)
