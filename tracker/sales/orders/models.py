"""Tables of sources, their events, and what the events say happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Source(Base):
    """One connected shop, or door of ours. Two secrets may be live at a time, so that they can be exchanged.

    Of the kind `api` a brand has one, whose messages come with a key; nobody knows its secret.
    """

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint(
            "kind in ('standard', 'stripe', 'shopify', 'woocommerce', 'api', 'csv')", name="source_kind_known"
        ),
        Index(
            "one_api_source_per_brand",
            "brand_id",
            unique=True,
            sqlite_where=text("kind = 'api' and deleted_at is null"),
            postgresql_where=text("kind = 'api' and deleted_at is null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    kind: Mapped[str]
    namespace: Mapped[str]
    secret_box: Mapped[str]
    former_secret_box: Mapped[str | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    stale_at: Mapped[datetime | None]
    """When a message was last refused though its signature was right, because its time was too far off."""
    stale_ahead_s: Mapped[int | None]
    """How far that time was ahead of ours; below 0 it was behind."""
    supports_id: Mapped[str | None] = mapped_column(ForeignKey("source.id"))
    """The source to whose orders it adds names, touches and disputes; amounts and refunds are the other's."""


UNSETTLED = ("parked", "conflict")
"""States of an event of which nothing was applied: a person replays or dismisses it, and until then nothing
that its order earned is paid."""


class Event(Base):
    """The inbox: a signed message as it arrived, byte for byte, and what became of it.

    When it is old and settled, its body is emptied; `normal` then says what had followed from it.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id", name="one_event_per_source_and_key"),
        CheckConstraint(
            "state in ('received', 'applied', 'parked', 'conflict', 'dismissed')", name="event_state_known"
        ),
        Index("ix_event_waiting", "state", "received_at"),
        Index("ix_event_order", "source_id", "order_id"),
        Index("ix_event_received", "source_id", "received_at"),
        Index(
            "ix_event_full",
            "received_at",
            sqlite_where=text("emptied_at is null"),
            postgresql_where=text("emptied_at is null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str]
    body: Mapped[bytes]
    body_hash: Mapped[str]
    topic: Mapped[str | None]
    """What the shop calls the message beside its body, such as orders/paid; None where the body says it."""
    type: Mapped[str | None]
    order_id: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    normal: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    emptied_at: Mapped[datetime | None]


class Sale(Base):
    """What a shopper bought. Amounts are minor units of `currency`; total is what was paid."""

    __tablename__ = "sale"
    __table_args__ = (
        UniqueConstraint("brand_id", "namespace", "order_id", name="one_sale_per_order"),
        CheckConstraint("total >= 0 and tax >= 0 and shipping >= 0", name="sale_amounts_not_negative"),
        CheckConstraint("tax + shipping <= total", name="sale_tax_and_shipping_within_total"),
        CheckConstraint("cost is null or cost >= 0", name="sale_cost_not_negative"),
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
    total: Mapped[int]
    tax: Mapped[int]
    shipping: Mapped[int]
    discount: Mapped[int]
    cost: Mapped[int | None]
    customer: Mapped[str | None]
    customer_email_hash: Mapped[str | None]
    items: Mapped[list[Any]] = mapped_column(CanonicalJson)
    test: Mapped[bool]
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]
    shopper: Mapped[str | None]
    """What recognises him again, whatever the source: a hash of his mailbox, or else the shop's id of him."""
    checkout_started_at: Mapped[datetime | None]

    @property
    def net(self) -> int:
        return self.total - self.tax - self.shipping


class Refund(Base):
    """Money that went back to the shopper. Any number of them for one sale."""

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
    amount: Mapped[int]
    tax: Mapped[int | None]
    shipping: Mapped[int | None]
    reason: Mapped[str | None]
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]


class RefundFailure(Base):
    """A refund did not reach the shopper: the money is the shop's again, and the refund counts no more."""

    __tablename__ = "refund_failure"
    __table_args__ = (UniqueConstraint("sale_id", "refund_id", name="one_failure_per_refund"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    refund_id: Mapped[str]
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class RefundLevel(Base):
    """How much of a payment had gone back at some time, in all refunds together, whatever their ids.

    Providers report it beside the single refunds, or instead of them; the rules count nothing twice.
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
    amount: Mapped[int]
    created_at: Mapped[datetime]


class Cancellation(Base):
    """The shop called the whole order off: everything that remains of it is refunded."""

    __tablename__ = "cancellation"
    __table_args__ = (UniqueConstraint("sale_id", name="one_cancellation_per_sale"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"))
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class DisputeStatus(Base):
    """One step of a dispute. The steps may arrive in any order; the rules decide which one counts."""

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
    amount: Mapped[int]
    payload_hash: Mapped[str]
    created_at: Mapped[datetime]


class Attribution(Base):
    """Who is credited for a sale and why. A new revision follows new evidence; none is ever changed.

    `inputs` is everything that the decision was made from, so that anyone can make it again; `candidates`
    lists those who were considered, each with the reason why he won or lost.
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
    inputs: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    candidates: Mapped[list[Any]] = mapped_column(CanonicalJson)
    decided_at: Mapped[datetime]
