"""Commissions and everything that happens to one."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commission",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("attribution_id", sa.Text(), nullable=False),
        sa.Column("revision", BIG_INT, nullable=False),
        sa.Column("live", FLAG, nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("base_minor", BIG_INT, nullable=False),
        sa.Column("rate_bp", BIG_INT, nullable=False),
        sa.Column("rate_from", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("release_at", UTC_TIME, nullable=False),
        sa.Column("matured_at", UTC_TIME, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("base_minor >= 0 and amount_minor >= 0", name="commission_not_negative"),
        sa.ForeignKeyConstraint(
            ["attribution_id"], ["attribution.id"], name=op.f("fk_commission_attribution_id")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_commission_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_commission_creator_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_commission_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission")),
        sa.UniqueConstraint("sale_id", "revision", name="one_commission_per_sale_and_revision"),
        sqlite_strict=True,
    )
    op.create_index("ix_commission_owner", "commission", ["brand_id", "creator_id"], unique=False)
    op.create_index("ix_commission_release", "commission", ["release_at"], unique=False)
    op.create_index(
        "one_live_commission_per_sale",
        "commission",
        ["sale_id"],
        unique=True,
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.create_table(
        "commission_entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("line", BIG_INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_before_minor", BIG_INT, nullable=False),
        sa.Column("amount_after_minor", BIG_INT, nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commission.id"], name=op.f("fk_commission_entry_commission_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_commission_entry_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_entry")),
        sa.UniqueConstraint("commission_id", "kind", "cause_id", name="one_entry_per_cause"),
        sa.UniqueConstraint("commission_id", "line", name="entries_are_numbered"),
        sqlite_strict=True,
    )
    op.create_table(
        "commission_hold",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", UTC_TIME, nullable=False),
        sa.Column("lifted_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("kind in ('dispute', 'review')", name="hold_kind_known"),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commission.id"], name=op.f("fk_commission_hold_commission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_hold")),
        sa.UniqueConstraint("commission_id", "cause_id", name="one_hold_per_cause"),
        sqlite_strict=True,
    )
    protect("commission_entry")


def downgrade() -> None:
    op.drop_table("commission_hold")
    op.drop_table("commission_entry")
    op.drop_index(
        "one_live_commission_per_sale",
        table_name="commission",
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.drop_index("ix_commission_release", table_name="commission")
    op.drop_index("ix_commission_owner", table_name="commission")
    op.drop_table("commission")
