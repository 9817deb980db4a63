"""Late or wrongly dated orders of each kind of shop are treated like those of any source."""

from typing import Any

import pytest
from sqlalchemy import func, select

from config.database import read_session
from payouts.commissions.models import Commission
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.tracker.sales.payloads_read import event, lemon, payload, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.sources.operations import create_source, get_source

KINDS = pytest.mark.parametrize("kind", ["stripe", "shopify", "woocommerce", "lemonsqueezy"])


def order_of(kind: str, sold: str, token: str) -> tuple[dict[str, Any], str | None]:
    """The message, with the time where each kind of shop writes it, and the message's topic."""
    at_that_time = at(sold)
    if kind == "stripe":
        paid_at = int(at_that_time.timestamp())
        return event("stripe_session_paid", at=paid_at, client_reference_id=token), None
    if kind == "shopify":
        note = [{"name": "ll", "value": token}]
        written = at_that_time.isoformat()
        return payload("shopify_orders_paid", processed_at=written, note_attributes=note), "orders/paid"
    if kind == "lemonsqueezy":
        return lemon("order_created", custom={"ll": token}, created_at=at_that_time.isoformat()), None
    meta, written = [{"id": 9, "key": "_ll", "value": token}], f"{at_that_time:%Y-%m-%dT%H:%M:%S}"
    return payload("woocommerce_order_processing", date_paid_gmt=written, meta_data=meta), "order.updated"


def reported(books: Books, kind: str, sold: str, now: str) -> ReceiveResult:
    keys = books.settings.secret_keys
    order, topic = order_of(kind, sold, books.click(books.link_id, sold))

    def work(session: Any) -> ReceiveResult:
        made, _secret = create_source(
            session, at("09-01"), actor=PERSON, brand_id=books.brand_id, kind=kind, keys=keys
        )
        source = get_source(session, made.id)
        return receive(session, at(now), source, "m1", raw(order), keys=keys, topic=topic)

    received: ReceiveResult = books.write(work)
    books.run_jobs(at(now))
    return received


@KINDS
def test_order_dated_long_before_the_brand_is_parked_and_stores_no_order(books: Books, kind: str) -> None:
    received = reported(books, kind, "2001-01-05T12:00:00", "10-02")
    assert received.state == "parked"
    assert "is dated 2001-01-05T12:00:00Z, more than 31 days before the brand" in (received.reason or "")
    with read_session(books.databases.main) as session:
        for table in (Sale, OrderReference):
            assert session.scalar(select(func.count()).select_from(table)) == 0


@KINDS
def test_late_order_is_held_for_a_week_after_its_report(books: Books, kind: str) -> None:
    assert reported(books, kind, "09-05", "11-20").state == "applied"
    with read_session(books.databases.main) as session:
        assert session.scalars(select(Commission.release_at)).all() == [at("11-27")]
    assert books.balance().payable_minor == 0
    books.run_jobs(at("11-27 12:01"))
    assert books.balance().payable_minor == 9_00
