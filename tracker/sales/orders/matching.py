"""Finds the order of the primary source that a message of a supporting source belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.sales.integrations.kinds import is_payment_name
from tracker.sales.orders.models import OrderReference
from tracker.sales.orders.references import orders_by_reference, sold_order_ids
from tracker.sales.orders.supporting import possible_order_ids
from tracker.sales.sources.models import Source


@dataclass(frozen=True)
class OrderCandidates:
    """Orders that the names of a message may refer to, sold or not. A match by payment takes precedence."""

    by_payment: Sequence[str]
    by_id: Sequence[str]
    by_number: Sequence[str]

    @property
    def order_ids(self) -> set[str]:
        return {*self.by_payment, *self.by_id, *self.by_number}


def find_order_candidates(session: Session, source: Source, names: Sequence[str]) -> OrderCandidates:
    payments = [name for name in names if is_payment_name(name)]
    numbers = [name for name in names if not is_payment_name(name)]
    supported = session.get_one(Source, source.supports_id)
    ids = possible_order_ids(source, supported, names)
    return OrderCandidates(
        by_payment=[
            *orders_by_reference(session, source, payments),
            *(name for name in payments if name in ids),
        ],
        by_id=[name for name in numbers if name in ids],
        by_number=orders_by_reference(session, source, numbers),
    )


def matching_orders(
    session: Session, source: Source, names: Sequence[str], found: OrderCandidates
) -> Sequence[str]:
    """The sold orders among the candidates; if several, a person must decide. The caller has locked them.

    A match by payment takes precedence, then one by order id, then one by order number. A message about a
    payment does not match, by id or number alone, an order that has another payment: several shops may be
    paid through one account and use the same numbers.
    """
    if by_payment := sold_order_ids(session, source, found.by_payment):
        return by_payment
    by_number = sold_order_ids(session, source, found.by_id) or sold_order_ids(
        session, source, found.by_number
    )
    if any(map(is_payment_name, names)):
        paid_otherwise = _with_known_payment(session, source, by_number)
        return [order_id for order_id in by_number if order_id not in paid_otherwise]
    return by_number


def _with_known_payment(session: Session, source: Source, order_ids: Sequence[str]) -> set[str]:
    query = select(OrderReference.order_id, OrderReference.reference).where(
        OrderReference.brand_id == source.brand_id,
        OrderReference.namespace == source.namespace,
        OrderReference.order_id.in_(order_ids),
    )
    return {order_id for order_id, name in session.execute(query) if is_payment_name(name)}
