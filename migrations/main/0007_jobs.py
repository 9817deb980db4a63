"""Which job ran for which time."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_clock",
        sa.Column("id", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("as_of", UTC_TIME, nullable=False),
        sa.CheckConstraint("id = 1", name="there_is_one_clock"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_clock")),
        sqlite_strict=True,
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fence", BIG_INT, nullable=False),
        sa.Column("lease_until", UTC_TIME, nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('running', 'done', 'failed')", name="job_state_known"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("job", "slot", name="one_run_per_job_and_slot"),
        sqlite_strict=True,
    )
    op.create_index("ix_job_run_started", "job_run", ["job", "started_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_job_run_started", table_name="job_run")
    op.drop_table("job_run")
    op.drop_table("job_clock")
