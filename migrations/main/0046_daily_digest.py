"""Messages that wait for the daily one of their reader."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

WAITING = sa.text("message_id is null")


def _reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_mail_held_{column}"))


def upgrade() -> None:
    op.create_table(
        "mail_held",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("held_at", UTC_TIME, nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        _reference("brand_id", "brand"),
        _reference("user_id", "user_account"),
        _reference("creator_id", "creator"),
        _reference("message_id", "mail_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_held")),
        sa.UniqueConstraint("key", name="one_held_message_per_key"),
        sqlite_strict=True,
    )
    for name, column in (("ix_mail_held_due", "due_at"), ("ix_mail_held_person", "person_id")):
        op.create_index(name, "mail_held", [column], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_table("mail_held")
