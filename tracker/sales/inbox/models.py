"""The tables of the inbox: messages as they arrived, and the names that parked ones give their order."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base

UNAPPLIED = ("parked", "conflict")
"""States of an event that was not applied: a person replays or dismisses it. Until then, no commission of its
order is released."""


class Event(Base):
    """A row of the inbox: an authentic message byte for byte, and its state.

    The body of an old event that is applied or dismissed is emptied; `normal` then has its reports.
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
            "ix_event_unapplied",
            "source_id",
            "received_at",
            "id",
            sqlite_where=text("state in ('parked', 'conflict')"),
            postgresql_where=text("state in ('parked', 'conflict')"),
        ),
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
    """The type that the shop sends outside the body, such as orders/paid; None where it is in the body."""
    type: Mapped[str | None]
    order_id: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    """The words of its time. People read those of the code: see `stored_reason`."""
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    normal: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    emptied_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]
    """An EventReason, or a code of the source's kind. None when there is no reason, and in rows that are
    older than the codes."""
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)


class EventName(Base):
    """A name that a parked or conflicting message without an order id gives its order.

    So does every message of a supporting source. The message is found by any of its names. `is_payment`: the
    name is a payment's, which identifies the order; a number may also belong to another order.
    """

    __tablename__ = "event_name"
    __table_args__ = (Index("ix_event_name_name", "name", "brand_id", "namespace"), STRICT)

    event_id: Mapped[str] = mapped_column(ForeignKey("event.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    namespace: Mapped[str]
    is_payment: Mapped[bool]
