"""The tables of requests to sign in, and of counted attempts."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class SignInRequest(Base):
    """One mail with a link and a code. A row is also written for an unknown address, to which none is sent.

    Link, code and browser are stored as hashes. Rows are removed a day after they have expired.
    """

    __tablename__ = "sign_in_request"
    __table_args__ = (
        CheckConstraint("tries between 0 and 5", name="five_tries_per_code"),
        CheckConstraint("purpose in ('sign_in', 'step_up')", name="sign_in_purpose_known"),
        CheckConstraint("purpose = 'sign_in' or user_id is not null", name="step_up_has_a_user"),
        Index("ix_sign_in_request_browser_hash", "browser_hash"),
        Index("ix_sign_in_request_expires_at", "expires_at"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    email: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    """A creator with this address who has no user yet. Both None: nobody has this address."""
    browser_hash: Mapped[str]
    """Of the cookie of the browser that asked; only there the link alone is enough."""
    link_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]
    next_path: Mapped[str | None]
    """The page that was asked for, a path of our own."""
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int]
    used_at: Mapped[datetime | None]


class AttemptCount(Base):
    """How often something was tried in a window. `subject` is a keyed hash of an account or an address."""

    __tablename__ = "attempt_count"
    __table_args__ = (
        CheckConstraint("attempts > 0", name="attempts_are_counted_from_one"),
        Index("ix_attempt_count_window_ends_at", "window_ends_at"),
        STRICT,
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    window_ends_at: Mapped[datetime]
    attempts: Mapped[int]
