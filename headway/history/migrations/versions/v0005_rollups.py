"""Roll-ups, for figures about a long time, and an index for the slowest jobs of all."""

import sqlalchemy as sa
from alembic import op

from headway.history import rollups

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table and count the jobs that are there."""
    op.create_table(
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
    rollups.fill(op.get_bind())
    op.create_index("ix_jobs_slowest", "jobs", ["run_s", "finished_at", "task", "owner"])
