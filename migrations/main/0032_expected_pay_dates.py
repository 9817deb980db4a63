"""The expected pay date of a commission, written at its accrual, and its moves, each with its reason."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commission", sa.Column("expected_pay_on", sa.Text(), nullable=True))
    op.create_table(
        "pay_date_move",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("from_on", sa.Text(), nullable=False),
        sa.Column("to_on", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason_parameters", sa.Text(), nullable=False),
        sa.Column("moved_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("from_on <> to_on", name="a_pay_date_moves_to_another_day"),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commission.id"], name=op.f("fk_pay_date_move_commission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_date_move")),
        sa.UniqueConstraint("commission_id", "number", name="pay_date_moves_are_numbered"),
        sqlite_strict=True,
    )
    protect("pay_date_move")


def downgrade() -> None:
    op.drop_table("pay_date_move")
    op.drop_column("commission", "expected_pay_on")
