"""Tables of e-mail: messages, what waits to be composed, and what people have chosen."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Fate(StrEnum):
    """What became of a message. A bounce that comes later, as a message of its own, is not seen.

    `sent`: the mail server accepted it. `deferred`: it is tried again. `refused`: the server said no.
    `expired`: no server accepted it in time.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    EXPIRED = "expired"


class MailMessage(Base):
    """One message to one recipient, composed in the transaction of its cause (the outbox).

    `due_at` is the time of the next attempt, and while it is being sent the end of the lease; it is null when
    the fate is final. A secret message has `sealed` (encrypted JSON) in place of subject and bodies, which is
    erased once the message is accepted or expired. `problem`, `server_code`, `enhanced_code` and
    `server_reply` are of the last attempt.
    """

    __tablename__ = "mail_message"
    __table_args__ = (
        UniqueConstraint("key", name="one_message_per_key"),
        CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'deferred', 'refused', 'expired')",
            name="mail_state_known",
        ),
        CheckConstraint(
            "(state in ('sent', 'refused', 'expired')) = (ended_at is not null)",
            name="an_ended_message_says_when",
        ),
        CheckConstraint("(ended_at is null) = (due_at is not null)", name="a_waiting_message_is_due"),
        CheckConstraint(
            "sealed is null or (subject is null and body_text is null and body_html is null)",
            name="a_secret_message_is_encrypted",
        ),
        Index(
            "ix_mail_message_due",
            "due_at",
            sqlite_where=text("due_at is not null"),
            postgresql_where=text("due_at is not null"),
        ),
        Index("ix_mail_message_brand", "brand_id", "id"),
        Index("ix_mail_message_about", "subject_id", "kind"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brand.id"))
    subject_id: Mapped[str | None]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    to_address: Mapped[str]
    to_name: Mapped[str]
    language: Mapped[str]
    from_name: Mapped[str]
    reply_to: Mapped[str | None]
    subject: Mapped[str | None]
    body_text: Mapped[str | None]
    body_html: Mapped[str | None]
    sealed: Mapped[str | None]
    state: Mapped[str]
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    attempts: Mapped[int]
    fence: Mapped[int]
    problem: Mapped[str | None]
    server_code: Mapped[int | None]
    enhanced_code: Mapped[str | None]
    server_reply: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


_WAITS_FOR_DIGEST = text("message_id is null")


class MailHeld(Base):
    """A message that its reader wants once a day: it waits for the next digest, which `message_id` is then.

    `person_id` is the id of the user, else of the creator. `body_text` is its plain form without signature.
    """

    __tablename__ = "mail_held"
    __table_args__ = (
        UniqueConstraint("key", name="one_held_message_per_key"),
        Index(
            "ix_mail_held_due",
            "due_at",
            sqlite_where=_WAITS_FOR_DIGEST,
            postgresql_where=_WAITS_FOR_DIGEST,
        ),
        Index(
            "ix_mail_held_person",
            "person_id",
            sqlite_where=_WAITS_FOR_DIGEST,
            postgresql_where=_WAITS_FOR_DIGEST,
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brand.id"))
    subject_id: Mapped[str | None]
    person_id: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    to_address: Mapped[str]
    to_name: Mapped[str]
    language: Mapped[str]
    from_name: Mapped[str]
    subject: Mapped[str]
    body_text: Mapped[str]
    held_at: Mapped[datetime]
    due_at: Mapped[datetime]
    message_id: Mapped[str | None] = mapped_column(ForeignKey("mail_message.id"))


class MailCause(Base):
    """Something happened about which a message has to be composed, not before `not_before`.

    It holds ids only: the message is composed from the rows of that time. `subject_id` is the row that the
    message is about.
    """

    __tablename__ = "mail_cause"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", name="one_cause_per_kind_and_subject"),
        Index(
            "ix_mail_cause_due",
            "not_before",
            sqlite_where=text("composed_at is null"),
            postgresql_where=text("composed_at is null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[str]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brand.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    not_before: Mapped[datetime]
    noted_at: Mapped[datetime]
    composed_at: Mapped[datetime | None]


class MailPreference(Base):
    """What a person has chosen for one kind of message. A creator without a user has preferences, too."""

    __tablename__ = "mail_preference"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", name="one_mail_preference_per_user_and_kind"),
        UniqueConstraint("creator_id", "kind", name="one_mail_preference_per_creator_and_kind"),
        CheckConstraint("choice in ('each', 'daily', 'off')", name="mail_choice_known"),
        CheckConstraint(
            "(user_id is null) <> (creator_id is null)", name="a_mail_preference_is_of_one_person"
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    kind: Mapped[str]
    choice: Mapped[str]
    changed_at: Mapped[datetime]
