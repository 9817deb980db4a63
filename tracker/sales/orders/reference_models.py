"""The table of other names of orders."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class OrderReference(Base):
    """Another name of an order: its payment, its charge, the number that people know it by.

    It may be known before the order is. One payment may be said to belong to two orders, of which only one
    is ever sold (an invoice that a checkout makes for its own payment); the sale decides.
    """

    __tablename__ = "order_reference"
    __table_args__ = (
        UniqueConstraint(
            "brand_id", "namespace", "reference", "order_id", name="one_reference_per_name_and_order"
        ),
        # With the name, or SQLite goes through all names of the namespace in the unique key's index.
        Index("ix_order_reference_order", "brand_id", "namespace", "order_id", "reference"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    namespace: Mapped[str]
    reference: Mapped[str]
    order_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    created_at: Mapped[datetime]
