"""Tables of the installation: what it was set up for, and the links that lead to its set-up."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Installation(Base):
    """What the installation was set up for: one row, written once, with its first user.

    An installation that is older than this table, or whose users were created with commands, has no row.
    """

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("number = 1", name="one_installation"),
        CheckConstraint("mode in ('practice', 'real')", name="installation_mode_known"),
        STRICT,
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mode: Mapped[str]
    decided_at: Mapped[datetime]


class SetupLink(Base):
    """A set-up link: the hash of its token and, once it was opened, of the cookie that replaced it.

    The rows are deleted with the end of the first step, which makes the first user.
    """

    __tablename__ = "setup_link"
    __table_args__ = (
        UniqueConstraint("token_hash", name="one_setup_link_per_token"),
        UniqueConstraint("cookie_hash", name="one_setup_link_per_cookie"),
        CheckConstraint("(cookie_hash is null) = (opened_at is null)", name="opened_setup_link_has_cookie"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str]
    cookie_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
