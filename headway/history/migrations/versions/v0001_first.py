"""The first tables of history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ENTRY = sa.String(24)
JOB_ID = sa.String(64)
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
NUMBER = sa.Float(53)


def upgrade() -> None:
    """Make them."""
    _jobs()
    _events()
    _logs()
    _metrics()
    _actions()
    op.create_table(
        "job_tombstones",
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_tombstones"),
    )
    op.create_table(
        "recorded_ranges",
        sa.Column("epoch", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("low", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("first_entry", ENTRY, nullable=False),
        sa.Column("last_entry", ENTRY, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "low", name="pk_recorded_ranges"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("task", "queue", "owner", "worker", "error")),
        *(sa.Column(name, TIME) for name in ("created_at", "started_at", "finished_at")),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("elapsed_s", NUMBER),
        sa.Column("paused_s", NUMBER),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"])
    op.create_index("ix_jobs_updated_at", "jobs", ["updated_at"])
    op.create_table(
        "job_attempts",
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        sa.PrimaryKeyConstraint("job_id", "attempt", name="pk_job_attempts"),
    )


def _events() -> None:
    op.create_table(
        "job_progress_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("n", NUMBER),
        sa.Column("total", NUMBER),
        sa.Column("error", sa.Text),
        sa.Column("at", TIME, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_progress_events"),
        sa.UniqueConstraint("job_id", "seq", "entry", name="uq_job_progress_events"),
    )
    op.create_index("ix_job_progress_events_at", "job_progress_events", ["at"])


def _logs() -> None:
    op.create_table(
        "job_logs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("dropped", sa.Integer, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.Column("batch_key", sa.String(64), nullable=False),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_logs"),
        sa.UniqueConstraint("job_id", "batch_key", "idx", name="uq_job_logs"),
    )
    op.create_index("ix_job_logs_at", "job_logs", ["at"])


def _metrics() -> None:
    op.create_table(
        "job_metrics",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", NUMBER),
        sa.Column("at", TIME, nullable=False),
        sa.Column("dropped", sa.Integer, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_metrics"),
        sa.UniqueConstraint("job_id", "entry", "idx", name="uq_job_metrics"),
    )
    op.create_index("ix_job_metrics_at", "job_metrics", ["at"])


def _actions() -> None:
    op.create_table(
        "job_actions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("job_id", JOB_ID, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_actions"),
        sa.UniqueConstraint("job_id", "entry", "idx", name="uq_job_actions"),
    )
