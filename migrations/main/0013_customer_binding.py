"""Policies of credit and since when they hold, how creators left, and customers by their marks."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CUSTOMER = sa.text("customer is not null")
EMAIL = sa.text("customer_email_hash is not null")


def upgrade() -> None:
    _begin_policies()
    _let_creators_go()
    op.create_index(
        "ix_sale_customer",
        "sale",
        ["brand_id", "namespace", "customer", "occurred_at"],
        sqlite_where=CUSTOMER,
        postgresql_where=CUSTOMER,
    )
    op.create_index(
        "ix_sale_customer_email",
        "sale",
        ["brand_id", "customer_email_hash", "occurred_at"],
        sqlite_where=EMAIL,
        postgresql_where=EMAIL,
    )


def _begin_policies() -> None:
    known = sa.CheckConstraint(
        "customer_policy in ('first_sale', 'months', 'lifetime')", name="brand_customer_policy_known"
    )
    together = sa.CheckConstraint(
        "(customer_policy = 'months') = (customer_months is not null) "
        "and (customer_months is null or customer_months between 1 and 120)",
        name="brand_months_go_with_their_policy",
    )
    column = sa.Column(
        "customer_policy", sa.Text(), known, server_default=sa.text("'first_sale'"), nullable=False
    )
    op.add_column("brand", column)
    op.add_column("brand", sa.Column("customer_months", BIG_INT, together, nullable=True))
    op.create_table(
        "policy_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("attribution_model", sa.Text(), nullable=False),
        sa.Column("coupon_policy", sa.Text(), nullable=False),
        sa.Column("customer_policy", sa.Text(), nullable=False),
        sa.Column("customer_months", BIG_INT, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("version > 1", name="first_policy_stands_with_the_brand"),
        sa.CheckConstraint("attribution_model in ('last', 'first')", name="policy_model_known"),
        sa.CheckConstraint(
            "coupon_policy in ('always', 'if_involved', 'never')", name="policy_coupons_known"
        ),
        sa.CheckConstraint(
            "customer_policy in ('first_sale', 'months', 'lifetime')", name="policy_customers_known"
        ),
        sa.CheckConstraint(
            "(customer_policy = 'months') = (customer_months is not null) "
            "and (customer_months is null or customer_months between 1 and 120)",
            name="policy_months_go_with_their_policy",
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_policy_change_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_change")),
        sa.UniqueConstraint("brand_id", "version", name="policy_changes_are_numbered"),
        sqlite_strict=True,
    )
    protect("policy_change")


def _let_creators_go() -> None:
    why = sa.CheckConstraint("(removed_at is null) = (removal_reason is null)", name="removal_says_why")
    op.add_column("enrollment", sa.Column("ended_at", UTC_TIME, nullable=True))
    op.add_column("enrollment", sa.Column("removed_at", UTC_TIME, nullable=True))
    op.add_column("enrollment", sa.Column("removal_reason", sa.Text(), why, nullable=True))


def downgrade() -> None:
    op.drop_index("ix_sale_customer_email", table_name="sale")
    op.drop_index("ix_sale_customer", table_name="sale")
    op.drop_column("enrollment", "removal_reason")
    op.drop_column("enrollment", "removed_at")
    op.drop_column("enrollment", "ended_at")
    op.drop_table("policy_change")
    op.drop_column("brand", "customer_months")
    op.drop_column("brand", "customer_policy")
