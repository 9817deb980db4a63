"""Finding sales by order id, or by another name of the order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from tracker.errors import Conflict, NotFound
from tracker.people.accounts.operations import get_brand
from tracker.sales.orders.models import OrderReference, Sale


class SeveralNamespaces(Conflict):
    """Several namespaces of the brand have an order of this name. The entry point says how to choose one."""

    def __init__(self, order_id: str, namespaces: Sequence[str]) -> None:
        super().__init__(f"Order {order_id!r} exists in several namespaces ({', '.join(namespaces)}).")
        self.order_id = order_id
        self.namespaces = tuple(namespaces)


def list_sales(session: Session, brand_id: str, limit: int = 100) -> Sequence[Sale]:
    """The latest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    sales = select(Sale).where(Sale.brand_id == brand.id)
    return session.scalars(sales.order_by(Sale.occurred_at.desc(), Sale.id.desc()).limit(limit)).all()


def find_sale(session: Session, brand_id: str, order_id: str, namespace: str | None = None) -> Sale:
    """The sale of an order, by the order's id, else by another name such as its payment or number.

    Raises NotFound, and SeveralNamespaces when several namespaces of the brand have such an order.
    """
    brand = get_brand(session, brand_id)
    query = select(Sale).where(Sale.brand_id == brand.id, has_order_name(order_id))
    if namespace is not None:
        query = query.where(Sale.namespace == namespace)
    matches = session.scalars(query.order_by(Sale.namespace)).all()
    sales = [sale for sale in matches if sale.order_id == order_id] or matches
    if not sales:
        raise NotFound(
            f"Brand {brand.id} has no sale of order {order_id!r}. If the shop sent it, see why it is parked: "
            f"linkledger source events --brand {brand.id} --state parked"
        )
    if len(sales) > 1:
        raise SeveralNamespaces(order_id, [sale.namespace for sale in sales])
    return sales[0]


def has_order_name(name: str) -> ColumnElement[bool]:
    """Condition: the order of the sale has this id or this other name."""
    named = exists().where(
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == name,
    )
    return or_(Sale.order_id == name, named)
