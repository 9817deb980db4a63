"""Sign-in: sessions, requests, counted attempts; the roles manager and viewer; users of creators."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

ROLES = "role in ('owner', 'finance', 'manager', 'viewer', 'member')"
"""With `member`, which a process of the former version may still write; it is read as manager."""


def upgrade() -> None:
    _widen_roles()
    op.execute("UPDATE membership SET role = 'manager' WHERE role = 'member'")
    op.create_index("ix_membership_user_id", "membership", ["user_id"], unique=False)
    op.add_column("user_account", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("user_account", sa.Column("timezone", sa.Text(), nullable=True))
    op.add_column("user_account", sa.Column("is_operator", FLAG, server_default=sa.false(), nullable=False))
    # In words, because Alembic gives a key that comes with its column no name, and SQLite takes no other.
    key = "user_id TEXT CONSTRAINT fk_creator_user_id REFERENCES user_account (id)"
    op.execute(f"ALTER TABLE creator ADD COLUMN {key}")
    op.create_index("one_creator_per_user", "creator", ["user_id"], unique=True)
    _create_sessions()
    _create_requests()


def downgrade() -> None:
    """The rule for roles stays as wide as it is: rows with the new roles stay; nothing read them before."""
    for table in ("attempt_count", "sign_in_request", "user_session"):
        op.drop_table(table)
    op.drop_index("one_creator_per_user", table_name="creator")
    op.drop_column("creator", "user_id")
    for column in ("is_operator", "timezone", "language"):
        op.drop_column("user_account", column)
    op.drop_index("ix_membership_user_id", table_name="membership")


def _widen_roles() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("membership_role_known", "membership", type_="check")
        op.create_check_constraint("membership_role_known", "membership", ROLES)
        return
    # SQLite cannot change a rule, so the table is made again. No table names its rows.
    op.execute("create temporary table former_membership as select * from membership")
    op.drop_table("membership")
    op.create_table(
        "membership",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(ROLES, name="membership_role_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_membership_brand_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("brand_id", "user_id", name=op.f("pk_membership")),
        sqlite_strict=True,
    )
    columns = "brand_id, user_id, role, created_at"
    op.execute(f"insert into membership ({columns}) select {columns} from former_membership")
    op.execute("drop table former_membership")


def _create_sessions() -> None:
    op.create_table(
        "user_session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("signed_in_at", UTC_TIME, nullable=False),
        sa.Column("last_seen_at", UTC_TIME, nullable=False),
        sa.Column("stepped_up_until", UTC_TIME, nullable=True),
        sa.Column("ended_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "method in ('link', 'code', 'password', 'passkey', 'invitation', 'setup', 'demo')",
            name="session_method_known",
        ),
        sa.CheckConstraint("length(token_hash) = 64", name="session_token_is_hashed"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "sign_in_request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=True),
        sa.Column("requested_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("tries", BIG_INT, nullable=False),
        sa.Column("used_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("purpose = 'sign_in' or user_id is not null", name="step_up_has_a_user"),
        sa.CheckConstraint("purpose in ('sign_in', 'step_up')", name="sign_in_purpose_known"),
        sa.CheckConstraint("tries between 0 and 5", name="five_tries_per_code"),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_sign_in_request_creator_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_sign_in_request_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_request")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_sign_in_request_link_hash")),
        sqlite_strict=True,
    )
    for column in ("browser_hash", "expires_at"):
        op.create_index(f"ix_sign_in_request_{column}", "sign_in_request", [column], unique=False)
    op.create_table(
        "attempt_count",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_ends_at", UTC_TIME, nullable=False),
        sa.Column("attempts", BIG_INT, nullable=False),
        sa.CheckConstraint("attempts > 0", name="attempts_are_counted_from_one"),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_attempt_count")),
        sqlite_strict=True,
    )
    op.create_index("ix_attempt_count_window_ends_at", "attempt_count", ["window_ends_at"], unique=False)
