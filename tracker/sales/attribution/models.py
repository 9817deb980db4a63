"""The table of attributions: who is credited for a sale, revision by revision."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Attribution(Base):
    """Who is credited for a sale and why. New evidence adds a revision; a row is never changed.

    `inputs` is everything that the decision depended on, so that it can be replayed; `candidates` lists the
    clicks, codes and bindings that were considered, each with the reason why it won or lost.
    """

    __tablename__ = "attribution"
    __table_args__ = (
        UniqueConstraint("sale_id", "revision", name="attribution_revisions_are_numbered"),
        CheckConstraint("(enrollment_id is null) = (terms_id is null)", name="credit_names_its_terms"),
        Index(
            "ix_attribution_click",
            "click_id",
            sqlite_where=text("click_id is not null"),
            postgresql_where=text("click_id is not null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    revision: Mapped[int]
    enrollment_id: Mapped[str | None] = mapped_column(ForeignKey("enrollment.id"), index=True)
    terms_id: Mapped[str | None] = mapped_column(ForeignKey("terms.id"))
    link_id: Mapped[str | None] = mapped_column(ForeignKey("link.id"))
    coupon_id: Mapped[str | None] = mapped_column(ForeignKey("coupon.id"))
    click_id: Mapped[str | None]
    reason: Mapped[str]
    reason_code: Mapped[str | None]
    """An AttributionReason; null for rules 1 and 2, whose decisions have only words."""
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    inputs: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    candidates: Mapped[list[Any]] = mapped_column(CanonicalJson)
    decided_at: Mapped[datetime]
