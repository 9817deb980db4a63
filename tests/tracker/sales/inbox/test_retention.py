"""Bodies of old messages are emptied; their reports and ids stay stored."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.shop import RECEIVED_AT, Shop, envelope, refund, sale
from tests.tracker.sales.inbox.test_apply_or_park import count
from tests.tracker.sales.payloads_read import event, payload, payload_names, raw
from tracker.sales.inbox import jobs
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, replay, unapplied_ids
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.retention import empty_bodies, old_bodies
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.orders.models import Refund, Sale

LATER, AFTER, NOW = (RECEIVED_AT + timedelta(days=days) for days in (10, 30, 400))
YOUNGER = {"SaleReport": ("ordered_at", "version_at", "excluded"), "RefundReport": ("items", "excluded")}
SECRET = "whsec_ExampleOfThisYear000000000000"
SHOPS = ("stripe", "shopify", "woocommerce", "lemonsqueezy")
TOPICS = {
    "shopify_orders_paid": "orders/paid",
    "shopify_orders_cancelled": "orders/cancelled",
    "shopify_refunds_create": "refunds/create",
    "woocommerce_order_deleted": "order.deleted",
}


def empty_old(databases: Databases, before: datetime = AFTER) -> int:
    return jobs.empty_old_events(databases.main, before, NOW, lambda: None)


def dismiss_all(session: Session) -> None:
    for event_id in unapplied_ids(session):
        dismiss(session, event_id, reason="a test")


def stored_event(databases: Databases, received: ReceiveResult) -> Event:
    with read_session(databases.main) as session:
        return session.get_one(Event, received.event_id)


def test_emptying_keeps_hash_ids_and_normal_form(shop: Shop, databases: Databases) -> None:
    source_id = shop.connect("shopify", "shpss_0123456789abcdef0123456789abcdef")
    received = shop.send_raw(raw(payload("shopify_orders_paid")), source_id=source_id, topic="orders/paid")
    before = stored_event(databases, received)
    assert (b"address1" in before.body, before.normal) == (True, None)

    assert empty_old(databases) == 1
    after = stored_event(databases, received)
    assert (after.body, after.emptied_at) == (b"", NOW)
    for name in ("id", "external_id", "body_hash", "topic", "type", "order_id", "state", "applied_at"):
        assert getattr(after, name) == getattr(before, name)
    assert after.normal is not None
    [[kind, report]] = after.normal
    with read_session(databases.main) as session:
        [booked] = session.scalars(select(Sale))
    assert (kind, report["total"], report["order_id"]) == ("SaleReport", booked.total_minor, booked.order_id)
    assert (report["items"], report["customer_email_hash"]) == (booked.items, booked.customer_email_hash)


def test_no_name_address_or_email_is_stored_after_emptying(shop: Shop, databases: Databases) -> None:
    for kind in SHOPS:
        source_id = shop.connect(kind, SECRET)
        for name in payload_names(kind):
            topic = TOPICS.get(name, "order.updated")
            shop.send_raw(raw(payload(name)), source_id=source_id, topic=topic, now=LATER)
    transact(databases.main, dismiss_all)
    private = (b"Erika", b"Muster", b"Beispielweg", b"Berlin", b"customers.example")
    with read_session(databases.main) as session:
        bodies = session.scalars(select(Event.body)).all()
    assert all(any(part in body for body in bodies) for part in private)

    assert empty_old(databases) == len(bodies)
    with read_session(databases.main) as session:
        left = json.dumps(session.scalars(select(Event.normal)).all()).encode()
    assert [part for part in private if part in left] == []


def test_recent_and_unapplied_events_keep_their_body(shop: Shop, databases: Databases) -> None:
    recent = shop.send("sale.created", sale(), now=AFTER)
    parked = shop.send("refund.created", refund(order_id="1002"))
    shop.send("sale.created", sale(order_id="1003"), key="twice")
    conflict = shop.send("refund.created", refund(order_id="1003"), key="twice")
    assert [parked.state, conflict.state] == ["parked", "conflict"]

    assert empty_old(databases) == 1
    for received in (recent, parked, conflict):
        assert stored_event(databases, received).body
    transact(databases.main, lambda s: dismiss(s, parked.event_id, reason="a mistake"))
    replayed = transact(databases.main, lambda s: replay(s, NOW, conflict.event_id, keys=shop.keys))
    assert (replayed.state, count(databases, Refund)) == ("applied", 1)
    assert empty_old(databases) == 2


def test_an_emptied_message_is_deduplicated_by_bytes_and_by_content(shop: Shop, databases: Databases) -> None:
    first = shop.send("sale.created", sale(coupons=["ANNA10"]), key="m1")
    empty_old(databases)

    same = shop.send("sale.created", sale(coupons=["ANNA10"]), key="m1", now=NOW)
    other_envelope = envelope("sale.created", sale(coupons=["ANNA10"]), timestamp="2026-11-01T10:00:00Z")
    rewritten = shop.send_raw(other_envelope, key="m1", now=NOW)
    expected = ReceiveResult(first.event_id, "applied", None, duplicate=True)
    assert [same, rewritten] == [expected, expected]

    other = shop.send("sale.created", sale(coupons=["ANNA10"], total=12000), key="m1", now=NOW)
    assert other.state == "conflict"
    assert count(databases, Sale) == 1


@pytest.mark.parametrize("kind", SHOPS)
def test_every_emptied_payload_is_deduplicated_in_any_formatting(
    shop: Shop, databases: Databases, kind: str
) -> None:
    source_id = shop.connect(kind, SECRET)

    def send(name: str, body: bytes, now: datetime) -> ReceiveResult:
        topic = TOPICS.get(name, "order.updated") if kind_of(kind).topic_example else None
        return shop.send_raw(body, key=name, source_id=source_id, topic=topic, now=now)

    first = {name: send(name, raw(payload(name)), LATER) for name in payload_names(kind)}
    transact(databases.main, dismiss_all)
    assert empty_old(databases) == len(first)

    for name, received in first.items():
        again = send(name, json.dumps(payload(name), indent=1).encode(), NOW)
        assert (again.event_id, again.duplicate) == (received.event_id, True), name


def test_an_emptied_message_without_effect_is_recognised_although_its_words_were_improved(
    shop: Shop, databases: Databases
) -> None:
    source_id = shop.connect("shopify", SECRET)
    received = shop.send_raw(b'{"id": 1}', key="m1", source_id=source_id, topic="products/update")
    assert received.reason_code == "topic_ignored"
    empty_old(databases)
    normal = [["NoEffect", {"reason": "words of an older version"}]]
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(normal=normal))

    again = shop.send_raw(b'{ "id": 1 }', key="m1", source_id=source_id, topic="products/update", now=NOW)
    assert (again.event_id, again.duplicate) == (received.event_id, True)


def test_an_event_that_was_emptied_before_lines_had_more_fields_is_deduplicated(
    shop: Shop, databases: Databases
) -> None:
    """Its normal form lacks the fields that were ignored then, in the report and in its lines."""
    line = {"sku": "A1", "quantity": 1, "net": 9500, "id": "L1", "cost": 5}
    younger = {
        "items": [line],
        "ordered_at": "2025-10-31T10:00:00Z",
        "excluded": [{"kind": "tip", "amount": 1}],
    }
    sent = {
        "m1": ("sale.created", sale(**younger)),
        "m2": ("refund.created", refund(items=[line | {"net": 1000}])),
    }
    first = {key: shop.send(kind, data, key=key) for key, (kind, data) in sent.items()}
    empty_old(databases)
    with Session(databases.main) as session, session.begin():
        for event in session.scalars(select(Event)):
            [[kind, report]] = event.normal or []
            former = {name: value for name, value in report.items() if name not in YOUNGER[kind]}
            if kind == "SaleReport":
                former["items"] = [{"sku": "A1", "quantity": 1, "net": 9500}]
            event.normal = [[kind, former]]

    for key, (kind, data) in sent.items():
        again = shop.send_raw(envelope(kind, data, timestamp="2026-11-01T10:00:00Z"), key=key, now=NOW)
        assert (again.event_id, again.duplicate) == (first[key].event_id, True)
    lines = [{**line, "net": 9400}]
    other = shop.send("sale.created", sale(**younger | {"items": lines}), key="m1", now=NOW)
    assert other.state == "conflict"


def test_replay_does_not_change_an_emptied_event(shop: Shop, databases: Databases) -> None:
    applied = shop.send("sale.created", sale())
    empty_old(databases)

    again = transact(databases.main, lambda s: replay(s, NOW, applied.event_id, keys=shop.keys))
    assert again == ReceiveResult(applied.event_id, "applied", None, duplicate=True)
    assert (stored_event(databases, applied).state, count(databases, Sale)) == ("applied", 1)


def test_a_dismissed_and_emptied_event_is_not_applied_when_its_sale_arrives(
    shop: Shop, databases: Databases
) -> None:
    source_id = shop.connect("stripe", SECRET)
    parked = shop.send_raw(raw(event("stripe_refund_created")), source_id=source_id)
    transact(databases.main, lambda s: dismiss(s, parked.event_id, reason="a mistake"))
    empty_old(databases)
    shop.send_raw(raw(event("stripe_session_paid")), source_id=source_id, now=NOW)
    assert (count(databases, Sale), count(databases, Refund)) == (1, 0)


def test_bodies_are_emptied_in_batches_oldest_first(shop: Shop, databases: Databases) -> None:
    for number in range(5):
        at = RECEIVED_AT + timedelta(minutes=5 - number)
        shop.send("sale.created", sale(order_id=str(number)), now=at)

    def batch() -> list[str]:
        with read_session(databases.main) as session:
            old = old_bodies(session, AFTER, 2)
        assert transact(databases.main, lambda s: empty_bodies(s, NOW, old)) == len(old)
        assert transact(databases.main, lambda s: empty_bodies(s, NOW, old)) == 0
        with read_session(databases.main) as session:
            ids = [each.event_id for each in old]
            return [order for each in ids if (order := session.get_one(Event, each).order_id)]

    assert [batch() for _ in range(4)] == [["4", "3"], ["2", "1"], ["0"], []]


def test_the_job_renews_its_lease_before_each_batch(
    shop: Shop, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH_SIZE", 2)
    for number in range(5):
        shop.send("sale.created", sale(order_id=str(number)))
    renewals: list[bool] = []
    assert jobs.empty_old_events(databases.main, AFTER, NOW, lambda: renewals.append(True)) == 5
    assert len(renewals) == 4
