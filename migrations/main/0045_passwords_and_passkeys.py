"""Passwords and passkeys, which are optional ways to sign in."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_password",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("set_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("substr(password_hash, 1, 10) = '$argon2id$'", name="password_is_hashed"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_user_password_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_password")),
        sqlite_strict=True,
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", BIG_INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("last_used_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("sign_count >= 0", name="sign_count_not_negative"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_passkey_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"], unique=False)
    op.create_table(
        "passkey_challenge",
        sa.Column("challenge_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("length(challenge_hash) = 64", name="challenge_is_hashed"),
        sa.CheckConstraint("purpose in ('register', 'sign_in', 'step_up')", name="passkey_purpose_known"),
        sa.CheckConstraint("(purpose = 'sign_in') = (user_id is null)", name="only_a_sign_in_knows_no_user"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_passkey_challenge_user_id")),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_passkey_challenge")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_passkey_challenge_expires_at"), "passkey_challenge", ["expires_at"], unique=False
    )


def downgrade() -> None:
    for table in ("passkey_challenge", "passkey", "user_password"):
        op.drop_table(table)
