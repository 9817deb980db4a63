"""Payouts, their items and attempts, and payees."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payee",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.Text(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("ready", FLAG, nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("checked_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_payee_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_payee_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee")),
        sa.UniqueConstraint("brand_id", "creator_id", name="one_payee_per_brand_and_creator"),
        sqlite_strict=True,
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("round", BIG_INT, nullable=False),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("carried_minor", BIG_INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("transfer_ref", sa.Text(), nullable=True),
        sa.Column("prepared_at", UTC_TIME, nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "state in ('prepared', 'sending', 'unknown', 'paid', 'failed', 'cancelled', 'returned')",
            name="payout_state_known",
        ),
        sa.CheckConstraint("amount_minor > 0", name="payout_amount_positive"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_payout_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_payout_creator_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_payout_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("statement_id", "creator_id", name="one_payout_per_statement_and_creator"),
        sa.UniqueConstraint("transfer_ref", name=op.f("uq_payout_transfer_ref")),
        sqlite_strict=True,
    )
    op.create_index("ix_payout_state", "payout", ["state"], unique=False)
    op.create_table(
        "payout_attempt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("look_up_only", FLAG, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("transfer_ref", sa.Text(), nullable=True),
        sa.Column("first_sent_at", UTC_TIME, nullable=False),
        sa.Column("last_sent_at", UTC_TIME, nullable=False),
        sa.Column("lease_until", UTC_TIME, nullable=False),
        sa.Column("settled_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("state in ('sending', 'unknown', 'paid', 'failed')", name="attempt_state_known"),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_attempt_payout_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_attempt")),
        sa.UniqueConstraint("idempotency_key", name="one_attempt_per_key"),
        sa.UniqueConstraint("payout_id", "number", name="attempts_are_numbered"),
        sa.UniqueConstraint("transfer_ref", name="one_attempt_per_transfer"),
        sqlite_strict=True,
    )
    op.create_index(
        "one_open_attempt_per_payout",
        "payout_attempt",
        ["payout_id"],
        unique=True,
        sqlite_where=sa.text("state in ('sending', 'unknown')"),
        postgresql_where=sa.text("state in ('sending', 'unknown')"),
    )
    op.create_table(
        "payout_item",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("round", BIG_INT, nullable=False),
        sa.Column("posting_id", BIG_INT, nullable=True),
        sa.Column("carried_from_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("live", FLAG, nullable=False),
        sa.CheckConstraint(
            "(posting_id is null) <> (carried_from_id is null)", name="an_item_has_one_origin"
        ),
        sa.ForeignKeyConstraint(
            ["carried_from_id"], ["payout.id"], name=op.f("fk_payout_item_carried_from_id")
        ),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_item_payout_id")),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["ledger_posting.id"], name=op.f("fk_payout_item_posting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_item")),
        sqlite_strict=True,
    )
    op.create_index(
        "a_remainder_is_in_one_live_payout",
        "payout_item",
        ["carried_from_id"],
        unique=True,
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(
        "an_entry_is_in_one_live_payout",
        "payout_item",
        ["posting_id"],
        unique=True,
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(op.f("ix_payout_item_payout_id"), "payout_item", ["payout_id"], unique=False)
    op.create_table(
        "payout_freeze",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("compare_from", UTC_TIME, nullable=False),
        sa.Column("placed_at", UTC_TIME, nullable=False),
        sa.Column("lifted_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_freeze")),
        sqlite_strict=True,
    )
    op.create_table(
        "transfer_reversal",
        sa.Column("reversal_ref", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("recorded_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="reversal_amount_positive"),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_transfer_reversal_payout_id")),
        sa.PrimaryKeyConstraint("reversal_ref", name=op.f("pk_transfer_reversal")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_transfer_reversal_payout_id"), "transfer_reversal", ["payout_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_transfer_reversal_payout_id"), table_name="transfer_reversal")
    op.drop_table("transfer_reversal")
    op.drop_table("payout_freeze")
    op.drop_index(op.f("ix_payout_item_payout_id"), table_name="payout_item")
    op.drop_index(
        "an_entry_is_in_one_live_payout",
        table_name="payout_item",
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.drop_index(
        "a_remainder_is_in_one_live_payout",
        table_name="payout_item",
        sqlite_where=sa.text("live = 1"),
        postgresql_where=sa.text("live"),
    )
    op.drop_table("payout_item")
    op.drop_index(
        "one_open_attempt_per_payout",
        table_name="payout_attempt",
        sqlite_where=sa.text("state in ('sending', 'unknown')"),
        postgresql_where=sa.text("state in ('sending', 'unknown')"),
    )
    op.drop_table("payout_attempt")
    op.drop_index("ix_payout_state", table_name="payout")
    op.drop_table("payout")
    op.drop_table("payee")
