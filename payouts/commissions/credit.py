"""A person decides about newer evidence for a commission that was released before (docs/money.md 4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from payouts.commissions.accrual import book_commissions, new_commissions
from payouts.commissions.adjustment import adjust, entered_facts
from payouts.commissions.attributed import AttributedSale, attributed_sales, evidence_of
from payouts.commissions.entries import Change, current_amount_minor, entries_of, record_change
from payouts.commissions.holds.placing import settled_minor
from payouts.commissions.models import Commission
from payouts.commissions.reasons import CommissionReason
from payouts.commissions.replacing import Replaced, supersede_all
from payouts.commissions.undecided import newer_attribution
from payouts.commissions.worth.causes import causes_of
from payouts.commissions.worth.facts import worth_minor
from payouts.commissions.worth.take_back import take_back_end
from tracker.errors import NotFound
from tracker.money import Money
from tracker.programs.models import Terms
from tracker.reasons import Reason
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


@dataclass(frozen=True)
class Consequence:
    """What moving the credit changes: for the credited creator, and for the one whom the evidence names.

    `paid` is the part of `leaves` that was sent in a payout: the credited creator would owe it. Without a
    claimant, because the newest evidence credits no one, `claimant_gets` and `release_at` are None.
    """

    leaves: Money
    paid: Money
    claimant_gets: Money | None
    release_at: datetime | None


def consequence_of_move(session: Session, now: datetime, commission: Commission) -> Consequence:
    """Both sides of moving the credit. Raises NotFound when there is nothing to decide."""
    newest = undecided_evidence(session, commission)
    leaves = current_amount_minor(entries_of(session, commission.id))
    paid = min(max(settled_minor(session, commission.id), 0), leaves)
    gets = release_at = None
    if newest.enrollment_id is not None:
        made = _columns_after_move(session, now, commission)[1]
        gets, release_at = Money(_worth(session, newest, made), commission.currency), made["release_at"]
    currency = commission.currency
    return Consequence(Money(leaves, currency), Money(paid, currency), gets, release_at)


def move_credit(session: Session, now: datetime, commission: Commission) -> Commission | None:
    """Take the commission from its creator and give it to the one whom the newest evidence credits.

    Both take effect now. The new commission is held until a release date of its own. None when the newest
    evidence credits no one. Raises NotFound when there is nothing to decide. Call it under the brand's lock.
    """
    newest = undecided_evidence(session, commission)
    reason = Reason(CommissionReason.CREDIT_MOVED, evidence_of(newest.id, newest))
    sale, made = _columns_after_move(session, now, commission)
    replaced = [Replaced(commission, sale)]
    supersede_all(session, now, commission.brand_id, replaced, effective_at=now, reason=reason)
    if newest.enrollment_id is None:
        return None
    (moved,) = book_commissions(session, now, commission.brand_id, [(sale, made)], effective_at=now)
    adjust(session, now, moved.commission_id)
    return session.get_one(Commission, moved.commission_id)


def keep_credit(session: Session, now: datetime, commission: Commission, note: str) -> None:
    """Leave a released commission as it is, although newer evidence credits somebody else, or no one.

    Raises NotFound when there is nothing to decide.
    """
    newest = undecided_evidence(session, commission)
    kept = CommissionReason.CREDIT_KEPT_WITH_NOTE if note else CommissionReason.CREDIT_KEPT
    change = Change("kept", newest.id, Reason(kept, {"note": note} if note else {}), now)
    amount = current_amount_minor(entries_of(session, commission.id))
    record_change(session, now, commission, change, amount_after_minor=amount)


def undecided_evidence(session: Session, commission: Commission) -> Attribution:
    """The attribution about which a person has to decide. Raises NotFound when there is none."""
    newest = newer_attribution(session, commission)
    if newest is None:
        raise NotFound(f"{commission.id} has no credit dispute: there is nothing to decide.")
    return newest


def _columns_after_move(
    session: Session, now: datetime, commission: Commission
) -> tuple[AttributedSale, dict[str, Any]]:
    """The sale with its newest attribution, and the columns of the new commission, if it credits anyone.

    It is held as one whose sale is reported now.
    """
    (sale,) = attributed_sales(session, [commission.sale_id])
    credited = [sale] if sale.enrollment_id is not None else []
    made = new_commissions(session, now, commission.brand_id, credited, reported_at=now)
    return sale, made[0] if made else {}


def _worth(session: Session, attribution: Attribution, made: dict[str, Any]) -> int:
    """What the new commission is worth after all refunds, in minor units."""
    sale = session.get_one(Sale, attribution.sale_id)
    until = take_back_end(sale.occurred_at, session.get_one(Terms, attribution.terms_id))
    causes = causes_of(session, sale.id)
    facts = entered_facts(sale, [], [], until)
    for cause in causes:
        facts = cause.applied_to(facts, until)
    return worth_minor(facts, made["base"], made["rate_bp"])
