"""What lists of jobs are sorted by, and what figures about a time are made of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_OVER = "status IN ('finished', 'failed', 'canceled')"


def upgrade() -> None:
    """Make the columns, fill them from what is there, and let them be found."""
    time = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("listed_at", time))
        jobs.add_column(sa.Column("wait_s", sa.Float(53)))
        jobs.add_column(sa.Column("run_s", sa.Float(53)))
    op.execute("UPDATE jobs SET listed_at = COALESCE(created_at, started_at, updated_at)")
    op.execute(f"UPDATE jobs SET run_s = elapsed_s, finished_at = COALESCE(finished_at, updated_at) WHERE {_OVER}")
    # Only headway writes whose a job is; a lesson writer's begins otherwise.
    op.execute("UPDATE jobs SET owner = NULL WHERE SUBSTR(snapshot, 1, 7) <> '{\"seq\":'")
    wait_s = _seconds("job_attempts.started_at", "jobs.created_at")
    op.execute(
        f"UPDATE jobs SET wait_s = (SELECT {wait_s} FROM job_attempts WHERE job_attempts.job_id = jobs.job_id "
        "AND attempt = 1 AND job_attempts.started_at >= jobs.created_at)"
    )
    for table, name in (("jobs", "task"), ("jobs", "queue"), ("jobs", "owner"), ("job_attempts", "worker")):
        # PostgreSQL takes no longer ones into an index.
        op.execute(f"UPDATE {table} SET {name} = SUBSTR({name}, 1, 200) WHERE LENGTH({name}) > 200")
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("listed_at", existing_type=time, nullable=False)
    op.drop_index("ix_jobs_created_at", "jobs")
    op.create_index("ix_jobs_listed_at_job_id", "jobs", ["listed_at", "job_id"])
    for name in ("status", "task", "queue", "owner"):
        op.create_index(f"ix_jobs_{name}_listed_at_job_id", "jobs", [name, "listed_at", "job_id"])
    op.create_index("ix_jobs_ended", "jobs", ["finished_at", "task", "status", "run_s", "wait_s"])
    op.create_index("ix_jobs_task_ended", "jobs", ["task", "finished_at", "status", "run_s", "wait_s"])
    op.add_column("job_attempts", sa.Column("paused_s", sa.Float(53)))
    op.create_index("ix_job_attempts_worked", "job_attempts", ["finished_at", "started_at", "worker", "paused_s"])


def _seconds(later: str, earlier: str) -> str:
    if op.get_bind().dialect.name == "postgresql":
        return f"EXTRACT(EPOCH FROM {later} - {earlier})"
    return f"(JULIANDAY({later}) - JULIANDAY({earlier})) * 86400"
