"""Moves of the pay days of periods, each with its reason."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pay_day_move",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("released_from", UTC_TIME, nullable=False),
        sa.Column("released_until", UTC_TIME, nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("from_on", sa.Text(), nullable=False),
        sa.Column("to_on", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_parameters", sa.Text(), nullable=False),
        sa.Column("moved_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("from_on <> to_on", name="a_pay_day_moves_to_another_day"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_pay_day_move_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_day_move")),
        sa.UniqueConstraint("brand_id", "number", name="pay_day_moves_are_numbered"),
        sqlite_strict=True,
    )
    protect("pay_day_move")


def downgrade() -> None:
    op.drop_table("pay_day_move")
