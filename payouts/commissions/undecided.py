"""Sales whose evidence changed after their commission was released: a person decides (docs/money.md 4)."""

from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import ScalarSelect, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from payouts.commissions.models import Commission, Entry
from payouts.commissions.worth.amounts import amount_left
from tracker.money import Money
from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


@dataclass(frozen=True)
class UndecidedCommission:
    """The credited creator, and the one whom the newest evidence credits; None when it credits no one.

    `evidence` is the newest attribution, which has the reason.
    """

    order_id: str
    commission_id: str
    worth: Money
    credited: Creator
    claimant: Creator | None
    evidence: Attribution


Columns = TypeVarTuple("Columns")
_newest, _later, _current = aliased(Attribution), aliased(Attribution), aliased(Attribution)


def undecided_commissions(session: Session, brand_id: str) -> list[UndecidedCommission]:
    """Released commissions whose sale is credited to someone else, or no one, by its newest attribution.

    Declined commissions, and those that a person kept after that evidence came, are left out.
    """
    credited, claimant = aliased(Creator), aliased(Creator)
    rows = session.execute(
        _disputed(select(Commission, amount_left(), Sale.order_id, _newest, credited, claimant))
        .join(Sale, Sale.id == Commission.sale_id)
        .join(credited, credited.id == Commission.creator_id)
        .join(Enrollment, Enrollment.id == _newest.enrollment_id, isouter=True)
        .join(claimant, claimant.id == Enrollment.creator_id, isouter=True)
        .where(Commission.brand_id == brand_id)
        .order_by(Commission.id)
    ).all()
    return [
        UndecidedCommission(
            order_id, commission.id, Money(worth_minor, commission.currency), owner, other, evidence
        )
        for commission, worth_minor, order_id, evidence, owner, other in rows
    ]


def newer_attribution(session: Session, commission: Commission) -> Attribution | None:
    """The newest attribution of its sale, if a person has to decide about this commission."""
    return session.scalars(_disputed(select(_newest)).where(Commission.id == commission.id)).first()


def _disputed(query: Select[*Columns]) -> Select[*Columns]:
    declines = entry_count("decline") > entry_count("decline_undone")
    kept = exists().where(
        Entry.commission_id == Commission.id, Entry.kind == "kept", Entry.cause_id == _newest.id
    )
    return (
        query.select_from(Commission)
        .join(_current, _current.id == Commission.attribution_id)
        .join(_newest, _newest.sale_id == Commission.sale_id)
        .where(
            Commission.live,
            Commission.first_released_at.is_not(None),
            _newest.revision > Commission.revision,
            _newest.enrollment_id.is_distinct_from(_current.enrollment_id),
            ~exists().where(_later.sale_id == _newest.sale_id, _later.revision > _newest.revision),
            ~declines,
            ~kept,
        )
    )


def entry_count(kind: str) -> ScalarSelect[int]:
    """How many entries of a kind the commission has, as an expression."""
    count = select(func.count()).where(Entry.commission_id == Commission.id, Entry.kind == kind)
    return count.correlate(Commission).scalar_subquery()
