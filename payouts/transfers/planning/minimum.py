"""Whether an amount is paid: the minimum and its waivers, debts, and what the rail cannot send."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from payouts.settlement.reasons import PayoutReason
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.transfers.planning.rules import Selection, is_over_a_year_old, oldest_debt, oldest_open
from payouts.transfers.stripe.amounts import UnsendableAmount, rail_step_minor
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.programs.models import Enrollment, Program
from tracker.reasons import Reason
from tracker.times import format_utc


def amount_block_reason(
    session: Session, now: datetime, statement: Statement, creator_id: str, selection: Selection
) -> Reason | None:
    """Why this amount of a statement is not paid now; None when it is, or when nothing has to be sent."""
    if selection.settles:
        return None
    brand = session.get_one(Brand, statement.brand_id)
    amount = Money(selection.total_minor, selection.currency)
    try:
        step_minor = rail_step_minor(amount.currency)
    except UnsendableAmount:
        return Reason(PayoutReason.CURRENCY_NOT_SENDABLE, {"currency": amount.currency})
    if amount.minor < 0:
        return _debt_reason(now, brand, creator_id, selection)
    if selection.amount_minor == 0:
        return Reason(PayoutReason.BELOW_SMALLEST_TRANSFER, {"amount": amount.as_json()})
    minimum = max(minimum_of_statement(statement, brand), step_minor)
    waived = is_over_a_year_old(oldest_open(selection.entries), now, brand.timezone)
    waived = waived or _has_left(session, brand.id, creator_id)
    if amount.minor < minimum and not waived:
        parameters = {"amount": amount.as_json(), "minimum": Money(minimum, amount.currency).as_json()}
        return Reason(PayoutReason.BELOW_MINIMUM, parameters)
    return None


def _debt_reason(now: datetime, brand: Brand, creator_id: str, selection: Selection) -> Reason:
    """Later commissions settle a debt; a person writes off one that is over a year old."""
    owed = Money(-selection.total_minor, selection.currency).as_json()
    since = oldest_debt(selection.entries)
    if since is None or not is_over_a_year_old(since, now, brand.timezone):
        return Reason(PayoutReason.CREATOR_OWES, {"amount": owed})
    parameters = {"amount": owed, "since": format_utc(since), "brand": brand.id, "creator": creator_id}
    return Reason(PayoutReason.CREATOR_OWES_LONG, parameters)


def _has_left(session: Session, brand_id: str, creator_id: str) -> bool:
    """The creator was enrolled with the brand and is in none of its programs any more."""
    own = (
        select(Enrollment.id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Program.brand_id == brand_id, Enrollment.creator_id == creator_id)
    )
    active_enrollments = own.where(Enrollment.state != "ended")
    return bool(session.scalar(select(exists(own)))) and not session.scalar(
        select(exists(active_enrollments))
    )
