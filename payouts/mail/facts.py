"""What the messages about a statement say: read from its rows, in amounts of its currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.ledger.models import Period
from payouts.statements.models import Statement
from payouts.statements.rows.models import StatementCreator, StatementLine, StatementTotal
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.sales.orders.models import Sale

LARGEST = 3
SHOWN_CHARACTERS = 4


@dataclass(frozen=True)
class LargeLine:
    """A line of a statement: its order, of which the last characters are shown, and what is left of it."""

    creator: str
    order: str
    amount: Money


@dataclass(frozen=True)
class StatementFacts:
    """Amounts of a whole statement: opening + earned - reversed + adjustments - payments = closing."""

    statement: Statement
    brand: Brand
    period: str
    zone: str
    pays: Money
    creators: int
    opening: Money
    earned: Money
    reversed: Money
    adjustments: Money
    payments: Money
    closing: Money
    held: Money

    @property
    def review_ends_at(self) -> datetime:
        return self.statement.review_ends_at


def statement_facts(session: Session, statement: Statement) -> StatementFacts:
    """The statement needs its rows."""
    brand = session.get_one(Brand, statement.brand_id)
    period = session.get_one(Period, statement.period_id)
    total = session.get_one(StatementTotal, statement.id, populate_existing=True)

    def money(*minor: int) -> Money:
        return Money(sum(minor), statement.currency)

    return StatementFacts(
        statement=statement,
        brand=brand,
        period=period.name,
        zone=period.timezone or brand.timezone,
        pays=money(total.split_payable_minor),
        creators=_paid_creators(session, statement),
        opening=money(
            total.opening_pending_minor, total.opening_payable_minor, total.opening_in_transit_minor
        ),
        earned=money(total.earned_minor),
        reversed=money(-total.reversed_minor),
        adjustments=money(total.adjustments_minor),
        payments=money(-total.payments_minor),
        closing=money(total.pending_minor, total.payable_minor, total.in_transit_minor),
        held=money(total.held_minor),
    )


def _paid_creators(session: Session, statement: Statement) -> int:
    minimum = max(statement.minimum_minor or 0, 1)
    own = select(StatementCreator.creator_id).where(
        StatementCreator.statement_id == statement.id, StatementCreator.payable_minor >= minimum
    )
    return len(session.scalars(own).all())


def largest_lines(session: Session, statement: Statement) -> Sequence[LargeLine]:
    """The lines of a statement with the largest amounts left."""
    query = (
        select(StatementCreator.name, Sale.order_id, StatementLine.remaining_minor)
        .join(Commission, Commission.id == StatementLine.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(
            StatementCreator,
            (StatementCreator.statement_id == StatementLine.statement_id)
            & (StatementCreator.creator_id == StatementLine.creator_id),
        )
        .where(StatementLine.statement_id == statement.id, StatementLine.remaining_minor > 0)
        .order_by(StatementLine.remaining_minor.desc(), StatementLine.commission_id)
        .limit(LARGEST)
    )
    return [
        LargeLine(name, shortened(order), Money(minor, statement.currency))
        for name, order, minor in session.execute(query)
    ]


def shortened(order: str) -> str:
    """An order as mails and pages name it: "…" and its last characters."""
    return f"…{order[-SHOWN_CHARACTERS:]}"
