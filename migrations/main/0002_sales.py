"""Sources, their inbox, and what sales are made of."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("secret_box", sa.Text(), nullable=False),
        sa.Column("former_secret_box", sa.Text(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("deleted_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "kind in ('standard', 'stripe', 'shopify', 'woocommerce')", name="source_kind_known"
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_source_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_source_brand_id"), "source", ["brand_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.Column("applied_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "state in ('received', 'applied', 'parked', 'conflict', 'dismissed')", name="event_state_known"
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_event_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("source_id", "external_id", name="one_event_per_source_and_key"),
        sqlite_strict=True,
    )
    op.create_index("ix_event_order", "event", ["source_id", "order_id"], unique=False)
    op.create_index("ix_event_waiting", "event", ["state", "received_at"], unique=False)
    op.create_table(
        "sale",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", BIG_INT, nullable=False),
        sa.Column("tax", BIG_INT, nullable=False),
        sa.Column("shipping", BIG_INT, nullable=False),
        sa.Column("discount", BIG_INT, nullable=False),
        sa.Column("cost", BIG_INT, nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("customer_email_hash", sa.Text(), nullable=True),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("test", FLAG, nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("cost is null or cost >= 0", name="sale_cost_not_negative"),
        sa.CheckConstraint("tax + shipping <= total", name="sale_tax_and_shipping_within_total"),
        sa.CheckConstraint("total >= 0 and tax >= 0 and shipping >= 0", name="sale_amounts_not_negative"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_sale_brand_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_sale_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale")),
        sa.UniqueConstraint("brand_id", "namespace", "order_id", name="one_sale_per_order"),
        sqlite_strict=True,
    )
    op.create_table(
        "attribution",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("revision", BIG_INT, nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=True),
        sa.Column("terms_id", sa.Text(), nullable=True),
        sa.Column("link_id", sa.Text(), nullable=True),
        sa.Column("coupon_id", sa.Text(), nullable=True),
        sa.Column("click_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("(enrollment_id is null) = (terms_id is null)", name="credit_names_its_terms"),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_attribution_coupon_id")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_attribution_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_attribution_link_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_attribution_sale_id")),
        sa.ForeignKeyConstraint(["terms_id"], ["terms.id"], name=op.f("fk_attribution_terms_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribution")),
        sa.UniqueConstraint("sale_id", "revision", name="attribution_revisions_are_numbered"),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_attribution_enrollment_id"), "attribution", ["enrollment_id"], unique=False)
    op.create_table(
        "cancellation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_cancellation_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_cancellation_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation")),
        sa.UniqueConstraint("sale_id", name="one_cancellation_per_sale"),
        sqlite_strict=True,
    )
    op.create_table(
        "dispute_status",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("dispute_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("status in ('opened', 'won', 'lost')", name="dispute_status_known"),
        sa.CheckConstraint("amount > 0", name="dispute_amount_positive"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_dispute_status_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_dispute_status_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_status")),
        sa.UniqueConstraint("sale_id", "dispute_id", "status", name="one_step_per_dispute_and_status"),
        sqlite_strict=True,
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("tax", BIG_INT, nullable=True),
        sa.Column("shipping", BIG_INT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_amount_positive"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_refund_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_refund_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("sale_id", "refund_id", name="one_refund_per_sale_and_key"),
        sqlite_strict=True,
    )
    protect("attribution")


def downgrade() -> None:
    op.drop_table("refund")
    op.drop_table("dispute_status")
    op.drop_table("cancellation")
    op.drop_index(op.f("ix_attribution_enrollment_id"), table_name="attribution")
    op.drop_table("attribution")
    op.drop_table("sale")
    op.drop_index("ix_event_waiting", table_name="event")
    op.drop_index("ix_event_order", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_source_brand_id"), table_name="source")
    op.drop_table("source")
