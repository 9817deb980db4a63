"""Sales whose evidence changed after their commission was released: a person must decide (MONEY 4)."""

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.entries import current_amount, entries_of
from payouts.commissions.models import Commission, Entry
from tracker.money import Money
from tracker.people.models import Creator
from tracker.programs.models import Enrollment
from tracker.sales.models import Attribution, Sale


@dataclass(frozen=True)
class Undecided:
    """Who is credited, and whom the newest evidence credits instead; None is nobody."""

    order_id: str
    commission_id: str
    worth: Money
    credited: Creator
    rightful: Creator | None
    reason: str


def undecided_revisions(session: Session, brand_id: str) -> list[Undecided]:
    """Released commissions that the newest attribution of their sale does not credit, and nobody declined."""
    newest, later, answered = aliased(Attribution), aliased(Attribution), aliased(Attribution)
    credited, rightful = aliased(Creator), aliased(Creator)
    rows = session.execute(
        select(Commission, Sale, newest, credited, rightful)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(answered, answered.id == Commission.attribution_id)
        .join(newest, newest.sale_id == Commission.sale_id)
        .join(credited, credited.id == Commission.creator_id)
        .join(Enrollment, Enrollment.id == newest.enrollment_id, isouter=True)
        .join(rightful, rightful.id == Enrollment.creator_id, isouter=True)
        .where(
            Commission.brand_id == brand_id,
            Commission.live,
            Commission.matured_at.is_not(None),
            newest.revision > Commission.revision,
            newest.enrollment_id.is_distinct_from(answered.enrollment_id),
            ~exists().where(later.sale_id == newest.sale_id, later.revision > newest.revision),
            ~exists().where(Entry.commission_id == Commission.id, Entry.kind == "decline"),
        )
        .order_by(Commission.id)
    ).all()
    return [
        Undecided(sale.order_id, commission.id, _worth(session, commission), owner, other, evidence.reason)
        for commission, sale, evidence, owner, other in rows
    ]


def _worth(session: Session, commission: Commission) -> Money:
    return Money(current_amount(entries_of(session, commission.id)), commission.currency)
