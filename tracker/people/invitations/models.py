"""The table of invitations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base

_OPEN = text("accepted_at is null and revoked_at is null")


class Invitation(Base):
    """Somebody is invited by mail or by a link. The link's token is stored as a hash."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("kind in ('member', 'creator', 'operator')", name="invitation_kind_known"),
        CheckConstraint("length(token_hash) = 64", name="invitation_token_is_hashed"),
        CheckConstraint(
            "(kind = 'member') = (role is not null) "
            "and (kind = 'creator') = (creator_id is not null) "
            "and (kind <> 'member' or brand_id is not null) "
            "and (kind <> 'operator' or brand_id is null)",
            name="invitation_fits_its_kind",
        ),
        CheckConstraint(
            "role is null or role in ('owner', 'finance', 'manager', 'viewer')", name="invitation_role_known"
        ),
        CheckConstraint("(accepted_at is null) = (accepted_by is null)", name="who_accepted_is_known"),
        # One open invitation of each kind for an address; `subject_id` is the brand, the creator or "".
        Index(
            "one_open_invitation",
            "kind",
            "subject_id",
            "email",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[str]
    email: Mapped[str]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brand.id"), index=True)
    role: Mapped[str | None]
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    program_id: Mapped[str | None] = mapped_column(ForeignKey("program.id"))
    """The program in which a creator takes part after the acceptance."""
    token_hash: Mapped[str] = mapped_column(unique=True)
    """Replaced when the invitation is sent again: only the newest link works."""
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    entry_point: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    revoked_at: Mapped[datetime | None]
