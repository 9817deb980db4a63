"""Tables of the totals of sales by day and month. They are copies: nothing that moves money reads them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base
from payouts.rollups.rules import Scope

_BY_KEY = {"sqlite_strict": True, "sqlite_with_rowid": False}
_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)


class SaleTotals:
    """Figures of the sales that were paid on a day, as of all that was reported since; test sales excluded.

    In minor units of the currency. `sales`: those with a net amount above 0, as sold. `refunded_net_minor` is
    a part of `net_minor`. `earned_minor`: commissions when they were booked; `commission_minor`: what is left
    of them after all changes.
    """

    sales: Mapped[int]
    net_minor: Mapped[int]
    refunded_net_minor: Mapped[int]
    earned_minor: Mapped[int]
    commission_minor: Mapped[int]


class SaleDay(SaleTotals, Base):
    """The sales of one day in the brand's time zone. `day` is YYYY-MM-DD."""

    __tablename__ = "sale_day"
    __table_args__ = (
        CheckConstraint(f"scope in ({_SCOPES})", name="sale_day_scope_known"),
        Index("ix_sale_day_day", "brand_id", "day"),
        _BY_KEY,
    )

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)


class SaleMonth(SaleTotals, Base):
    """The sums of the days of one month, YYYY-MM. The key begins as lists of a month's subjects are read."""

    __tablename__ = "sale_month"
    __table_args__ = (CheckConstraint(f"scope in ({_SCOPES})", name="sale_month_scope_known"), _BY_KEY)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)


class CountedDay(Base):
    """From how many rows the totals of a day were computed. Rows are only added, so more rows are newer."""

    __tablename__ = "sale_day_counted"
    __table_args__ = (_BY_KEY,)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    counted: Mapped[int]


class CountedSlot(Base):
    """How many rows with ids of a time slot the totals take into account; other numbers mean new rows."""

    __tablename__ = "sale_slot_counted"
    __table_args__ = (_BY_KEY,)

    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    counted: Mapped[int]


class BalanceCopy(Base):
    """The balance of a creator's account after the brand's transaction with the number of BalanceMark.

    Credits less debits, in minor units: what the brand owes. `kind` is one of CREATOR_ACCOUNTS.
    """

    __tablename__ = "balance_copy"
    __table_args__ = (Index("ix_balance_copy_creator", "creator_id"), _BY_KEY)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    balance_minor: Mapped[int]


class BalanceMark(Base):
    """The last transaction of a brand that the copies of its balances contain."""

    __tablename__ = "balance_mark"
    __table_args__ = (_BY_KEY,)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    seq: Mapped[int]
