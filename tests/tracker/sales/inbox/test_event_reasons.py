"""Events store why they were not applied, or not counted, as a code with parameters beside the words."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.api import Terminal
from tests.cast.shop import RECEIVED_AT, Shop, cancellation, dispute, envelope, refund, sale
from tests.tracker.sales.inbox.test_replay import allow_attributions, refuse_attributions, replayed
from tests.tracker.sales.inbox.test_retention import LATER, SECRET, SHOPS, TOPICS
from tests.tracker.sales.orders.test_supporting import (
    PAYMENT,
    create_supporting_source,
    paid_session,
    send_sale,
)
from tests.tracker.sales.payloads_read import payload, payload_names, raw
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import TEXTS
from tracker.sales.inbox.apply_or_park import dismiss, receive_arrival
from tracker.sales.inbox.models import Event


def reason_of(databases: Databases, event_id: str) -> tuple[str | None, str | None, dict[str, Any] | None]:
    with read_session(databases.main) as session:
        event = session.get_one(Event, event_id)
        return event.reason, event.reason_code, event.reason_parameters


def remove_codes(databases: Databases) -> None:
    """Make all events those of a version without codes."""
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(reason_code=None, reason_parameters=None))


def require_codes(databases: Databases) -> None:
    """Assert that every reason has a code whose words are the stored ones."""
    with read_session(databases.main) as session:
        rows = session.execute(select(Event.reason, Event.reason_code, Event.reason_parameters)).all()
    for words, code, parameters in rows:
        assert (code is None) == (parameters is None) == (words is None)
        assert words is None or TEXTS.shown("not rendered", code, parameters) == words


LATE = sale(occurred_at="2001-01-01T00:00:00Z", order_id="1002")


@pytest.mark.parametrize(
    ("kind", "data", "code", "named"),
    [
        ("refund.created", refund(order_id="9"), "waiting_for_order", {"names": ["9"], "source": None}),
        (
            "refund.created",
            refund("r2", currency="USD"),
            "currency_differs",
            {"order": "1001", "currency": "USD", "order_currency": "EUR"},
        ),
        (
            "sale.created",
            LATE,
            "dated_before_brand",
            {"order": "1002", "occurred_at": "2001-01-01T00:00:00Z"},
        ),
        ("sale.created", sale(total=7000), "sale_differs", {"order": "1001"}),
        ("refund.created", refund(amount=7), "refund_differs", {"refund": "r1", "order": "1001"}),
        ("dispute.updated", dispute(amount=7), "dispute_differs", {"dispute": "d1", "status": "opened"}),
        ("sale.created", sale(total=-5), "invalid_field", {"field": "data.total"}),
        ("order.shipped", sale(), "invalid_message", {}),
        ("sale.created", sale(), "already_booked", {"revision": None}),
        ("refund.created", refund(), "already_booked", {"revision": None}),
        ("order.cancelled", cancellation(), "already_cancelled", {}),
    ],
)
def test_each_reason_is_stored_with_its_code(
    shop: Shop, databases: Databases, kind: str, data: dict[str, Any], code: str, named: dict[str, Any]
) -> None:
    for first_kind, first in (
        ("sale.created", sale()),
        ("refund.created", refund()),
        ("dispute.updated", dispute()),
        ("order.cancelled", cancellation()),
    ):
        assert shop.send(first_kind, first).reason_code is None
    received = shop.send(kind, data)
    words, stored_code, parameters = reason_of(databases, received.event_id)
    assert (stored_code, words) == (code, received.reason)
    assert parameters is not None
    assert named.items() <= parameters.items()
    assert (received.reason_code, received.reason_parameters) == (code, parameters)
    require_codes(databases)


def test_a_sale_that_differs_names_each_field_with_both_values(shop: Shop, databases: Databases) -> None:
    items = [{"sku": "A1", "quantity": 1, "net": 9500}]
    first = shop.send("sale.created", sale(items=items))
    later = "2025-11-01T10:00:01Z"
    received = shop.send("sale.created", sale(occurred_at=later, total=12900, test=True))
    _words, _code, parameters = reason_of(databases, received.event_id)
    assert parameters == {
        "order": "1001",
        "event": first.event_id,
        "differences": [
            {
                "field": "occurred_at",
                "reported": "2025-11-01T10:00:01+00:00",
                "booked": "2025-11-01T10:00:00+00:00",
            },
            {"field": "total", "reported": 12900, "booked": 11900},
            {"field": "test", "reported": True, "booked": False},
            {"field": "items"},
        ],
    }
    require_codes(databases)


def test_new_evidence_is_part_of_the_reason(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale())
    again = shop.send("sale.created", sale(click=shop.token("bob")))
    assert (again.reason_code, again.reason_parameters) == (
        "already_booked",
        {"event": first.event_id, "revision": 2},
    )
    assert again.reason == f"already booked by {first.event_id}; its new evidence made attribution 2"


def test_a_used_id_and_an_internal_error_have_codes(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale(), key="m1")
    conflict = shop.send("sale.created", sale(total=7000), key="m1")
    assert (conflict.reason_code, conflict.reason_parameters) == ("id_used_before", {"event": first.event_id})
    refuse_attributions(databases)
    failed = shop.send("sale.created", sale(order_id="1002"))
    assert failed.reason_code == "internal_error"
    assert (failed.reason_parameters or {})["error"] in (failed.reason or "")
    allow_attributions(databases)
    require_codes(databases)
    assert reason_of(databases, replayed(shop, failed).event_id) == (None, None, None)


def test_notes_of_a_supporting_source_are_parts_of_one_reason(shop: Shop, databases: Databases) -> None:
    provider = create_supporting_source(shop)
    send_sale(shop, PAYMENT)
    session = paid_session(shop, amount_total=9999)
    received = shop.send_raw(raw(session), source_id=provider, now=LATER)
    assert (received.state, received.reason_code) == ("applied", "several_reasons")
    parts = (received.reason_parameters or {})["reasons"]
    assert [each["code"] for each in parts] == ["new_evidence", "total_differs"]
    require_codes(databases)


def test_every_payload_of_a_shop_stores_codes(shop: Shop, databases: Databases) -> None:
    for kind in SHOPS:
        source_id = shop.connect(kind, SECRET)
        for number, topic in enumerate((None, "app/uninstalled")):
            for name in payload_names(kind):
                shop.send_raw(
                    raw(payload(name)),
                    key=f"{name}-{number}",
                    source_id=source_id,
                    topic=topic or TOPICS.get(name, "order.updated"),
                    now=LATER,
                )
    require_codes(databases)
    with read_session(databases.main) as session:
        codes = set(session.scalars(select(Event.reason_code)))
    assert codes >= {EventReason.TOPIC_IGNORED, EventReason.ALREADY_BOOKED, None}


def test_a_repeated_message_returns_the_stored_code(shop: Shop) -> None:
    first = shop.send("refund.created", refund(), key="m1")
    again = shop.send("refund.created", refund(), key="m1")
    assert again.duplicate
    assert (again.reason, again.reason_code) == (first.reason, "waiting_for_order")
    assert again.reason_parameters == first.reason_parameters


def test_a_dismissed_event_has_the_words_of_the_person_and_the_reason_before(
    shop: Shop, databases: Databases
) -> None:
    parked = shop.send("refund.created", refund())
    transact(databases.main, lambda s: dismiss(s, parked.event_id, reason=" not ours "))
    words, code, parameters = reason_of(databases, parked.event_id)
    assert (words, code) == ("waiting for order 1001 [dismissed: not ours]", "dismissed")
    assert parameters == {
        "words": "not ours",
        "before": {
            "stored_words": "waiting for order 1001",
            "code": "waiting_for_order",
            "parameters": {"names": ["1001"], "source": None},
        },
    }
    require_codes(databases)


def test_old_events_without_codes_show_their_words_everywhere(
    shop: Shop, databases: Databases, terminal: Terminal
) -> None:
    parked = shop.send("refund.created", refund(order_id="9"), key="m1")
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(reason="words of its time"))
    remove_codes(databases)

    [listed] = terminal.ask("source", "events")
    assert (listed["reason"], listed["reason_code"]) == ("words of its time", None)
    again = shop.send("refund.created", refund(order_id="9"), key="m1")
    assert (again.reason, again.reason_code, again.reason_parameters) == ("words of its time", None, None)
    transact(databases.main, lambda s: dismiss(s, parked.event_id, reason="not ours"))
    [listed] = terminal.ask("source", "events")
    assert (listed["reason"], listed["reason_code"]) == (
        "words of its time [dismissed: not ours]",
        "dismissed",
    )


def test_an_old_event_gets_a_code_when_it_is_applied_again(shop: Shop, databases: Databases) -> None:
    parked = shop.send("refund.created", refund())
    remove_codes(databases)
    assert replayed(shop, parked).reason_code == "waiting_for_order"
    require_codes(databases)


def test_an_event_whose_words_an_older_process_updated_has_no_code(
    shop: Shop, databases: Databases, terminal: Terminal
) -> None:
    """Such a process runs during an upgrade and leaves the code of the former state."""
    parked = shop.send("refund.created", refund(), key="m1")
    [listed] = terminal.ask("source", "events")
    assert (listed["reason"], listed["reason_code"]) == ("waiting for order 1001", "waiting_for_order")
    assert listed["reason_parameters"] == {"names": ["1001"], "source": None}
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(reason="newer words"))
    expected = ("newer words", None, None)
    [listed] = terminal.ask("source", "events")
    assert (listed["reason"], listed["reason_code"], listed["reason_parameters"]) == expected
    again = shop.send("refund.created", refund(), key="m1")
    assert (again.reason, again.reason_code, again.reason_parameters) == expected
    transact(databases.main, lambda s: dismiss(s, parked.event_id, reason="not ours"))
    words, _code, parameters = reason_of(databases, parked.event_id)
    assert words == "newer words [dismissed: not ours]"
    assert parameters is not None
    assert parameters["before"] == {"stored_words": "newer words", "code": None, "parameters": None}


def test_a_parked_event_that_is_applied_has_no_reason_left(shop: Shop, databases: Databases) -> None:
    parked = shop.send("refund.created", refund())
    body = envelope("sale.created", sale())
    transact(databases.main, lambda session: _send_alone(session, shop, body))
    assert reason_of(databases, parked.event_id) == (None, None, None)


def _send_alone(session: Session, shop: Shop, body: bytes) -> None:
    from_shop = shop.arrival(body, "m2", now=RECEIVED_AT)
    assert receive_arrival(session, from_shop, shop.keys).state == "applied"
