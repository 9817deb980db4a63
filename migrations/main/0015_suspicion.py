"""What suspicion of a sale is judged by, how brands want it treated, and the evidence of a hold."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RECOGNISED = sa.text("shopper is not null")
CLICKED = sa.text("click_id is not null")


def upgrade() -> None:
    op.add_column("sale", sa.Column("shopper", sa.Text(), nullable=True))
    op.add_column("sale", sa.Column("checkout_started_at", UTC_TIME, nullable=True))
    op.execute("UPDATE sale SET shopper = coalesce(lower(customer_email_hash), customer)")
    op.create_index(
        "ix_sale_shopper",
        "sale",
        ["brand_id", "shopper", "occurred_at"],
        sqlite_where=RECOGNISED,
        postgresql_where=RECOGNISED,
    )
    op.create_index(
        "ix_attribution_click", "attribution", ["click_id"], sqlite_where=CLICKED, postgresql_where=CLICKED
    )
    op.create_table(
        "suspicion_setting",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_suspicion_setting_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", "signal", name=op.f("pk_suspicion_setting")),
        sqlite_strict=True,
    )
    for name in ("signal", "evidence", "lift_note"):
        op.add_column("commission_hold", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("lift_note", "evidence", "signal"):
        op.drop_column("commission_hold", name)
    op.drop_table("suspicion_setting")
    op.drop_index("ix_attribution_click", table_name="attribution")
    op.drop_index("ix_sale_shopper", table_name="sale")
    op.drop_column("sale", "checkout_started_at")
    op.drop_column("sale", "shopper")
