"""An index for the pages of a job's log."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make it."""
    op.create_index("ix_job_logs_job_id_entry_idx", "job_logs", ["job_id", "entry", "idx"])
