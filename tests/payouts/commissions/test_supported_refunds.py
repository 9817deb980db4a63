"""A refund that shop and provider both report is deducted once; until then its commission is not paid."""

from functools import partial
from typing import Any

import pytest

from config.database import read_session
from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from payouts.explain.order import as_text, explain
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.payouts.commissions.test_provider_refunds import PAYMENT, deliver, unix_time
from tests.tracker.sales.payloads_read import event
from tracker.errors import Gone
from tracker.sales.inbox.apply_or_park import dismiss
from tracker.sales.sources.operations import create_source, delete_source, get_live_source


def supporting_provider(books: Books) -> str:
    """A Stripe source that supports the shop's, which is the primary source."""
    values: dict[str, Any] = {"brand_id": books.brand_id, "kind": "stripe", "supports": books.source_id}
    made: str = books.write(
        lambda s: create_source(s, at("09-01"), actor=PERSON, **values, keys=books.settings.secret_keys)[0].id
    )
    return made


def parked_claim_of_deleted_provider(books: Books, order_id: str, when: str) -> None:
    """A refund claim and a parked message from a supporting source, which is deleted afterwards."""
    provider = supporting_provider(books)
    claim: dict[str, Any] = {"metadata": {"order_id": order_id}}
    assert deliver(books, provider, event("stripe_refund_created", **claim), when).state == "applied"
    elsewhere: dict[str, Any] = {"payment_intent": "pi_3Elsewhere", "charge": None}
    assert (
        deliver(books, provider, event("stripe_refund_created", key="evt_w", **elsewhere), when).state
        == "parked"
    )
    books.write(lambda s: delete_source(s, at(when), provider, actor=PERSON))


def report_sale_with_payment(books: Books) -> str:
    """A sale of 100.00 net at 10 % with its payment id. Returns the id of the supporting source."""
    books.sale("S1", 100_00, "10-01", references=[PAYMENT["payment_intent"]])
    return supporting_provider(books)


def refund(when: str) -> dict[str, Any]:
    values: dict[str, Any] = PAYMENT | {"amount": 20_00, "created": unix_time(when)}
    return event("stripe_refund_created", **values)


def test_refund_reported_by_shop_and_provider_is_deducted_once(books: Books) -> None:
    provider = report_sale_with_payment(books)
    books.refund("S1", 20_00, "10-05")
    assert deliver(books, provider, refund("10-05"), "10-05").state == "applied"
    assert books.balance().total_minor == 8_00
    assert books.faults() == []


def test_refund_reported_only_by_the_provider_holds_the_commission(books: Books) -> None:
    provider = report_sale_with_payment(books)
    books.run_jobs(at("11-02"))
    assert books.balance().payable_minor == 10_00
    claim = deliver(books, provider, refund("11-03"), "11-03")
    assert (books.balance().pending_minor, books.balance().payable_minor) == (10_00, 0)
    line = (
        f"Its commission is not released while {claim.event_id} is in state parked: "
        "20.00 EUR of order S1 went"
    )
    assert line in as_text(books.write(lambda s: explain(s, books.brand_id, "S1"))[0])

    books.refund("S1", 20_00, "11-04")
    books.run_jobs(at("11-04"))
    assert (books.balance().pending_minor, books.balance().payable_minor) == (0, 8_00)
    explanation = as_text(books.write(lambda s: explain(s, books.brand_id, "S1"))[0])
    reported = f"{provider} reported the refund re_3ExampleOne of 20.00 EUR"
    assert f"{reported}; it is not counted because another source is primary." in explanation
    assert claim.state == "parked"
    assert books.faults() == []


def test_dismissing_the_claim_releases_the_commission(books: Books) -> None:
    provider = report_sale_with_payment(books)
    claim = deliver(books, provider, refund("11-03"), "11-03")
    assert books.balance().payable_minor == 0
    books.write(partial(dismiss, event_id=claim.event_id, reason="a voucher instead"))
    books.run_jobs(at("11-04"))
    assert books.balance().payable_minor == 10_00


def test_dispute_reported_only_by_the_provider_holds_and_reverses(books: Books) -> None:
    provider = report_sale_with_payment(books)
    dispute: dict[str, Any] = PAYMENT | {"amount": 100_00, "created": unix_time("10-20")}
    deliver(books, provider, event("stripe_dispute_created", **dispute), "10-20")
    books.run_jobs(at("11-05"))
    assert books.balance().payable_minor == 0
    closing: dict[str, Any] = {"type": "charge.dispute.closed", "key": "evt_d2", "at": unix_time("11-10")}
    deliver(books, provider, event("stripe_dispute_created", **closing, **dispute, status="lost"), "11-10")
    assert books.balance().total_minor == 0
    assert books.faults() == []


def test_downgrade_to_a_schema_without_supporting_sources_closes_them(books: Books) -> None:
    """Without the column their reports would count in addition to those of the primary source."""
    provider, engine = supporting_provider(books), books.databases.main
    migrate_down(engine, MAIN, "0015")
    migrate_up(engine, MAIN)
    with read_session(engine) as session, pytest.raises(Gone):
        get_live_source(session.connection(), provider)
