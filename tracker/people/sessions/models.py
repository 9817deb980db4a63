"""The table of sessions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class UserSession(Base):
    """A browser in which a person is signed in. The token itself is not stored, only its hash."""

    __tablename__ = "user_session"
    __table_args__ = (
        CheckConstraint("length(token_hash) = 64", name="session_token_is_hashed"),
        CheckConstraint(
            "method in ('link', 'code', 'password', 'passkey', 'invitation', 'setup', 'demo')",
            name="session_method_known",
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    """Replaced at step-up, so that a token from before it is worth nothing."""
    method: Mapped[str]
    """How the person signed in."""
    browser: Mapped[str | None]
    """The family of the browser, such as "Firefox"; no version, no address."""
    country: Mapped[str | None]
    signed_in_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    """Updated at most once in five minutes."""
    stepped_up_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
