"""Indexes for the lists of pages: sales of a brand, commissions of a creator, transactions of a period."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sale_latest", "sale", ["brand_id", "occurred_at", "id"], unique=False)
    op.create_index("ix_commission_creator", "commission", ["creator_id", "id"], unique=False)
    op.create_index(
        "ix_ledger_transaction_period", "ledger_transaction", ["period_id", "kind", "seq"], unique=False
    )
    # The new index begins with the same column.
    op.drop_index(op.f("ix_ledger_transaction_period_id"), table_name="ledger_transaction")


def downgrade() -> None:
    op.create_index(
        op.f("ix_ledger_transaction_period_id"), "ledger_transaction", ["period_id"], unique=False
    )
    op.drop_index("ix_ledger_transaction_period", table_name="ledger_transaction")
    op.drop_index("ix_commission_creator", table_name="commission")
    op.drop_index("ix_sale_latest", table_name="sale")
