"""Visits by day, and by referrer, country and device. They start empty; the jobs of clicks compute them."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UUID16

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("click_hour", sa.Column("changes", BIG_INT, nullable=False, server_default=sa.text("0")))
    for name in ("summed", "faceted"):
        op.add_column("click_hour", sa.Column(name, BIG_INT, nullable=True))
    op.create_table(
        "click_day",
        sa.Column("brand_id", UUID16, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject_id", UUID16, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("creator_id", UUID16, nullable=True),
        sa.Column("persons", BIG_INT, nullable=False),
        sa.CheckConstraint("scope in ('link', 'creator', 'brand')", name="click_day_scope_known"),
        sa.PrimaryKeyConstraint("brand_id", "scope", "subject_id", "day", name=op.f("pk_click_day")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_click_day_links", "click_day", ["brand_id", "scope", "day", "creator_id"])
    op.create_table(
        "click_facet",
        sa.Column("link_id", UUID16, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("persons", BIG_INT, nullable=False),
        sa.CheckConstraint("kind in ('referrer', 'country', 'device')", name="click_facet_kind_known"),
        sa.PrimaryKeyConstraint("link_id", "day", "kind", "value", name=op.f("pk_click_facet")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("click_facet")
    op.drop_index("ix_click_day_links", table_name="click_day")
    op.drop_table("click_day")
    for name in ("faceted", "summed", "changes"):
        op.drop_column("click_hour", name)
