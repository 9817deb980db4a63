"""Marks of the checks of the audit, and an index for its list."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_mark",
        sa.Column("number", BIG_INT, sa.Identity(always=False), nullable=False),
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("entry_number", BIG_INT, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("made_at", UTC_TIME, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_mark")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_mark_chain", "audit_mark", ["chain_id", "number"], unique=False)
    protect("audit_mark", actions=("update",))
    op.create_index("ix_audit_entry_chain", "audit_entry", ["chain_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_audit_entry_chain", table_name="audit_entry")
    op.drop_table("audit_mark")
