"""Tables of the rows of statements.

They are written when a period closes, and a decision on a draft writes the rows that it changes again. From
the approval on they stay as they are. `body` is the row of the sealed format (rows/columns.py).
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class StatementLine(Base):
    """The line of one commission, with what its postings changed in the period, in minor units.

    `held_minor` is what of it is held at the end of the period. `body` lacks what is known only when it is
    shown: its open holds, and messages that wait.
    """

    __tablename__ = "statement_line"
    __table_args__ = (STRICT,)

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"), primary_key=True)
    commission_id: Mapped[str] = mapped_column(ForeignKey("commission.id"), primary_key=True)
    status: Mapped[str]
    earned_minor: Mapped[int]
    reversed_minor: Mapped[int]
    released_minor: Mapped[int]
    pending_minor: Mapped[int]
    held_minor: Mapped[int]
    remaining_minor: Mapped[int]
    body: Mapped[str]


class StatementEntry(Base):
    """A posting of the period on a creator's account that belongs to no commission.

    `amount_minor` counts in its section. `pending_minor`, `payable_minor` and `in_transit_minor` are what it
    changed of the creator's accounts, `released_minor` what it released.
    """

    __tablename__ = "statement_entry"
    __table_args__ = (
        CheckConstraint(
            "section in ('earned', 'reversed', 'adjustments', 'payments', 'none')",
            name="section_of_statement_entry_known",
        ),
        STRICT,
    )

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("ledger_transaction.id"))
    amount_minor: Mapped[int]
    pending_minor: Mapped[int]
    payable_minor: Mapped[int]
    in_transit_minor: Mapped[int]
    released_minor: Mapped[int]
    body: Mapped[str]


class Totals:
    """The columns of the totals of a creator and of a statement, in minor units.

    Opening = the three opening balances; closing = `pending_minor` + `payable_minor` + `in_transit_minor`.
    """

    opening_pending_minor: Mapped[int]
    opening_payable_minor: Mapped[int]
    opening_in_transit_minor: Mapped[int]
    earned_minor: Mapped[int]
    reversed_minor: Mapped[int]
    adjustments_minor: Mapped[int]
    payments_minor: Mapped[int]
    released_minor: Mapped[int]
    pending_minor: Mapped[int]
    payable_minor: Mapped[int]
    in_transit_minor: Mapped[int]
    line_count: Mapped[int]
    adjustment_count: Mapped[int]
    payment_count: Mapped[int]


class StatementCreator(Totals, Base):
    """The totals of one creator."""

    __tablename__ = "statement_creator"
    __table_args__ = (STRICT,)

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"), primary_key=True)
    name: Mapped[str]


class StatementTotal(Totals, Base):
    """The totals of a statement, in which `creator_count` creators have an amount or a row."""

    __tablename__ = "statement_total"
    __table_args__ = (STRICT,)

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    held_minor: Mapped[int]
    split_payable_minor: Mapped[int]
    below_minimum_minor: Mapped[int]
    owed_by_creator_minor: Mapped[int]
    creator_count: Mapped[int]
