"""Changes of e-mail addresses, which both addresses confirm."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

OPEN = sa.text("applied_at is null and cancelled_at is null")


def upgrade() -> None:
    op.create_table(
        "email_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("former_email", sa.Text(), nullable=False),
        sa.Column("new_email", sa.Text(), nullable=False),
        sa.Column("former_token_hash", sa.Text(), nullable=False),
        sa.Column("new_token_hash", sa.Text(), nullable=False),
        sa.Column("requested_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("former_confirmed_at", UTC_TIME, nullable=True),
        sa.Column("new_confirmed_at", UTC_TIME, nullable=True),
        sa.Column("effective_at", UTC_TIME, nullable=True),
        sa.Column("applied_at", UTC_TIME, nullable=True),
        sa.Column("cancelled_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("former_email <> new_email", name="email_changes_to_another"),
        sa.CheckConstraint(
            "applied_at is null or (former_confirmed_at is not null and new_confirmed_at is not null)",
            name="both_addresses_confirm_a_change",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_email_change_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_change")),
        sa.UniqueConstraint("former_token_hash", name=op.f("uq_email_change_former_token_hash")),
        sa.UniqueConstraint("new_token_hash", name=op.f("uq_email_change_new_token_hash")),
        sqlite_strict=True,
    )
    op.create_index(
        "one_open_email_change",
        "email_change",
        ["user_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("email_change")
