"""How far the old events are thinned out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table, and let the age of a request be found."""
    time = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
    op.create_table(
        "thinned",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("up_to", time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_thinned"),
    )
    op.create_index("ix_job_actions_at", "job_actions", ["at"])
