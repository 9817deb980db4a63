"""Reasons of events as codes with parameters. Rows from before have only their words."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("reason_code", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("reason_parameters", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("event", "reason_parameters")
    op.drop_column("event", "reason_code")
