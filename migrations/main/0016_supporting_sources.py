"""Sources that support another: the names that their messages wait by, and the refunds that they claim."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


OF_ORDER = ("brand_id", "namespace", "order_id")


def upgrade() -> None:
    op.drop_index("ix_order_reference_order", table_name="order_reference")
    op.create_index("ix_order_reference_order", "order_reference", [*OF_ORDER, "reference"])
    # In words, because Alembic gives a key that comes with its column no name, and SQLite takes no other.
    supports = "supports_id TEXT CONSTRAINT fk_source_supports_id REFERENCES source (id)"
    op.execute(f"ALTER TABLE source ADD COLUMN {supports}")
    op.create_table(
        "event_name",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("is_payment", FLAG, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_name_event_id")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_event_name_brand_id")),
        sa.PrimaryKeyConstraint("event_id", "name", name=op.f("pk_event_name")),
        sqlite_strict=True,
    )
    op.create_index("ix_event_name_name", "event_name", ["name", "brand_id", "namespace"])
    op.create_table(
        "refund_claim",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "kind in ('refund', 'failure', 'level', 'cancellation', "
            "'refund_waived', 'level_waived', 'cancellation_waived')",
            name=op.f("refund_claim_kind_known"),
        ),
        sa.CheckConstraint(
            "(kind in ('refund', 'level', 'refund_waived', 'level_waived')) = (amount > 0) and amount >= 0",
            name=op.f("refund_claim_amount_by_kind"),
        ),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_refund_claim_sale_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_refund_claim_source_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_refund_claim_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_claim")),
        sa.UniqueConstraint(
            "sale_id", "source_id", "kind", "claim_id", "amount", name=op.f("one_claim_per_refund")
        ),
        sqlite_strict=True,
    )


def downgrade() -> None:
    # The schema before this knows no support: what such a source told would count beside the other's reports.
    op.execute(
        "UPDATE source SET deleted_at = created_at WHERE supports_id IS NOT NULL AND deleted_at IS NULL"
    )
    op.drop_table("refund_claim")
    op.drop_index("ix_event_name_name", table_name="event_name")
    op.drop_table("event_name")
    op.drop_column("source", "supports_id")
    op.drop_index("ix_order_reference_order", table_name="order_reference")
    op.create_index("ix_order_reference_order", "order_reference", [*OF_ORDER])
