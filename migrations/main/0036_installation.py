"""What an installation was set up for, and the links to its set-up in the browser."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("number", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("number = 1", name="one_installation"),
        sa.CheckConstraint("mode in ('practice', 'real')", name="installation_mode_known"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_installation")),
        sqlite_strict=True,
    )
    protect("installation")
    op.create_table(
        "setup_link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("cookie_hash", sa.Text(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("opened_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "(cookie_hash is null) = (opened_at is null)", name="opened_setup_link_has_cookie"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_link")),
        sa.UniqueConstraint("token_hash", name="one_setup_link_per_token"),
        sa.UniqueConstraint("cookie_hash", name="one_setup_link_per_cookie"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("setup_link")
    op.drop_table("installation")
