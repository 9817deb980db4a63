"""The table of changes of e-mail addresses."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base

_OPEN = text("applied_at is null and cancelled_at is null")


class EmailChange(Base):
    """A change of an e-mail address, which both addresses confirm. The tokens are stored as hashes."""

    __tablename__ = "email_change"
    __table_args__ = (
        CheckConstraint("former_email <> new_email", name="email_changes_to_another"),
        CheckConstraint(
            "applied_at is null or (former_confirmed_at is not null and new_confirmed_at is not null)",
            name="both_addresses_confirm_a_change",
        ),
        Index("one_open_email_change", "user_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    former_email: Mapped[str]
    new_email: Mapped[str]
    former_token_hash: Mapped[str] = mapped_column(unique=True)
    new_token_hash: Mapped[str] = mapped_column(unique=True)
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Until then both addresses have to confirm."""
    former_confirmed_at: Mapped[datetime | None]
    new_confirmed_at: Mapped[datetime | None]
    effective_at: Mapped[datetime | None]
    """When the change is made, known once both have confirmed: later where the person has a payee."""
    applied_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
