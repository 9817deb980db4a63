"""E-mail: messages, what waits to be composed, and what people have chosen."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at is not null")
_NOT_COMPOSED = sa.text("composed_at is null")


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _create_messages()
    _create_causes()
    _create_preferences()


def _create_messages() -> None:
    op.create_table(
        "mail_message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body_text", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=True),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("attempts", BIG_INT, nullable=False),
        sa.Column("fence", BIG_INT, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("server_code", BIG_INT, nullable=True),
        sa.Column("enhanced_code", sa.Text(), nullable=True),
        sa.Column("server_reply", sa.Text(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME, nullable=True),
        *_checks_of_messages(),
        *(_reference("mail_message", f"{each}_id", each) for each in ("brand", "creator")),
        _reference("mail_message", "user_id", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_message")),
        sa.UniqueConstraint("key", name="one_message_per_key"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_mail_message_due", "mail_message", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE
    )
    op.create_index("ix_mail_message_brand", "mail_message", ["brand_id", "id"])
    op.create_index("ix_mail_message_about", "mail_message", ["subject_id", "kind"])


def _checks_of_messages() -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'deferred', 'refused', 'expired')",
            name="mail_state_known",
        ),
        sa.CheckConstraint(
            "(state in ('sent', 'refused', 'expired')) = (ended_at is not null)",
            name="an_ended_message_says_when",
        ),
        sa.CheckConstraint("(ended_at is null) = (due_at is not null)", name="a_waiting_message_is_due"),
        sa.CheckConstraint(
            "sealed is null or (subject is null and body_text is null and body_html is null)",
            name="a_secret_message_is_encrypted",
        ),
    ]


def _create_causes() -> None:
    op.create_table(
        "mail_cause",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("not_before", UTC_TIME, nullable=False),
        sa.Column("noted_at", UTC_TIME, nullable=False),
        sa.Column("composed_at", UTC_TIME, nullable=True),
        *(_reference("mail_cause", f"{each}_id", each) for each in ("brand", "creator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_cause")),
        sa.UniqueConstraint("kind", "subject_id", name="one_cause_per_kind_and_subject"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_mail_cause_due",
        "mail_cause",
        ["not_before"],
        sqlite_where=_NOT_COMPOSED,
        postgresql_where=_NOT_COMPOSED,
    )


def _create_preferences() -> None:
    op.create_table(
        "mail_preference",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("choice in ('each', 'daily', 'off')", name="mail_choice_known"),
        sa.CheckConstraint(
            "(user_id is null) <> (creator_id is null)", name="a_mail_preference_is_of_one_person"
        ),
        _reference("mail_preference", "user_id", "user_account"),
        _reference("mail_preference", "creator_id", "creator"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_preference")),
        sa.UniqueConstraint("user_id", "kind", name="one_mail_preference_per_user_and_kind"),
        sa.UniqueConstraint("creator_id", "kind", name="one_mail_preference_per_creator_and_kind"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("mail_preference")
    op.drop_table("mail_cause")
    op.drop_table("mail_message")
