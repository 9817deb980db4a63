"""Tables of sales, refunds, disputes and cancellations, and of other names of orders."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Sale(Base):
    """A paid order. Amounts are minor units of `currency`; total is what was paid.

    Rules and documents read the amounts by `amounts_of` (tracker/sales/orders/amounts.py).
    """

    __tablename__ = "sale"
    __table_args__ = (
        UniqueConstraint("brand_id", "namespace", "order_id", name="one_sale_per_order"),
        CheckConstraint("total >= 0 and tax >= 0 and shipping >= 0", name="sale_amounts_not_negative"),
        CheckConstraint("tax + shipping <= total", name="sale_tax_and_shipping_within_total"),
        CheckConstraint("cost is null or cost >= 0", name="sale_cost_not_negative"),
        Index("ix_sale_latest", "brand_id", "occurred_at", "id"),
        Index(
            "ix_sale_customer",
            "brand_id",
            "namespace",
            "customer",
            "occurred_at",
            sqlite_where=text("customer is not null"),
            postgresql_where=text("customer is not null"),
        ),
        Index(
            "ix_sale_customer_email",
            "brand_id",
            "customer_email_hash",
            "occurred_at",
            sqlite_where=text("customer_email_hash is not null"),
            postgresql_where=text("customer_email_hash is not null"),
        ),
        Index(
            "ix_sale_shopper",
            "brand_id",
            "shopper",
            "occurred_at",
            sqlite_where=text("shopper is not null"),
            postgresql_where=text("shopper is not null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    namespace: Mapped[str]
    order_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    currency: Mapped[str]
    total_minor: Mapped[int] = mapped_column("total")
    tax_minor: Mapped[int] = mapped_column("tax")
    shipping_minor: Mapped[int] = mapped_column("shipping")
    discount_minor: Mapped[int] = mapped_column("discount")
    cost_minor: Mapped[int | None] = mapped_column("cost")
    customer: Mapped[str | None]
    customer_email_hash: Mapped[str | None]
    items: Mapped[list[Any]] = mapped_column(CanonicalJson)
    test: Mapped[bool]
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]
    shopper: Mapped[str | None]
    """Identifies the shopper across sources: a hash of the mailbox, or else the shop's id of the customer."""
    checkout_started_at: Mapped[datetime | None]
    ordered_at: Mapped[datetime | None]
    version_at: Mapped[datetime | None]
    excluded: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """Parts of the total that are no price of goods. Like the two times before it, no rule reads it yet."""


class Refund(Base):
    """Money that went back to the shopper. A sale may have any number of refunds."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("sale_id", "refund_id", name="one_refund_per_sale_and_key"),
        CheckConstraint("amount > 0", name="refund_amount_positive"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    refund_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    amount_minor: Mapped[int] = mapped_column("amount")
    tax_minor: Mapped[int | None] = mapped_column("tax")
    shipping_minor: Mapped[int | None] = mapped_column("shipping")
    reason: Mapped[str | None]
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]
    items: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    excluded: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """What the refund says that it is for. No rule reads it yet."""


class RefundFailure(Base):
    """A refund did not reach the shopper: the shop has the money again, and the refund no longer counts."""

    __tablename__ = "refund_failure"
    __table_args__ = (UniqueConstraint("sale_id", "refund_id", name="one_failure_per_refund"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    refund_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class CumulativeRefund(Base):
    """The running total of all refunds of a payment at one time.

    Providers report it in addition to the single refunds, or instead of them; the rules count nothing twice.
    """

    __tablename__ = "refund_level"
    __table_args__ = (
        UniqueConstraint("sale_id", "payment_id", "amount", "occurred_at", name="one_level_per_time"),
        CheckConstraint("amount > 0", name="refund_level_positive"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    payment_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    amount_minor: Mapped[int] = mapped_column("amount")
    created_at: Mapped[datetime]


class Cancellation(Base):
    """The shop cancelled the whole order: everything that remains of it is refunded."""

    __tablename__ = "cancellation"
    __table_args__ = (UniqueConstraint("sale_id", name="one_cancellation_per_sale"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class DisputeStatus(Base):
    """One status of a dispute. They may arrive in any order; the rules decide which one counts."""

    __tablename__ = "dispute_status"
    __table_args__ = (
        UniqueConstraint("sale_id", "dispute_id", "status", name="one_step_per_dispute_and_status"),
        CheckConstraint("status in ('opened', 'won', 'lost')", name="dispute_status_known"),
        CheckConstraint("amount > 0", name="dispute_amount_positive"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    dispute_id: Mapped[str]
    status: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    amount_minor: Mapped[int] = mapped_column("amount")
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]


class OrderReference(Base):
    """Another name of an order: its payment, its charge, the number that people use.

    It may be known before the order is. A payment may be reported for two orders of which only one is ever
    sold (an invoice that a checkout creates for its own payment); the sale decides which one it belongs to.
    """

    __tablename__ = "order_reference"
    __table_args__ = (
        UniqueConstraint(
            "brand_id", "namespace", "reference", "order_id", name="one_reference_per_name_and_order"
        ),
        # Includes `reference`; without it SQLite scans all names of the namespace in the unique key's index.
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
