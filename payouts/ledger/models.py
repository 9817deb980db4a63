"""Tables of the ledger. The database itself refuses to update or delete transactions and postings."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Account(Base):
    """An account of a brand, or of a creator at a brand, in one currency. The id contains all of these."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("id", "currency", name="an_account_has_one_currency"),
        Index("ix_ledger_account_owner", "brand_id", "currency", "creator_id"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    creator_id: Mapped[str | None] = mapped_column(ForeignKey("creator.id"))
    kind: Mapped[str]
    currency: Mapped[str]


class Chain(Base):
    """The end of a brand's hash chain. Its row is the lock for every write to the brand's books."""

    __tablename__ = "ledger_chain"
    __table_args__ = (STRICT,)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    seq: Mapped[int]
    head_hash: Mapped[str]


class Period(Base):
    """A period of a brand's calendar, with its own statements. Closed and sealed in order, never reopened."""

    __tablename__ = "period"
    __table_args__ = (
        UniqueConstraint("brand_id", "name", name="one_period_per_brand_and_name"),
        UniqueConstraint("brand_id", "starts_at", name="one_period_per_brand_and_start"),
        CheckConstraint("state in ('open', 'closing', 'closed')", name="period_state_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    name: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str]
    closed_at: Mapped[datetime | None]
    timezone: Mapped[str | None]
    cadence: Mapped[str | None]
    """Zone and cadence that the period was made with; null in rows of a former version during an upgrade."""


class Transaction(Base):
    """A financial event; `event_key` is its idempotency key."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("brand_id", "event_key", name="one_transaction_per_event"),
        UniqueConstraint("brand_id", "seq", name="the_chain_has_one_next_link"),
        Index("ix_ledger_transaction_subject", "subject_id"),
        Index("ix_ledger_transaction_period", "period_id", "kind", "seq"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    seq: Mapped[int]
    kind: Mapped[str]
    event_key: Mapped[str]
    inputs: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    inputs_hash: Mapped[str]
    subject_id: Mapped[str]
    period_id: Mapped[str] = mapped_column(ForeignKey("period.id"))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class Posting(Base):
    """An amount from one account to another. An unbalanced posting cannot be expressed."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        UniqueConstraint("transaction_id", "line", name="postings_are_numbered"),
        CheckConstraint("amount_minor > 0", name="posting_amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="posting_between_two_accounts"),
        ForeignKeyConstraint(
            ["debit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="debit_in_the_accounts_currency",
        ),
        ForeignKeyConstraint(
            ["credit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="credit_in_the_accounts_currency",
        ),
        Index("ix_ledger_posting_debit", "debit_account_id"),
        Index("ix_ledger_posting_credit", "credit_account_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(Identity(always=False), primary_key=True)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("ledger_transaction.id"))
    line: Mapped[int]
    debit_account_id: Mapped[str]
    credit_account_id: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]


class AccountBalance(Base):
    """A copy of an account's balance at the end of a period, in minor units. Append-only.

    Written as the period's statement is sealed, when no more is posted to it or to an earlier one; accounts
    whose balance is 0 have none. The self-check compares the copies with the postings.
    """

    __tablename__ = "account_balance"
    __table_args__ = (STRICT,)

    period_id: Mapped[str] = mapped_column(ForeignKey("period.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    balance_minor: Mapped[int]


class PayDayMove(Base):
    """Lines that are released in a span of time are paid on another day than was said. Append-only.

    It concerns those that expected the day `from_on` (YYYY-MM-DD); `currency` is null where it concerns all.
    """

    __tablename__ = "pay_day_move"
    __table_args__ = (
        UniqueConstraint("brand_id", "number", name="pay_day_moves_are_numbered"),
        CheckConstraint("from_on <> to_on", name="a_pay_day_moves_to_another_day"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    number: Mapped[int]
    released_from: Mapped[datetime]
    released_until: Mapped[datetime]
    currency: Mapped[str | None]
    from_on: Mapped[str]
    to_on: Mapped[str]
    reason: Mapped[str]
    reason_code: Mapped[str]
    reason_parameters: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    moved_at: Mapped[datetime]
