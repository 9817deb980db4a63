"""Prerenders that somebody looked at after all."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UUID16

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "click_confirmation",
        sa.Column("click_id", UUID16, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("click_id", name=op.f("pk_click_confirmation")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("click_confirmation")
