"""The tables of history."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from headway.clock import format_utc


class UtcTime(TypeDecorator[str]):
    """A time as the wire carries it (`2025-10-28T10:21:34.000Z`), which SQLite keeps as text that its own functions
    of time understand, and PostgreSQL as a timestamp with time zone."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the database keeps."""
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else Text())

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """The text again."""
        return format_utc(value.astimezone(UTC).timestamp()) if isinstance(value, datetime) else value


# A stream entry's id with zeros in front, such as 1761646894000-0000000003: sorted as text it is in the stream's order.
ENTRY = String(24)
JOB_ID = String(64)
# SQLite numbers rows by itself only where the type is INTEGER.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s",
    }
)

#: Each job as its latest event left it. `snapshot` is the whole of it (JSON text). `listed_at` is `created_at`, or,
#: for one that has none, when it was first recorded. `wait_s` is from its submit to its first start, `run_s` the active
#: time of an attempt that ended.
jobs = Table(
    "jobs",
    metadata,
    Column("job_id", JOB_ID, primary_key=True),
    Column("entry", ENTRY, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("task", Text),
    Column("queue", Text),
    Column("owner", Text),
    Column("worker", Text),
    Column("error", Text),
    Column("created_at", UtcTime),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Column("elapsed_s", Float(53)),
    Column("paused_s", Float(53)),
    Column("snapshot", Text, nullable=False),
    Column("listed_at", UtcTime, nullable=False),
    Column("wait_s", Float(53)),
    Column("run_s", Float(53)),
    Index(None, "updated_at"),
    Index(None, "listed_at", "job_id"),
    Index(None, "status", "listed_at", "job_id"),
    Index(None, "task", "listed_at", "job_id"),
    Index(None, "queue", "listed_at", "job_id"),
    Index(None, "owner", "listed_at", "job_id"),
    # All that figures about a time need, so that they read no snapshots.
    Index("ix_jobs_ended", "finished_at", "task", "status", "run_s", "wait_s"),
    Index("ix_jobs_task_ended", "task", "finished_at", "status", "run_s", "wait_s"),
    Index("ix_jobs_slowest", "run_s", "finished_at", "task", "owner"),
)

#: How many jobs came in (`submitted`), ended (`finished`, `failed`, `canceled`), and how long they took (`wait_s` and
#: `run_s`, by `class`) in an hour, day or month, UTC: `2025-10-28T10`, `2025-10-28`, `2025-10`. No task or owner
#: is "".
job_rollups = Table(
    "job_rollups",
    metadata,
    Column("level", String(5), primary_key=True),
    Column("what", String(10), primary_key=True),
    Column("period", String(13), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("class", Integer, primary_key=True, autoincrement=False),
    Column("jobs", BigInteger, nullable=False),
)

#: Each attempt of a job, as its latest event left it. `error` is `{type, detail}` (JSON text); `paused_s` as far as its
#: own writes said.
job_attempts = Table(
    "job_attempts",
    metadata,
    Column("job_id", JOB_ID, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("entry", ENTRY, nullable=False),
    Column("status", String(16), nullable=False),
    Column("worker", Text),
    Column("error", Text),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("paused_s", Float(53)),
    Index("ix_job_attempts_worked", "finished_at", "started_at", "worker", "paused_s"),
)

#: Every accepted write. A job id that comes back after its keys had expired, or after Redis lost them, counts from
#: seq 1 again: so what makes an event one and the same is its place in the stream too.
job_progress_events = Table(
    "job_progress_events",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", JOB_ID, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("n", Float(53)),
    Column("total", Float(53)),
    Column("error", Text),
    Column("at", UtcTime, nullable=False),
    Column("entry", ENTRY, nullable=False),
    UniqueConstraint("job_id", "seq", "entry"),
    Index(None, "at"),
)

#: Log lines. A batch that Redis was told twice is two entries of the stream with one `batch_key`. A line in the
#: place of such as did not fit says so, and `dropped` how many they were.
job_logs = Table(
    "job_logs",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", JOB_ID, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("line", Text, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("entry", ENTRY, nullable=False),
    Column("batch_key", String(64), nullable=False),
    Column("idx", Integer, nullable=False),
    UniqueConstraint("job_id", "batch_key", "idx"),
    Index(None, "job_id", "entry", "idx"),
    Index(None, "at"),
)

#: Every value of each `metric()`; a null value is NaN or infinity. `dropped` values came right before this one and did
#: not fit.
job_metrics = Table(
    "job_metrics",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", JOB_ID, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float(53)),
    Column("at", UtcTime, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("entry", ENTRY, nullable=False),
    Column("idx", Integer, nullable=False),
    UniqueConstraint("job_id", "entry", "idx"),
    Index(None, "at"),
)

#: Who asked what, and whether it was allowed; stays when the job is deleted. `job_id` is empty for what is about none.
job_actions = Table(
    "job_actions",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", JOB_ID, nullable=False),
    Column("action", String(16), nullable=False),
    Column("by", Text),
    Column("verified", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("entry", ENTRY, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("outcome", String(8), nullable=False, server_default="allowed"),
    Column("detail", Text),
    UniqueConstraint("job_id", "entry", "idx"),
    Index(None, "at"),
)

#: Deleted jobs: what happened to them up to `entry` is recorded no more, whoever comes late with it.
job_tombstones = Table(
    "job_tombstones",
    metadata,
    Column("job_id", JOB_ID, primary_key=True),
    Column("entry", ENTRY, nullable=False),
)

#: The numbers of the stream's entries that are recorded, as intervals `low` to `high`; a hole between is what was
#: trimmed before anybody recorded it. A Redis that lost its counter begins the next `epoch`.
recorded_ranges = Table(
    "recorded_ranges",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("low", BigInteger, primary_key=True, autoincrement=False),
    Column("high", BigInteger, nullable=False),
    Column("first_entry", ENTRY, nullable=False),
    Column("last_entry", ENTRY, nullable=False),
)

#: One row: up to when old events are thinned out.
thinned = Table(
    "thinned",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("up_to", UtcTime, nullable=False),
)
