"""Fields that reports may have: times and excluded parts of an order, and what a refund is for."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("ordered_at", "version_at"):
        op.add_column("sale", sa.Column(name, UTC_TIME, nullable=True))
    op.add_column("sale", sa.Column("excluded", sa.Text(), nullable=True))
    for name in ("items", "excluded"):
        op.add_column("refund", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("excluded", "items"):
        op.drop_column("refund", name)
    for name in ("excluded", "version_at", "ordered_at"):
        op.drop_column("sale", name)
