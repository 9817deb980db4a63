"""The audit: who did what, chained by hashes, and the personal parts of it, which can be erased."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
        sqlite_strict=True,
    )
    _create_entries()
    op.create_table(
        "audit_personal",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_personal_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_personal")),
        sqlite_strict=True,
    )
    protect("audit_entry")
    protect("audit_personal", actions=("update",))


def _create_entries() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("entry_point", sa.Text(), nullable=False),
        sa.Column("browser_family", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("personal_about", sa.Text(), nullable=True),
        sa.Column("personal_hash", sa.Text(), nullable=True),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "chain_id = coalesce(brand_id, 'installation')", name="audit_chain_of_brand_or_installation"
        ),
        sa.CheckConstraint(
            "(personal_hash is null) = (personal_about is null)", name="personal_parts_are_about_somebody"
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_audit_entry_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("chain_id", "number", name="audit_entries_are_numbered"),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject_id", "id"], unique=False)
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_entry_personal", "audit_entry", ["personal_about"], unique=False)


def downgrade() -> None:
    op.drop_table("audit_personal")
    op.drop_table("audit_entry")
    op.drop_table("audit_chain")
