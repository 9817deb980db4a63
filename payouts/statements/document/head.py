"""The head of a statement, from its rows: whose it is, its period, its totals."""

from typing import Any

from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.statements.rows.columns import EQUATION, SPLIT
from payouts.statements.rows.models import StatementTotal
from tracker.money import exponent
from tracker.people.accounts.models import Brand
from tracker.times import format_utc

FORMAT = "linkledger.statement.2"


def head_from_rows(session: Session, statement: Statement) -> dict[str, Any]:
    """All of the head that is known before the seal. Amounts are integers in minor units of the currency."""
    brand = session.get_one(Brand, statement.brand_id)
    period = session.get_one(Period, statement.period_id)
    totals = session.get_one(StatementTotal, statement.id, populate_existing=True)
    return {
        "format": FORMAT,
        "statement": statement.id,
        "brand": {"id": brand.id, "name": brand.name},
        "currency": statement.currency,
        "exponent": exponent(statement.currency),
        "period": period_json(period, brand),
        "review_ends_at": format_utc(statement.review_ends_at),
        "pay_from": format_utc(statement.pay_from),
        "minimum_minor": minimum_of_statement(statement, brand),
        "not_an_invoice": True,
        "equation": [list(each) for each in zip(EQUATION, _equation(totals), strict=True)],
        "closing_split": [list(each) for each in zip(SPLIT, _split(totals), strict=True)],
        "released_in_period": totals.released_minor,
        "counts": {
            "creators": totals.creator_count,
            "lines": totals.line_count,
            "adjustments": totals.adjustment_count,
            "payments": totals.payment_count,
        },
    }


def _equation(totals: StatementTotal) -> tuple[int, ...]:
    return (
        totals.opening_pending_minor + totals.opening_payable_minor + totals.opening_in_transit_minor,
        totals.earned_minor,
        totals.reversed_minor,
        totals.adjustments_minor,
        totals.payments_minor,
        totals.pending_minor + totals.payable_minor + totals.in_transit_minor,
    )


def _split(totals: StatementTotal) -> tuple[int, ...]:
    return (
        totals.held_minor,
        totals.split_payable_minor,
        totals.below_minimum_minor,
        totals.owed_by_creator_minor,
        totals.in_transit_minor,
    )


def period_json(period: Period, brand: Brand) -> dict[str, Any]:
    return {
        "name": period.name,
        "starts_at": format_utc(period.starts_at),
        "ends_at": format_utc(period.ends_at),
        "timezone": period.timezone or brand.timezone,
    }
