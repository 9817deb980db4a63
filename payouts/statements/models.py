"""Tables of statements."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Statement(Base):
    """What a brand owes its creators at the end of a period, and why, in one currency."""

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("brand_id", "currency", "period_id", name="one_statement_per_period_and_currency"),
        CheckConstraint("state in ('draft', 'sealed')", name="statement_state_known"),
        CheckConstraint("(state = 'sealed') = (sealed_at is not null)", name="a_sealed_statement_says_when"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    period_id: Mapped[str] = mapped_column(ForeignKey("period.id"))
    currency: Mapped[str]
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    review_ends_at: Mapped[datetime]
    pay_from: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]


class SealedDocument(Base):
    """A statement as it was approved: canonical JSON and its SHA-256. The database refuses changes."""

    __tablename__ = "sealed_document"
    __table_args__ = (STRICT,)

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    body: Mapped[str]
    sha256: Mapped[str]
    previous_sha256: Mapped[str | None]
