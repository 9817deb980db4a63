"""Finding sales by order id, or by another name of the order."""

from collections.abc import Sequence

from sqlalchemy import CompoundSelect, and_, literal, select, tuple_, union
from sqlalchemy.orm import Session

from tracker.errors import Conflict, NotFound
from tracker.people.accounts.operations import get_brand
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.models import Source


class SeveralNamespaces(Conflict):
    """Several namespaces of the brand have an order of this name. The entry point says how to choose one."""

    def __init__(self, order_id: str, namespaces: Sequence[str]) -> None:
        super().__init__(f"Order {order_id!r} exists in several namespaces ({', '.join(namespaces)}).")
        self.order_id = order_id
        self.namespaces = tuple(namespaces)


def list_sales(session: Session, brand_id: str, limit: int = 100, after: str | None = None) -> Sequence[Sale]:
    """The latest first. `after` is the id of a sale, after which the list goes on.

    Raises NotFound for the brand and that sale.
    """
    brand = get_brand(session, brand_id)
    sales = select(Sale).where(Sale.brand_id == brand.id)
    if after is not None:
        occurred_at = session.scalar(select(Sale.occurred_at).where(Sale.id == after))
        if occurred_at is None:
            raise NotFound(f"There is no sale {after}.")
        last = tuple_(literal(occurred_at, Sale.occurred_at.type), literal(after))
        sales = sales.where(tuple_(Sale.occurred_at, Sale.id) < last)
    return session.scalars(sales.order_by(Sale.occurred_at.desc(), Sale.id.desc()).limit(limit)).all()


def find_sale(session: Session, brand_id: str, order_id: str, namespace: str | None = None) -> Sale:
    """The sale of an order, by the order's id, else by another name such as its payment or number.

    Raises NotFound, and SeveralNamespaces when several namespaces of the brand have such an order.
    """
    brand = get_brand(session, brand_id)
    query = select(Sale).where(Sale.id.in_(sales_with_name(order_id, brand.id)))
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


def sales_with_name(name: str, brand_id: str | None = None) -> CompoundSelect[str]:
    """Query: ids of the sales whose order has this id or this other name, of one brand or of all.

    Two look-ups in unique keys, from the few namespaces of the sources. One condition with OR would read all
    sales of the brand.
    """
    namespaces = select(Source.brand_id, Source.namespace)
    if brand_id is not None:
        namespaces = namespaces.where(Source.brand_id == brand_id)
    by_id = select(Sale.id).where(
        tuple_(Sale.brand_id, Sale.namespace).in_(namespaces), Sale.order_id == name
    )
    is_same_order = and_(
        Sale.brand_id == OrderReference.brand_id,
        Sale.namespace == OrderReference.namespace,
        Sale.order_id == OrderReference.order_id,
    )
    by_reference = (
        select(Sale.id)
        .join(OrderReference, is_same_order)
        .where(
            tuple_(OrderReference.brand_id, OrderReference.namespace).in_(namespaces),
            OrderReference.reference == name,
        )
    )
    return union(by_id, by_reference)
