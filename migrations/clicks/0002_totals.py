"""What is kept of visitors, and hourly totals."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, FLAG, UTC_TIME, UUID16

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEPT = ("country", "visitor", "visitor_before", "network")
FIGURES = (
    "persons",
    "repeats",
    "floods",
    "unconfirmed",
    "crawlers",
    "previews",
    "prefetches",
    "embedded",
    "heads",
)


def upgrade() -> None:
    for name in KEPT:
        op.add_column("click", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "click_total",
        sa.Column("link_id", UUID16, nullable=False),
        sa.Column("hour", UTC_TIME, nullable=False),
        *(sa.Column(name, BIG_INT, nullable=False) for name in FIGURES),
        sa.PrimaryKeyConstraint("link_id", "hour", name=op.f("pk_click_total")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "click_hour",
        sa.Column("hour", UTC_TIME, nullable=False),
        sa.Column("counted", BIG_INT, nullable=False),
        sa.Column("closed", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_click_hour")),
        sqlite_strict=True,
    )
    op.create_table(
        "click_doubt",
        sa.Column("click_id", UUID16, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('repeat', 'flood')", name="click_doubt_known"),
        sa.PrimaryKeyConstraint("click_id", name=op.f("pk_click_doubt")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "click_visitor",
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("first_id", UUID16, nullable=False),
        sa.Column("last_id", UUID16, nullable=False),
        sa.PrimaryKeyConstraint("visitor", name=op.f("pk_click_visitor")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_click_visitor_day", "click_visitor", ["day"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_click_visitor_day", table_name="click_visitor")
    for name in ("click_visitor", "click_doubt", "click_hour", "click_total"):
        op.drop_table(name)
    for name in reversed(KEPT):
        op.drop_column("click", name)
