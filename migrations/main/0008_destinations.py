"""Where links lead: fixed and passed parameters, deep links, expiry, fallback pages, further domains."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import FLAG, UTC_TIME

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("brand", sa.Column("fallback_url", sa.Text(), nullable=True))
    op.add_column("program", sa.Column("parameters", sa.Text(), server_default="{}", nullable=False))
    op.add_column("link", sa.Column("passes", sa.Text(), server_default="[]", nullable=False))
    op.add_column("link", sa.Column("deep_links", FLAG, server_default=sa.false(), nullable=False))
    op.add_column("link", sa.Column("expires_at", UTC_TIME, nullable=True))
    op.create_table(
        "link_domain",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_link_domain_brand_id")),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_link_domain")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_link_domain_brand_id"), "link_domain", ["brand_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_link_domain_brand_id"), table_name="link_domain")
    op.drop_table("link_domain")
    op.drop_column("link", "expires_at")
    op.drop_column("link", "deep_links")
    op.drop_column("link", "passes")
    op.drop_column("program", "parameters")
    op.drop_column("brand", "fallback_url")
