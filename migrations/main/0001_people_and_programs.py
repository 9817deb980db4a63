"""People, programs, and the links that belong to them."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("minimum_minor", BIG_INT, nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("review_days", BIG_INT, nullable=False),
        sa.Column("attribution_model", sa.Text(), nullable=False),
        sa.Column("coupon_policy", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("attribution_model in ('last', 'first')", name="brand_model_known"),
        sa.CheckConstraint("cadence in ('month', 'half_month', 'week')", name="brand_cadence_known"),
        sa.CheckConstraint("coupon_policy in ('always', 'if_involved', 'never')", name="brand_policy_known"),
        sa.CheckConstraint("minimum_minor >= 0", name="brand_minimum_not_negative"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        sqlite_strict=True,
    )
    op.create_table(
        "creator",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creator")),
        sa.UniqueConstraint("email", name="one_creator_per_email"),
        sqlite_strict=True,
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name="one_user_per_email"),
        sqlite_strict=True,
    )
    op.create_table(
        "brand_host",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_brand_host_brand_id")),
        sa.PrimaryKeyConstraint("brand_id", "host", name=op.f("pk_brand_host")),
        sqlite_strict=True,
    )
    op.create_table(
        "membership",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("role in ('owner', 'finance', 'member')", name="membership_role_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_membership_brand_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("brand_id", "user_id", name=op.f("pk_membership")),
        sqlite_strict=True,
    )
    op.create_table(
        "program",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token_parameter", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'ended')", name="program_state_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_program_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_program_brand_id"), "program", ["brand_id"], unique=False)
    op.create_table(
        "enrollment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'ended')", name="enrollment_state_known"),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_enrollment_creator_id")),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_enrollment_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("program_id", "creator_id", name="one_enrollment_per_program_and_creator"),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_enrollment_creator_id"), "enrollment", ["creator_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("rate_bp", BIG_INT, nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("window_days", BIG_INT, nullable=False),
        sa.Column("hold_days", BIG_INT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("base in ('net', 'gross', 'profit')", name="terms_base_known"),
        sa.CheckConstraint("hold_days between 0 and 365", name="terms_hold_in_range"),
        sa.CheckConstraint("rate_bp between 0 and 10000", name="terms_rate_at_most_the_whole"),
        sa.CheckConstraint("window_days between 1 and 90", name="terms_window_in_range"),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_terms_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("program_id", "version", name="terms_versions_are_numbered"),
        sqlite_strict=True,
    )
    op.create_table(
        "coupon",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_key", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME, nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_coupon_brand_id")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollment.id"], name=op.f("fk_coupon_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("brand_id", "code_key", name="one_owner_per_coupon_code"),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_coupon_enrollment_id"), "coupon", ["enrollment_id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_key", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("sub_ids", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'ended')", name="link_state_known"),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollment.id"], name=op.f("fk_link_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("code_key", name="one_link_per_code"),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_link_enrollment_id"), "link", ["enrollment_id"], unique=False)
    op.create_table(
        "rate_override",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=True),
        sa.Column("link_id", sa.Text(), nullable=True),
        sa.Column("effective_at", UTC_TIME, nullable=False),
        sa.Column("rate_bp", BIG_INT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("(enrollment_id is null) <> (link_id is null)", name="override_has_one_subject"),
        sa.CheckConstraint("rate_bp between 0 and 10000", name="override_rate_at_most_the_whole"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_rate_override_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_rate_override_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_override")),
        sa.UniqueConstraint("enrollment_id", "effective_at", name="one_enrollment_rate_at_a_time"),
        sa.UniqueConstraint("link_id", "effective_at", name="one_link_rate_at_a_time"),
        sqlite_strict=True,
    )
    protect("terms")
    protect("rate_override")


def downgrade() -> None:
    op.drop_table("rate_override")
    op.drop_index(op.f("ix_link_enrollment_id"), table_name="link")
    op.drop_table("link")
    op.drop_index(op.f("ix_coupon_enrollment_id"), table_name="coupon")
    op.drop_table("coupon")
    op.drop_table("terms")
    op.drop_index(op.f("ix_enrollment_creator_id"), table_name="enrollment")
    op.drop_table("enrollment")
    op.drop_index(op.f("ix_program_brand_id"), table_name="program")
    op.drop_table("program")
    op.drop_table("membership")
    op.drop_table("brand_host")
    op.drop_table("user_account")
    op.drop_table("creator")
    op.drop_table("brand")
