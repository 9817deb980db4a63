"""Events of which nothing was applied yet, and the sales whose order they name.

A message may name its order by another name of it, such as its payment, and be kept under that name before
anybody can tell which order it is. So a sale is asked for by all the names of its order.
"""

from sqlalchemy import ColumnElement, and_

from tracker.sales.models import UNSETTLED, Event, OrderReference, Sale, Source


def named_by_unsettled() -> tuple[ColumnElement[bool], ...]:
    """The ways in which an unsettled event names the order of a sale: by its id, and by another name of it.

    Each is a condition over Sale, Source and Event, the second over OrderReference too. They are apart,
    because each has an index of its own; a query that takes both finds an event twice.
    """
    of_its_sources = and_(
        Event.state.in_(UNSETTLED),
        Event.source_id == Source.id,
        Source.brand_id == Sale.brand_id,
        Source.namespace == Sale.namespace,
    )
    known_as = and_(
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == Event.order_id,
    )
    return and_(of_its_sources, Event.order_id == Sale.order_id), and_(of_its_sources, known_as)
