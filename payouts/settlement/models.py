"""Tables of payouts: their items, attempts, returned transfers and freezes."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Payout(Base):
    """The payment to one creator that a sealed statement authorised."""

    __tablename__ = "payout"
    __table_args__ = (
        UniqueConstraint("statement_id", "creator_id", name="one_payout_per_statement_and_creator"),
        CheckConstraint("amount_minor > 0 or state = 'settled'", name="payout_amount_positive"),
        CheckConstraint(
            "state in ('prepared', 'sending', 'unknown', 'paid', 'failed', 'cancelled', 'returned', "
            "'settled')",
            name="payout_state_known",
        ),
        Index("ix_payout_state", "state"),
        Index("ix_payout_creator", "creator_id"),
        Index("ix_payout_brand", "brand_id", "id"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"))
    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"))
    currency: Mapped[str]
    round: Mapped[int]
    amount_minor: Mapped[int]
    carried_minor: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str | None]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    transfer_ref: Mapped[str | None] = mapped_column(unique=True)
    prepared_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Freeze(Base):
    """While it is not lifted, no payout is sent: the books must be compared with the rail first."""

    __tablename__ = "payout_freeze"
    __table_args__ = (STRICT,)

    id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    compare_from: Mapped[datetime]
    placed_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class TransferReversal(Base):
    """A part of a transfer that came back, of a payout or of an adopted transfer, and what becomes of it.

    The rail's id, as the key, makes it count once. `adoption_id` is the transaction that adopted the
    transfer, `transaction_id` the one that booked the return. Until there is a `decision`, or 14 days after
    `recorded_at`, the money waits (docs/money.md 7). The actor's columns say who decided.
    """

    __tablename__ = "transfer_reversal"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="reversal_amount_positive"), STRICT)

    reversal_ref: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str | None] = mapped_column(ForeignKey("payout.id"), index=True)
    amount_minor: Mapped[int]
    recorded_at: Mapped[datetime]
    adoption_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_transaction.id"))
    transaction_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_transaction.id"))
    came_back_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(
        CheckConstraint(
            "decision in ('send_again', 'taken_back')", name="decision_about_returned_money_known"
        )
    )
    decided_at: Mapped[datetime | None]
    actor_kind: Mapped[str | None]
    actor_id: Mapped[str | None]
    entry_point: Mapped[str | None]
    note: Mapped[str | None]


class Item(Base):
    """A posting of `payable` that a payout settles, or the remainder that an earlier payout carried over."""

    __tablename__ = "payout_item"
    __table_args__ = (
        CheckConstraint("(posting_id is null) <> (carried_from_id is null)", name="an_item_has_one_origin"),
        Index(
            "an_entry_is_in_one_live_payout",
            "posting_id",
            unique=True,
            sqlite_where=text("live = 1"),
            postgresql_where=text("live"),
        ),
        Index(
            "a_remainder_is_in_one_live_payout",
            "carried_from_id",
            unique=True,
            sqlite_where=text("live = 1"),
            postgresql_where=text("live"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(ForeignKey("payout.id"), index=True)
    round: Mapped[int]
    posting_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_posting.id"))
    carried_from_id: Mapped[str | None] = mapped_column(ForeignKey("payout.id"))
    amount_minor: Mapped[int]
    live: Mapped[bool]


class Attempt(Base):
    """One try to transfer a payout. Key and parameters are stored before the first call and never change.

    `code` is the rail's, or one of ours; `message` has the words of `reason_code`.
    """

    __tablename__ = "payout_attempt"
    __table_args__ = (
        UniqueConstraint("payout_id", "number", name="attempts_are_numbered"),
        UniqueConstraint("idempotency_key", name="one_attempt_per_key"),
        UniqueConstraint("transfer_ref", name="one_attempt_per_transfer"),
        CheckConstraint("state in ('sending', 'unknown', 'paid', 'failed')", name="attempt_state_known"),
        Index(
            "one_open_attempt_per_payout",
            "payout_id",
            unique=True,
            sqlite_where=text("state in ('sending', 'unknown')"),
            postgresql_where=text("state in ('sending', 'unknown')"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(ForeignKey("payout.id"))
    number: Mapped[int]
    idempotency_key: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    api_version: Mapped[str]
    state: Mapped[str]
    look_up_only: Mapped[bool]
    code: Mapped[str | None]
    message: Mapped[str | None]
    reason_code: Mapped[str | None]
    reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    transfer_ref: Mapped[str | None]
    first_sent_at: Mapped[datetime]
    last_sent_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    settled_at: Mapped[datetime | None]
