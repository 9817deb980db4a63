"""Totals of sales by day and month, copies of balances. They start empty; jobs compute them."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

FIGURES = ("sales", "net_minor", "refunded_net_minor", "earned_minor", "commission_minor")
DAY = ("brand_id", "scope", "subject_id", "currency", "day")
OWNER = ("brand_id", "creator_id", "currency", "kind")
MONTH = ("brand_id", "scope", "month", "currency", "subject_id")


def upgrade() -> None:
    for table, key in (("sale_day", DAY), ("sale_month", MONTH)):
        op.create_table(
            table,
            *(sa.Column(name, sa.Text(), nullable=False) for name in key),
            *(sa.Column(name, BIG_INT, nullable=False) for name in FIGURES),
            sa.CheckConstraint(
                "scope in ('all', 'credited', 'creator', 'link')", name=f"{table}_scope_known"
            ),
            sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f(f"fk_{table}_brand_id")),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
            sqlite_strict=True,
            sqlite_with_rowid=False,
        )
    op.create_index("ix_sale_day_day", "sale_day", ["brand_id", "day"], unique=False)
    op.create_table(
        "sale_day_counted",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("counted", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_sale_day_counted_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", "day", name=op.f("pk_sale_day_counted")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_slot_counted",
        sa.Column("starts_at", UTC_TIME, nullable=False),
        sa.Column("counted", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("starts_at", name=op.f("pk_sale_slot_counted")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    _create_balances()
    op.create_index(
        "ix_commission_held",
        "commission",
        ["creator_id", "release_at"],
        unique=False,
        sqlite_where=sa.text("live = 1 and matured_at is null"),
        postgresql_where=sa.text("live and matured_at is null"),
    )


def _create_balances() -> None:
    op.create_table(
        "balance_copy",
        *(sa.Column(name, sa.Text(), nullable=False) for name in OWNER),
        sa.Column("balance_minor", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_balance_copy_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_balance_copy_creator_id")),
        sa.PrimaryKeyConstraint(*OWNER, name=op.f("pk_balance_copy")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_balance_copy_creator", "balance_copy", ["creator_id"], unique=False)
    op.create_table(
        "balance_mark",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_balance_mark_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_balance_mark")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_index("ix_commission_held", table_name="commission")
    op.drop_table("balance_mark")
    op.drop_index("ix_balance_copy_creator", table_name="balance_copy")
    op.drop_table("balance_copy")
    op.drop_table("sale_slot_counted")
    op.drop_table("sale_day_counted")
    op.drop_index("ix_sale_day_day", table_name="sale_day")
    op.drop_table("sale_month")
    op.drop_table("sale_day")
