"""The books. The database itself refuses to change what is written."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_ledger_account_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_ledger_account_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "currency", name="an_account_has_one_currency"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_ledger_account_owner", "ledger_account", ["brand_id", "currency", "creator_id"], unique=False
    )
    op.create_table(
        "ledger_chain",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_ledger_chain_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_ledger_chain")),
        sqlite_strict=True,
    )
    op.create_table(
        "period",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", UTC_TIME, nullable=False),
        sa.Column("ends_at", UTC_TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("state in ('open', 'closed')", name="period_state_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_period_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
        sa.UniqueConstraint("brand_id", "name", name="one_period_per_brand_and_name"),
        sa.UniqueConstraint("brand_id", "starts_at", name="one_period_per_brand_and_start"),
        sqlite_strict=True,
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("inputs_hash", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("period_id", sa.Text(), nullable=False),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("recorded_at", UTC_TIME, nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_ledger_transaction_brand_id")),
        sa.ForeignKeyConstraint(["period_id"], ["period.id"], name=op.f("fk_ledger_transaction_period_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("brand_id", "event_key", name="one_transaction_per_event"),
        sa.UniqueConstraint("brand_id", "seq", name="the_chain_has_one_next_link"),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_ledger_transaction_period_id"), "ledger_transaction", ["period_id"], unique=False
    )
    op.create_index("ix_ledger_transaction_subject", "ledger_transaction", ["subject_id"], unique=False)
    op.create_table(
        "ledger_posting",
        sa.Column("id", BIG_INT, sa.Identity(always=False), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("line", BIG_INT, nullable=False),
        sa.Column("debit_account_id", sa.Text(), nullable=False),
        sa.Column("credit_account_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="posting_amount_positive"),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name="posting_between_two_accounts"),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="credit_in_the_accounts_currency",
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="debit_in_the_accounts_currency",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_posting_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posting")),
        sa.UniqueConstraint("transaction_id", "line", name="postings_are_numbered"),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_posting_credit", "ledger_posting", ["credit_account_id"], unique=False)
    op.create_index("ix_ledger_posting_debit", "ledger_posting", ["debit_account_id"], unique=False)
    protect("ledger_account")
    protect("ledger_transaction")
    protect("ledger_posting")


def downgrade() -> None:
    op.drop_index("ix_ledger_posting_debit", table_name="ledger_posting")
    op.drop_index("ix_ledger_posting_credit", table_name="ledger_posting")
    op.drop_table("ledger_posting")
    op.drop_index("ix_ledger_transaction_subject", table_name="ledger_transaction")
    op.drop_index(op.f("ix_ledger_transaction_period_id"), table_name="ledger_transaction")
    op.drop_table("ledger_transaction")
    op.drop_table("period")
    op.drop_table("ledger_chain")
    op.drop_index("ix_ledger_account_owner", table_name="ledger_account")
    op.drop_table("ledger_account")
