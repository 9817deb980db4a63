"""Versions of a brand's cadence, zone and review, minimums by currency, the take-back term, ways back."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand_rules_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("review_days", BIG_INT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("version > 1", name="first_rules_stand_with_the_brand"),
        sa.CheckConstraint("cadence in ('month', 'half_month', 'week')", name="brand_rules_cadence_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_brand_rules_change_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand_rules_change")),
        sa.UniqueConstraint("brand_id", "version", name="brand_rules_changes_are_numbered"),
        sqlite_strict=True,
    )
    op.create_table(
        "brand_minimum",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("minimum_minor", BIG_INT, nullable=False),
        sa.CheckConstraint("minimum_minor >= 0", name="minimum_of_currency_not_negative"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_brand_minimum_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand_minimum")),
        sa.UniqueConstraint("brand_id", "currency", "version", name="minimums_are_numbered"),
        sqlite_strict=True,
    )
    for table in ("brand_rules_change", "brand_minimum"):
        protect(table)
    op.add_column("period", sa.Column("timezone", sa.Text(), nullable=True))
    op.add_column("period", sa.Column("cadence", sa.Text(), nullable=True))
    op.execute(
        "UPDATE period SET timezone = (SELECT timezone FROM brand WHERE brand.id = period.brand_id), "
        "cadence = (SELECT cadence FROM brand WHERE brand.id = period.brand_id)"
    )
    op.add_column("statement", sa.Column("minimum_minor", BIG_INT, nullable=True))
    op.add_column("statement", sa.Column("review_days", BIG_INT, nullable=True))
    months = sa.CheckConstraint(
        "take_back_months is null or take_back_months between 1 and 120", name="terms_take_back_in_range"
    )
    op.add_column("terms", sa.Column("take_back_months", BIG_INT, months, nullable=True))
    op.add_column("enrollment", sa.Column("readmitted_at", UTC_TIME, nullable=True))


def downgrade() -> None:
    op.drop_column("enrollment", "readmitted_at")
    op.drop_column("terms", "take_back_months")
    for column in ("review_days", "minimum_minor"):
        op.drop_column("statement", column)
    for column in ("cadence", "timezone"):
        op.drop_column("period", column)
    for table in ("brand_minimum", "brand_rules_change"):
        op.drop_table(table)
