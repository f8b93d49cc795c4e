"""Whether what somebody asked for was allowed, and why not."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add both columns; what is recorded so far was allowed."""
    op.add_column("job_actions", sa.Column("outcome", sa.String(8), nullable=False, server_default="allowed"))
    op.add_column("job_actions", sa.Column("detail", sa.Text))
