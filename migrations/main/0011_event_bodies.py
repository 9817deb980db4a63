"""Bodies of old events are emptied: when that was, and what had followed from them."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FULL = sa.text("emptied_at is null")


def upgrade() -> None:
    op.add_column("event", sa.Column("normal", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("emptied_at", UTC_TIME, nullable=True))
    op.create_index("ix_event_full", "event", ["received_at"], sqlite_where=FULL, postgresql_where=FULL)


def downgrade() -> None:
    op.drop_index("ix_event_full", table_name="event")
    op.drop_column("event", "emptied_at")
    op.drop_column("event", "normal")
