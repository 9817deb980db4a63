"""Shops report an order repeatedly; data that does not affect money may change between the reports."""

from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from tests.cast.shop import Shop, sale
from tests.tracker.sales.inbox.test_concurrency import states
from tests.tracker.sales.orders.test_stripe_references import LATER
from tests.tracker.sales.payloads_read import payload, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.orders.models import Refund, Sale
from tracker.sales.orders.queries import find_sale

SECRET = "an-example-of-a-secret"


@pytest.fixture
def woo(shop: Shop) -> str:
    return shop.connect("woocommerce", SECRET)


def send_update(shop: Shop, source_id: str, name: str, **changes: Any) -> ReceiveResult:
    body = raw(payload(f"woocommerce_order_{name}", **changes))
    return shop.send_raw(body, source_id=source_id, topic="order.updated", now=LATER)


def amounts(databases: Databases) -> tuple[list[int], list[int]]:
    """The amounts of all sales and of all refunds, in minor units."""
    with read_session(databases.main) as session:
        sold = list(session.scalars(select(Sale.total_minor)))
        return sold, sorted(session.scalars(select(Refund.amount_minor)))


def _line(order: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    [first, *rest] = order["line_items"]
    return [first | changes, *rest]


def _billing(order: dict[str, Any]) -> dict[str, Any]:
    billing: dict[str, Any] = order["billing"]
    return billing | {"email": "erika.muster@customers.example"}


PART = payload("woocommerce_order_refunded_in_part")


@pytest.mark.parametrize(
    "changed",
    [
        {"line_items": _line(PART, sku="TEA-1-NEW")},
        {"line_items": _line(PART, sku="", product_id=0)},
        {"billing": _billing(PART)},
        {"customer_id": 12},
    ],
    ids=["SKU changed", "product deleted", "address corrected", "guest became a customer"],
)
def test_a_refund_is_booked_although_other_data_changed_since_the_sale(
    shop: Shop, databases: Databases, woo: str, changed: dict[str, Any]
) -> None:
    """WooCommerce sends the current SKU and customer with every update of an old order."""
    send_update(shop, woo, "processing")
    received = send_update(shop, woo, "refunded_in_part", **changed)

    assert (received.state, received.reason) == ("applied", f"already booked by {_first_event_id(databases)}")
    assert amounts(databases) == ([11305], [900, 4284])


def _first_event_id(databases: Databases) -> str:
    with read_session(databases.main) as session:
        return session.scalars(select(Sale.event_id)).one()


def test_a_changed_line_amount_is_a_conflict(shop: Shop) -> None:
    shop.send("sale.created", sale(items=[{"sku": "A1", "quantity": 1, "net": 9500}]))
    other = shop.send("sale.created", sale(items=[{"sku": "A1", "quantity": 1, "net": 9400}]))

    assert other.state == "parked"
    assert (other.reason or "").endswith("differs: items.")


def test_an_order_that_is_completed_before_its_payment_date_is_set_is_booked_once(
    shop: Shop, databases: Databases, woo: str
) -> None:
    """For orders without shipping, WooCommerce sets the payment date only when the order is completed."""
    send_update(shop, woo, "processing", date_paid_gmt=None)
    send_update(shop, woo, "processing", status="completed", date_paid_gmt="2025-11-01T18:00:00")
    send_update(shop, woo, "refunded_in_part", date_paid_gmt="2025-11-01T18:00:00")

    assert states(databases) == {"applied": 3}
    assert amounts(databases) == ([11305], [900, 4284])


def test_a_completed_order_without_a_payment_date_is_booked(
    shop: Shop, databases: Databases, woo: str
) -> None:
    send_update(shop, woo, "processing", status="completed", date_paid_gmt=None)
    send_update(shop, woo, "refunded_in_part", date_paid_gmt=None)

    assert states(databases) == {"applied": 2}
    assert amounts(databases) == ([11305], [900, 4284])


def test_an_order_id_takes_precedence_over_another_orders_number(
    shop: Shop, databases: Databases, woo: str
) -> None:
    for order_id in (727, 728):
        send_update(shop, woo, "processing", id=order_id, number=str(order_id - 1))

    with read_session(databases.main) as session:
        found = {name: find_sale(session, shop.brand_id, name).order_id for name in ("726", "727", "728")}
    assert found == {"726": "727", "727": "727", "728": "728"}
