"""When each source last sent anything, and when a message of it was last refused for its time."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("stale_at", UTC_TIME, nullable=True))
    op.add_column("source", sa.Column("stale_ahead_s", BIG_INT, nullable=True))
    op.create_index("ix_event_received", "event", ["source_id", "received_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_event_received", table_name="event")
    op.drop_column("source", "stale_ahead_s")
    op.drop_column("source", "stale_at")
