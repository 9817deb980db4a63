"""Events of which nothing was applied yet, and the sales whose order they name.

A message may name its order by another name of it, such as its payment, and be kept under that name before
anybody can tell which order it is. So it is looked for by all the names of a sale's order.
"""

from sqlalchemy import Select, and_, select

from tracker.sales.inbox.models import UNAPPLIED, Event, EventName
from tracker.sales.integrations.kinds import FREELY_NAMING_KINDS
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.models import Source


def unapplied_by_sale() -> tuple[Select[str, str], ...]:
    """Each unsettled event's id beside that of the sale whose order it names.

    Queries to be united, over Sale, Event and Source: by the order's id, by another name of it, and by its
    payment, of messages of supporting sources, which wait under all their names. Unsettled events are few, so
    all start from them; asked sale by sale they would go through all of them for each.
    """
    of_its_shops = and_(
        Event.state.in_(UNAPPLIED),
        Event.source_id == Source.id,
        Source.brand_id == Sale.brand_id,
        Source.namespace == Sale.namespace,
    )
    # At the other kinds of shop an order's number may be another order's id.
    known_as = and_(
        Source.kind.in_(FREELY_NAMING_KINDS),
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == Event.order_id,
    )
    pairs = select(Sale.id.label("sale_id"), Event.id.label("event_id")).where(of_its_shops)
    paid_by = and_(
        EventName.event_id == Event.id,
        EventName.is_payment,
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == EventName.name,
    )
    return pairs.where(Event.order_id == Sale.order_id), pairs.where(known_as), pairs.where(paid_by)
