"""Interrupted and repeated deliveries of one scenario; tests/scenarios has the orders of complete ones."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from config.database import Databases, read_session
from tests.cast.shop import Shop, cancellation, dispute, refund, sale
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, Sale

Message = tuple[str, str, dict[str, Any]]

SCENARIO: list[Message] = [
    ("m1", "sale.created", sale()),
    ("m2", "sale.created", sale()),
    ("m3", "refund.created", refund("r1")),
    ("m4", "refund.created", refund("r2", amount=500, tax=80)),
    ("m5", "order.cancelled", cancellation()),
    ("m6", "dispute.updated", dispute("opened")),
    ("m7", "dispute.updated", dispute("lost")),
    ("m8", "dispute.updated", dispute("won", occurred_at="2025-11-01T11:00:00Z")),
    ("m9", "refund.created", refund("r3", currency="USD")),
    ("m10", "refund.created", refund("r1")),
]


def deliver(shop: Shop, order_id: str, deliveries: Iterable[Message]) -> None:
    """Deliver the messages for one order; many orders of one shop may have the same scenario."""
    for key, kind, data in deliveries:
        shop.send(kind, {**data, "order_id": order_id}, key=f"{order_id}-{key}")


def fingerprint_of(databases: Databases, order_id: str) -> list[str]:
    """Everything that the events report about one order, without ids and the order of arrival."""
    with read_session(databases.main) as session:
        sales = select(Sale.id).where(Sale.order_id == order_id)
        queries = (
            select(
                Sale.total_minor, Sale.tax_minor, Sale.shipping_minor, Sale.currency, Sale.occurred_at
            ).where(Sale.order_id == order_id),
            select(Refund.refund_id, Refund.amount_minor, Refund.tax_minor, Refund.occurred_at).where(
                Refund.sale_id.in_(sales)
            ),
            select(Cancellation.occurred_at).where(Cancellation.sale_id.in_(sales)),
            select(DisputeStatus.dispute_id, DisputeStatus.status, DisputeStatus.occurred_at).where(
                DisputeStatus.sale_id.in_(sales)
            ),
            select(Event.external_id, Event.state).where(Event.order_id == order_id),
        )
        rows = [str(tuple(row)) for query in queries for row in session.execute(query)]
        return sorted(row.replace(f"'{order_id}-", "'") for row in rows)


def test_redelivering_any_prefix_in_reverse_changes_nothing(shop: Shop, databases: Databases) -> None:
    for length in range(1, len(SCENARIO) + 1):
        prefix = SCENARIO[:length]
        deliver(shop, f"once {length}", prefix)
        deliver(shop, f"twice {length}", [*prefix, *reversed(prefix)])

        assert fingerprint_of(databases, f"once {length}") == fingerprint_of(databases, f"twice {length}")
