"""The look of a brand: colour, logo, contact address."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand_look",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.Text(), nullable=True),
        sa.Column("logo_hash", sa.Text(), nullable=True),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("colour is null or length(colour) = 7", name="look_colour_has_six_digits"),
        sa.CheckConstraint(
            "logo_type is null or logo_type in ('image/png', 'image/jpeg')", name="look_logo_type_known"
        ),
        sa.CheckConstraint(
            "(logo is null) = (logo_type is null) and (logo is null) = (logo_hash is null)",
            name="look_logo_is_whole",
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_brand_look_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_brand_look")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("brand_look")
