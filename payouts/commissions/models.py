"""Tables of commissions, their entries and their holds, and of what waits to be booked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Commission(Base):
    """What one attribution of a sale earns. Its current amount is not stored here: it is the last entry's."""

    __tablename__ = "commission"
    __table_args__ = (
        UniqueConstraint("sale_id", "revision", name="one_commission_per_sale_and_revision"),
        CheckConstraint("base_minor >= 0 and amount_minor >= 0", name="commission_not_negative"),
        Index(
            "one_live_commission_per_sale",
            "sale_id",
            unique=True,
            sqlite_where=text("live = 1"),
            postgresql_where=text("live"),
        ),
        Index("ix_commission_owner", "brand_id", "creator_id"),
        Index("ix_commission_creator", "creator_id", "id"),
        Index(
            "ix_commission_to_release",
            "brand_id",
            "release_at",
            "id",
            sqlite_where=text("live = 1 and matured_at is null"),
            postgresql_where=text("live and matured_at is null"),
        ),
        Index(
            "ix_commission_held",
            "creator_id",
            "release_at",
            sqlite_where=text("live = 1 and matured_at is null"),
            postgresql_where=text("live and matured_at is null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str] = mapped_column(ForeignKey("sale.id"))
    attribution_id: Mapped[str] = mapped_column(ForeignKey("attribution.id"))
    revision: Mapped[int]
    live: Mapped[bool]
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"))
    currency: Mapped[str]
    base: Mapped[str]
    base_minor: Mapped[int]
    rate_bp: Mapped[int]
    rate_from: Mapped[str]
    amount_minor: Mapped[int]
    release_at: Mapped[datetime]
    matured_at: Mapped[datetime | None]
    first_released_at: Mapped[datetime | None]
    """Set by the first release and kept when the commission is held again."""
    created_at: Mapped[datetime]
    expected_pay_on: Mapped[str | None]
    """The day on which payment was expected at the accrual, as YYYY-MM-DD. Null in rows that are older.

    Its moves are rows of PayDateMove.
    """


class Entry(Base):
    """One change of a commission: its cause, its reason, and the amount before and after it."""

    __tablename__ = "commission_entry"
    __table_args__ = (
        UniqueConstraint("commission_id", "kind", "cause_id", name="one_entry_per_cause"),
        UniqueConstraint("commission_id", "line", name="entries_are_numbered"),
        Index(
            "ix_commission_entry_without_posting",
            "id",
            sqlite_where=text("transaction_id is null"),
            postgresql_where=text("transaction_id is null"),
        ),
        Index(
            "ix_commission_entry_returned",
            "returned_from",
            sqlite_where=text("returned_from is not null"),
            postgresql_where=text("returned_from is not null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    commission_id: Mapped[str] = mapped_column(ForeignKey("commission.id"))
    line: Mapped[int]
    kind: Mapped[str]
    cause_id: Mapped[str]
    reason: Mapped[str]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    amount_before_minor: Mapped[int]
    amount_after_minor: Mapped[int]
    transaction_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_transaction.id"))
    returned_from: Mapped[str | None] = mapped_column(ForeignKey("payout.id"))
    """The payout whose returned money this entry moves; null when it moves money that was never sent."""
    effective_at: Mapped[datetime]
    created_at: Mapped[datetime]


class WorkKind(StrEnum):
    """The kinds of causes that wait to be booked."""

    ATTRIBUTION = "attribution"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    REFUND_LEVEL = "refund_level"
    CANCELLATION = "cancellation"
    DISPUTE = "dispute"


class BookingWork(Base):
    """A cause that waits to be booked: an attribution to be accrued, or a report to be entered.

    Triggers write it with the cause, and again for earlier causes when a live commission is made. The job
    that has processed the cause deletes it, whatever came of it. `kind` is a WorkKind.
    """

    __tablename__ = "booking_work"
    __table_args__ = (
        CheckConstraint(
            "kind in ('attribution', 'refund', 'refund_failed', 'refund_level', 'cancellation', 'dispute')",
            name="booking_work_kind_known",
        ),
        STRICT | {"sqlite_with_rowid": False},
    )

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    cause_id: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str]


class PayDateMove(Base):
    """An expected pay date moved, and why. Append-only: the last `to_on` is the present one."""

    __tablename__ = "pay_date_move"
    __table_args__ = (
        UniqueConstraint("commission_id", "number", name="pay_date_moves_are_numbered"),
        CheckConstraint("from_on <> to_on", name="a_pay_date_moves_to_another_day"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    commission_id: Mapped[str] = mapped_column(ForeignKey("commission.id"))
    number: Mapped[int]
    from_on: Mapped[str]
    to_on: Mapped[str]
    reason: Mapped[str]
    reason_code: Mapped[str]
    reason_parameters: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    moved_at: Mapped[datetime]


class PlacedBy(StrEnum):
    """By what a hold was placed; `carried_over` is a person's decision about an earlier commission."""

    PERSON = "person"
    CARRIED_OVER = "carried_over"
    RULE = "rule"
    EVENT = "event"
    DISPUTE = "dispute"
    REMOVAL = "removal"


def _index_of_open_holds(name: str, *columns: str, more: str = "") -> Index:
    condition = text(f"lifted_at is null{more}")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


class Hold(Base):
    """Until it is lifted, the commission must not be paid; the creator sees the reason.

    `placed_by` is a PlacedBy. `signal` is the rule that found the sale suspicious, `evidence` what it found;
    only the brand sees them. `lift_note` is the note of a person, or has the words of `lift_code`.
    """

    __tablename__ = "commission_hold"
    __table_args__ = (
        UniqueConstraint("commission_id", "cause_id", name="one_hold_per_cause"),
        CheckConstraint("kind in ('dispute', 'review')", name="hold_kind_known"),
        _index_of_open_holds("ix_hold_open", "commission_id"),
        _index_of_open_holds("ix_hold_open_end", "ends_at", "id"),
        _index_of_open_holds("ix_hold_open_since", "placed_at", "id"),
        _index_of_open_holds(
            "ix_hold_open_of_event", "cause_id", more=" and (placed_by = 'event' or placed_by is null)"
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    commission_id: Mapped[str] = mapped_column(ForeignKey("commission.id"))
    kind: Mapped[str]
    cause_id: Mapped[str]
    placed_by: Mapped[str | None] = mapped_column(
        CheckConstraint(
            "placed_by in ('person', 'carried_over', 'rule', 'event', 'dispute', 'removal')",
            name="hold_placed_by_known",
        )
    )
    reason: Mapped[str]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    placed_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    signal: Mapped[str | None]
    evidence: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    lift_note: Mapped[str | None]
    lift_code: Mapped[str | None]
    ends_at: Mapped[datetime | None]
    """When a job lifts it. Null for an open dispute, until the provider was asked."""
    asked_at: Mapped[datetime | None]
    """When the provider was asked about a dispute without an end."""
    extended: Mapped[bool] = mapped_column(server_default=false())
    extension_note: Mapped[str | None]
