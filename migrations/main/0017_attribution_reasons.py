"""Reasons of attributions, and of the removal of a creator, as codes with parameters beside their words."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attribution", sa.Column("reason_code", sa.Text(), nullable=True))
    op.add_column("attribution", sa.Column("reason_parameters", sa.Text(), nullable=True))
    op.add_column("enrollment", sa.Column("removal_reason_code", sa.Text(), nullable=True))
    op.add_column("enrollment", sa.Column("removal_reason_parameters", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("enrollment", "removal_reason_parameters")
    op.drop_column("enrollment", "removal_reason_code")
    op.drop_column("attribution", "reason_parameters")
    op.drop_column("attribution", "reason_code")
