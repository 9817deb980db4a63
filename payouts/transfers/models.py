"""The table of payees: creators' accounts at the rail, whether they can receive transfers yet or not."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Payee(Base):
    """A creator's account at the rail, for one brand. `status_reason` has the words of `reason_code`."""

    __tablename__ = "payee"
    __table_args__ = (
        UniqueConstraint("brand_id", "creator_id", name="one_payee_per_brand_and_creator"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"))
    account_ref: Mapped[str]
    ready: Mapped[bool]
    status_reason: Mapped[str | None]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    checked_at: Mapped[datetime]
    created_at: Mapped[datetime]
