"""The inbox: messages are stored unchanged, and applied completely and once, or parked with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import PERSON
from tests.cast.shop import RECEIVED_AT, Shop, cancellation, create_shop, dispute, envelope, refund, sale
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult, unapplied_ids
from tracker.sales.inbox.models import Event
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, Sale
from tracker.sales.sources.operations import create_source


def count(databases: Databases, table: Any) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def events(databases: Databases) -> list[Event]:
    with Session(databases.main, expire_on_commit=False) as session:
        return list(session.scalars(select(Event).order_by(Event.received_at, Event.id)))


def test_a_sale_is_stored_byte_for_byte_and_booked(shop: Shop, databases: Databases) -> None:
    body = envelope(
        "sale.created", sale(customer="opaque", items=[{"sku": "A1", "quantity": 1, "net": 9500}])
    )
    received = shop.send_raw(body, key="msg_1")

    assert (received.state, received.reason, received.duplicate) == ("applied", None, False)
    [event] = events(databases)
    assert (event.body, event.external_id, event.type, event.order_id) == (
        body,
        "msg_1",
        "sale.created",
        "1001",
    )
    with read_session(databases.main) as session:
        booked = session.scalars(select(Sale)).one()
        assert (booked.total_minor, amounts_of(booked).net, booked.currency, booked.test) == (
            11900,
            9500,
            "EUR",
            False,
        )
        assert booked.event_id == received.event_id
        assert booked.items == [{"sku": "A1", "quantity": 1, "net": 9500}]


def test_the_same_message_again_changes_nothing(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale(), key="msg_1")
    again = shop.send("sale.created", sale(), key="msg_1")

    assert again == ReceiveResult(first.event_id, "applied", None, duplicate=True)
    assert (count(databases, Event), count(databases, Sale), count(databases, Attribution)) == (1, 1, 1)


def test_a_message_with_another_envelope_time_is_a_duplicate(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale(), key="msg_1")
    again = shop.send_raw(envelope("sale.created", sale(), "2025-11-01T10:07:00Z"), key="msg_1")

    assert (again.event_id, again.duplicate) == (first.event_id, True)
    assert count(databases, Event) == 1


def test_the_same_key_with_other_content_is_stored_but_not_applied(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale(), key="msg_1")
    other = shop.send("sale.created", sale(order_id="1002"), key="msg_1")
    again = shop.send("sale.created", sale(order_id="1002"), key="msg_1")

    assert other.state == "conflict"
    assert first.event_id in (other.reason or "")
    assert (again.event_id, again.duplicate) == (other.event_id, True)
    assert count(databases, Sale) == 1
    [stored] = [event for event in events(databases) if event.id == other.event_id]
    assert stored.external_id == f"msg_1#{stored.body_hash[:16]}"


def test_the_same_sale_under_another_key_is_a_duplicate_that_names_the_first(
    shop: Shop, databases: Databases
) -> None:
    first = shop.send("sale.created", sale())
    again = shop.send("sale.created", sale())

    assert (again.state, again.reason) == ("applied", f"already booked by {first.event_id}")
    assert count(databases, Sale) == 1


def test_the_same_order_with_other_amounts_is_parked_with_both_values(
    shop: Shop, databases: Databases
) -> None:
    shop.send("sale.created", sale())
    other = shop.send("sale.created", sale(total=12900, customer="private"))

    assert other.state == "parked"
    assert "total is 12900, booked is 11900" in (other.reason or "")
    assert "private" not in (other.reason or "")
    assert count(databases, Sale) == 1


@pytest.mark.parametrize(
    ("body", "reason", "kind", "order_id"),
    [
        (envelope("sale.created", sale(total=-5)), "data.total is -5", "sale.created", "1001"),
        (envelope("sale.created", sale(currency="EURO")), "data.currency", "sale.created", "1001"),
        (envelope("sale.created", sale(order_id=5)), "data.order_id must be a text", "sale.created", None),
        (envelope("order.shipped", sale()), "Nothing is done for messages of type", "order.shipped", None),
        (b'{"type": "sale.created", "data": {"total": NaN}}', "NaN", None, None),
        (b"\x00\xff", "not UTF-8", None, None),
        (b"", "not JSON", None, None),
        (envelope("sale.created", sale(coupons=["a\x00b"])), "data.coupons", "sale.created", "1001"),
        (envelope("sale.created\x00", sale()), "type must be one of", None, None),
    ],
)
def test_an_invalid_message_is_stored_with_its_reason(
    shop: Shop, databases: Databases, body: bytes, reason: str, kind: str | None, order_id: str | None
) -> None:
    received = shop.send_raw(body)

    assert received.state == "parked"
    assert reason in (received.reason or "")
    [event] = events(databases)
    assert (event.body, event.type, event.order_id, event.applied_at) == (body, kind, order_id, None)
    assert count(databases, Sale) == 0


@pytest.mark.parametrize(
    ("kind", "data", "table"),
    [
        ("refund.created", refund(), Refund),
        ("dispute.updated", dispute(), DisputeStatus),
        ("order.cancelled", cancellation(), Cancellation),
    ],
)
def test_an_event_before_its_sale_is_parked_and_applied_with_it(
    shop: Shop, databases: Databases, kind: str, data: dict[str, Any], table: Any
) -> None:
    early = shop.send(kind, data)
    assert (early.state, early.reason) == ("parked", "waiting for order 1001")
    with read_session(databases.main) as session:
        assert unapplied_ids(session) == [early.event_id]

    shop.send("sale.created", sale(), now=RECEIVED_AT + timedelta(hours=1))

    assert count(databases, table) == 1
    assert [event.state for event in events(databases)] == ["applied", "applied"]


def test_a_sale_of_another_order_does_not_apply_a_parked_event(shop: Shop, databases: Databases) -> None:
    shop.send("refund.created", refund())
    shop.send("sale.created", sale(order_id="1002"))

    assert count(databases, Refund) == 0


def test_a_parked_event_that_cannot_be_applied_does_not_block_the_sale(
    shop: Shop, databases: Databases
) -> None:
    early = shop.send("refund.created", refund(currency="USD"))
    booked = shop.send("sale.created", sale())

    assert booked.state == "applied"
    [parked] = [event for event in events(databases) if event.id == early.event_id]
    assert parked.state == "parked"
    assert "data.currency is USD, but order 1001 was paid in EUR" in (parked.reason or "")


@pytest.mark.parametrize("kind_and_data", [("refund.created", refund()), ("dispute.updated", dispute())])
def test_the_same_id_with_another_amount_is_parked(
    shop: Shop, databases: Databases, kind_and_data: tuple[str, dict[str, Any]]
) -> None:
    kind, data = kind_and_data
    shop.send("sale.created", sale())
    first = shop.send(kind, data)
    same = shop.send(kind, data)
    other = shop.send(kind, {**data, "amount": 7})

    assert same.reason == f"already booked by {first.event_id}"
    assert other.state == "parked"
    assert "with other content" in (other.reason or "")


def test_sources_that_share_a_namespace_report_one_order_once(shop: Shop, databases: Databases) -> None:
    first, second = (
        transact(
            databases.main,
            lambda session: create_source(
                session,
                RECEIVED_AT,
                actor=PERSON,
                brand_id=shop.brand_id,
                kind="standard",
                namespace="orders",
                keys=shop.keys,
            ),
        )[0]
        for _ in range(2)
    )
    shop.send("refund.created", refund(), source_id=second.id)
    shop.send("sale.created", sale(), source_id=first.id)
    shop.send("sale.created", sale(), source_id=second.id)
    shop.send("sale.created", sale())

    assert count(databases, Sale) == 2  # one in the shared namespace, one in the source's own
    assert count(databases, Refund) == 1


def test_orders_of_two_brands_are_independent(shop: Shop, settings: Settings, databases: Databases) -> None:
    other = create_shop(settings, databases, "Bikes")
    other.send("refund.created", refund())
    shop.send("sale.created", sale())

    assert count(databases, Refund) == 0


def test_an_unreadable_token_is_a_losing_candidate(shop: Shop, databases: Databases) -> None:
    received = shop.send("sale.created", sale(click="forged", touches=["\x00", "forged"]))

    assert received.state == "applied"
    [attribution] = shop.attributions()
    assert attribution.enrollment_id is None
    assert [each["reason"] for each in attribution.candidates] == [
        "The token was not made here, or was altered."
    ] * 2
