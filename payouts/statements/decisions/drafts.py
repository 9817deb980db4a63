"""The draft on which a person decides: decisions are posted to its period until it is approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.commissions.movements import movements_of_commission
from payouts.commissions.positions import Movement
from payouts.ledger.models import Period
from payouts.ledger.operations import lock_books
from payouts.statements.models import Statement
from payouts.statements.review import get_statement
from tracker.errors import Conflict, NotFound
from tracker.people.accounts.operations import get_brand


@dataclass(frozen=True)
class Draft:
    """A statement that is not approved, and its closed period."""

    statement: Statement
    period: Period


def draft_of(session: Session, commission: Commission, statement_id: str = "") -> Draft | None:
    """The named draft, or the oldest one that contains the commission; None when no draft does.

    A draft contains what moved in its period, and what was held at its end. Call it under the brand's lock.
    Raises NotFound and Conflict when the named one is no draft with this commission.
    """
    moved = movements_of_commission(session, commission.id)
    containing = [each for each in _drafts(session, commission) if _contains(each.period, moved)]
    if not statement_id:
        return next(iter(containing), None)
    named = next((each for each in containing if each.statement.id == statement_id), None)
    if named is None:
        raise Conflict(_why_not(session, commission, statement_id, containing))
    return named


def named_draft(session: Session, statement_id: str) -> Draft:
    """The draft with that id, under its brand's lock. Raises NotFound, and Conflict when it is approved."""
    statement = _statement(session, statement_id)
    lock_books(session, statement.brand_id)
    session.refresh(statement)
    period = session.get_one(Period, statement.period_id)
    if statement.state != "draft":
        raise Conflict(_is_frozen(statement, period))
    return Draft(statement, period)


def named_statement(session: Session, commission_id: str, brand_id: str, period_name: str) -> str:
    """The id of the statement that a person named for a commission; "" when neither argument names one.

    By default it is one of the commission's own brand. Raises NotFound; Conflict when the brand is another.
    """
    if not brand_id and not period_name:
        return ""
    commission = session.get(Commission, commission_id)
    if commission is None:
        raise NotFound(f"There is no commission {commission_id}.")
    if brand_id and get_brand(session, brand_id).id != commission.brand_id:
        raise Conflict(f"{commission_id} belongs to another brand than {brand_id}.")
    if not period_name:
        return ""
    return get_statement(session, commission.brand_id, period_name, commission.currency).id


def _statement(session: Session, statement_id: str) -> Statement:
    statement = session.get(Statement, statement_id)
    if statement is None:
        raise NotFound(f"There is no statement {statement_id}.")
    return statement


def _drafts(session: Session, commission: Commission) -> list[Draft]:
    """The drafts in the commission's currency, oldest first."""
    rows = session.execute(
        select(Statement, Period)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == commission.brand_id,
            Statement.currency == commission.currency,
            Statement.state == "draft",
        )
        .order_by(Period.starts_at)
        .execution_options(populate_existing=True)
    )
    return [Draft(statement, period) for statement, period in rows]


def _contains(period: Period, moved: Mapping[datetime, Movement]) -> bool:
    held_minor = sum(each.pending_minor for starts_at, each in moved.items() if starts_at < period.ends_at)
    return period.starts_at in moved or held_minor > 0


def _why_not(session: Session, commission: Commission, statement_id: str, containing: list[Draft]) -> str:
    statement = _statement(session, statement_id)
    period = session.get_one(Period, statement.period_id)
    if statement.brand_id != commission.brand_id:
        return f"{commission.id} belongs to another brand than the statement {statement_id}."
    if statement.currency != commission.currency:
        return f"{commission.id} is in {commission.currency}, the statement in {statement.currency}."
    if statement.state != "draft":
        return _is_frozen(statement, period)
    others = " and ".join(each.period.name for each in containing)
    where = f"It is in the draft of {others}." if others else "It is in no draft: name no period."
    return f"{commission.id} is not in the draft of {period.name}. {where}"


def _is_frozen(statement: Statement, period: Period) -> str:
    return (
        f"The {statement.currency} statement of {period.name} is {statement.state}: no decision changes it."
    )
