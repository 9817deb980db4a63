"""Marks of the self-check, copies of balances at each seal, and indexes of what the check looks for."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

WITHOUT_POSTING = sa.text("transaction_id is null")


def upgrade() -> None:
    op.create_table(
        "ledger_mark",
        sa.Column("number", BIG_INT, sa.Identity(always=False), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("balances", sa.Text(), nullable=False),
        sa.Column("owed", sa.Text(), nullable=False),
        sa.Column("state_sha256", sa.Text(), nullable=False),
        sa.Column("findings", BIG_INT, nullable=False),
        sa.Column("since", UTC_TIME, nullable=False),
        sa.Column("made_at", UTC_TIME, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.CheckConstraint("findings >= 0", name="mark_findings_not_negative"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_ledger_mark_brand_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_mark")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_ledger_mark_brand_id"), "ledger_mark", ["brand_id"], unique=False)
    protect("ledger_mark", actions=("update",))
    op.create_table(
        "account_balance",
        sa.Column("period_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("balance_minor", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["period_id"], ["period.id"], name=op.f("fk_account_balance_period_id")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_account_balance_account_id")
        ),
        sa.PrimaryKeyConstraint("period_id", "account_id", name=op.f("pk_account_balance")),
        sqlite_strict=True,
    )
    protect("account_balance")
    op.create_index("ix_payout_creator", "payout", ["creator_id"], unique=False)
    op.create_index(
        "ix_commission_entry_without_posting",
        "commission_entry",
        ["id"],
        unique=False,
        sqlite_where=WITHOUT_POSTING,
        postgresql_where=WITHOUT_POSTING,
    )


def downgrade() -> None:
    op.drop_index("ix_commission_entry_without_posting", table_name="commission_entry")
    op.drop_index("ix_payout_creator", table_name="payout")
    op.drop_table("account_balance")
    op.drop_index(op.f("ix_ledger_mark_brand_id"), table_name="ledger_mark")
    op.drop_table("ledger_mark")
