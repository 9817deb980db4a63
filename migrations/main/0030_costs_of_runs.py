"""When a run of a job was due, how long its slot is, and what it cost."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COLUMNS = (("due_at", UTC_TIME), ("every_s", BIG_INT), ("cpu_ms", BIG_INT), ("rows_done", BIG_INT))


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("job_run", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in reversed(COLUMNS):
        op.drop_column("job_run", name)
