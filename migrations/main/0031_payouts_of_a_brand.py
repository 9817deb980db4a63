"""An index for the list of a brand's payouts."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payout_brand", "payout", ["brand_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_payout_brand", table_name="payout")
