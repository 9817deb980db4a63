"""Sales whose evidence changed after their commission was released: a person decides (docs/money.md 4)."""

from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.entries import current_amount, entries_of
from payouts.commissions.models import Commission, Entry
from tracker.money import Money
from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


@dataclass(frozen=True)
class Undecided:
    """Who is credited, and whom the newest evidence credits instead; None is nobody."""

    order_id: str
    commission_id: str
    worth: Money
    credited: Creator
    rightful: Creator | None
    reason: str


Columns = TypeVarTuple("Columns")
_newest, _later, _answered = aliased(Attribution), aliased(Attribution), aliased(Attribution)


def undecided_revisions(session: Session, brand_id: str) -> list[Undecided]:
    """Released commissions that the newest attribution of their sale does not credit.

    Not those that somebody declined, or kept since that evidence came.
    """
    credited, rightful = aliased(Creator), aliased(Creator)
    rows = session.execute(
        _undecided(select(Commission, Sale, _newest, credited, rightful))
        .join(Sale, Sale.id == Commission.sale_id)
        .join(credited, credited.id == Commission.creator_id)
        .join(Enrollment, Enrollment.id == _newest.enrollment_id, isouter=True)
        .join(rightful, rightful.id == Enrollment.creator_id, isouter=True)
        .where(Commission.brand_id == brand_id)
        .order_by(Commission.id)
    ).all()
    return [
        Undecided(sale.order_id, commission.id, _worth(session, commission), owner, other, evidence.reason)
        for commission, sale, evidence, owner, other in rows
    ]


def undecided_attribution(session: Session, commission: Commission) -> Attribution | None:
    """The newest evidence about this one, when a person has to decide about it."""
    return session.scalars(_undecided(select(_newest)).where(Commission.id == commission.id)).first()


def _undecided(query: Select[*Columns]) -> Select[*Columns]:
    declined = exists().where(Entry.commission_id == Commission.id, Entry.kind == "decline")
    kept = exists().where(
        Entry.commission_id == Commission.id, Entry.kind == "kept", Entry.cause_id == _newest.id
    )
    return (
        query.select_from(Commission)
        .join(_answered, _answered.id == Commission.attribution_id)
        .join(_newest, _newest.sale_id == Commission.sale_id)
        .where(
            Commission.live,
            Commission.matured_at.is_not(None),
            _newest.revision > Commission.revision,
            _newest.enrollment_id.is_distinct_from(_answered.enrollment_id),
            ~exists().where(_later.sale_id == _newest.sale_id, _later.revision > _newest.revision),
            ~declined,
            ~kept,
        )
    )


def _worth(session: Session, commission: Commission) -> Money:
    return Money(current_amount(entries_of(session, commission.id)), commission.currency)
