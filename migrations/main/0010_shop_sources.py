"""What messages of Stripe, Shopify and WooCommerce need: topics, other names of orders, ways of refunds."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("topic", sa.Text(), nullable=True))
    op.create_table(
        "order_reference",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_order_reference_brand_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_order_reference_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_reference")),
        sa.UniqueConstraint(
            "brand_id", "namespace", "reference", "order_id", name="one_reference_per_name_and_order"
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_order_reference_order", "order_reference", ["brand_id", "namespace", "order_id"], unique=False
    )
    op.create_table(
        "refund_failure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_refund_failure_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_refund_failure_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_failure")),
        sa.UniqueConstraint("sale_id", "refund_id", name="one_failure_per_refund"),
        sqlite_strict=True,
    )
    op.create_table(
        "refund_level",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_level_positive"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_refund_level_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_refund_level_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_level")),
        sa.UniqueConstraint("sale_id", "payment_id", "amount", "occurred_at", name="one_level_per_time"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("refund_level")
    op.drop_table("refund_failure")
    op.drop_index("ix_order_reference_order", table_name="order_reference")
    op.drop_table("order_reference")
    op.drop_column("event", "topic")
