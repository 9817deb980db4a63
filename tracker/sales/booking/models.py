"""The table of refund claims, which supporting sources report."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class RefundClaim(Base):
    """A refund of a sale, as a supporting source reports it. It is stored and never counted.

    `claim_id` is the id of the refund, or of the payment for a cumulative refund (kind `level`). A failure
    and a cancellation have the amount 0.
    """

    __tablename__ = "refund_claim"
    __table_args__ = (
        UniqueConstraint("sale_id", "source_id", "kind", "claim_id", "amount", name="one_claim_per_refund"),
        CheckConstraint(
            "kind in ('refund', 'failure', 'level', 'cancellation', "
            "'refund_waived', 'level_waived', 'cancellation_waived')",
            name="refund_claim_kind_known",
        ),
        CheckConstraint(
            "(kind in ('refund', 'level', 'refund_waived', 'level_waived')) = (amount > 0) and amount >= 0",
            name="refund_claim_amount_by_kind",
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"))
    kind: Mapped[str]
    claim_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column("amount")
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]
