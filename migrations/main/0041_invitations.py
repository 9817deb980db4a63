"""Invitations of members, creators and operators."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

OPEN = sa.text("accepted_at is null and revoked_at is null")


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("program_id", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("entry_point", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("sent_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("accepted_at", UTC_TIME, nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("kind in ('member', 'creator', 'operator')", name="invitation_kind_known"),
        sa.CheckConstraint("length(token_hash) = 64", name="invitation_token_is_hashed"),
        sa.CheckConstraint(
            "(kind = 'member') = (role is not null) "
            "and (kind = 'creator') = (creator_id is not null) "
            "and (kind <> 'member' or brand_id is not null) "
            "and (kind <> 'operator' or brand_id is null)",
            name="invitation_fits_its_kind",
        ),
        sa.CheckConstraint(
            "role is null or role in ('owner', 'finance', 'manager', 'viewer')", name="invitation_role_known"
        ),
        sa.CheckConstraint("(accepted_at is null) = (accepted_by is null)", name="who_accepted_is_known"),
        sa.ForeignKeyConstraint(["accepted_by"], ["user_account.id"], name=op.f("fk_invitation_accepted_by")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_invitation_brand_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_invitation_creator_id")),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_invitation_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_invitation_brand_id"), "invitation", ["brand_id"], unique=False)
    op.create_index(
        "one_open_invitation",
        "invitation",
        ["kind", "subject_id", "email"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("invitation")
