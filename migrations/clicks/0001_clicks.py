"""Clicks."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UUID16

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "click",
        sa.Column("id", UUID16, nullable=False),
        sa.Column("link_id", UUID16, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("referrer_host", sa.Text(), nullable=True),
        sa.Column("sub_ids", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "verdict in ('person', 'unconfirmed', 'crawler', 'preview', 'prefetch', 'embedded', 'head')",
            name="click_verdict_known",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_click")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("click")
