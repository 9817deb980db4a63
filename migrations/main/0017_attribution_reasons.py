"""The reason of the removal of a creator as a code with parameters beside its words."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrollment", sa.Column("removal_reason_code", sa.Text(), nullable=True))
    op.add_column("enrollment", sa.Column("removal_reason_parameters", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("enrollment", "removal_reason_parameters")
    op.drop_column("enrollment", "removal_reason_code")
