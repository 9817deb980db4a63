"""Whether an amount is paid: the minimum and its waivers, debts, and what the rail cannot send."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from payouts.transfers.planning.selection import Selection
from payouts.transfers.stripe.amounts import UnsendableAmount, rail_step_minor
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.programs.models import Enrollment, Program


def amount_block_reason(
    session: Session, now: datetime, brand: Brand, creator_id: str, selection: Selection
) -> str | None:
    amount = Money(selection.total_minor, selection.currency)
    try:
        step_minor = rail_step_minor(amount.currency)
    except UnsendableAmount as error:
        return str(error)
    if amount.minor < 0:
        return f"the creator owes {Money(-amount.minor, amount.currency)}; later commissions settle it"
    if selection.amount_minor == 0:
        return f"{amount} is less than the payment provider can send; it is carried forward"
    minimum = brand.minimum_minor if selection.currency == brand.currency else 0
    minimum = max(minimum, step_minor)
    waived = selection.waited_too_long(now) or _has_left(session, brand.id, creator_id)
    if amount.minor < minimum and not waived:
        return f"{amount} is below the minimum of {Money(minimum, amount.currency)}; it is carried forward"
    return None


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
