"""A shop and its provider report one order: one is primary, the other adds names, touches and disputes."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, cancellation, refund, sale
from tests.tracker.sales.orders.test_stripe_references import LATER, SECRET, send
from tests.tracker.sales.payloads_read import event, payload
from tracker.sales.booking.models import RefundClaim
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import DisputeStatus, Refund, Sale
from tracker.sales.orders.queries import find_sale
from tracker.sales.sources.operations import create_source

PAYMENT, CHARGE, SESSION = "pi_3ExampleOrderOne", "ch_3ExampleOrderOne", "cs_live_a1ExampleSessionOfOrderOne"
TOTAL = 11305


def create_supporting_source(
    shop: Shop, kind: str = "stripe", supports: str | None = None, secret: str = SECRET
) -> str:
    """The id of a new source of the brand, which supports the given source or the shop's own."""

    def work(session: Session) -> str:
        created, _secret = create_source(
            session,
            START,
            actor=PERSON,
            brand_id=shop.brand_id,
            kind=kind,
            supports=supports or shop.source_id,
            secret=secret,
            keys=shop.keys,
        )
        return created.id

    return transact(shop.databases.main, work)


@pytest.fixture
def provider(shop: Shop) -> str:
    return create_supporting_source(shop)


def send_sale(shop: Shop, *names: str, **changes: Any) -> ReceiveResult:
    """Send the shop's own report of the sale, with these names as references."""
    return shop.send(
        "sale.created", sale(total=TOTAL, tax=1805, references=list(names), **changes), now=LATER
    )


def send_refund(shop: Shop, amount: int = 2000, refund_id: str = "ours-1") -> ReceiveResult:
    return shop.send("refund.created", refund(refund_id, amount=amount), now=LATER)


def rows_of_order(databases: Databases, table: type[Any], order_id: str = "1001") -> list[Any]:
    with read_session(databases.main) as session:
        return list(session.scalars(select(table).join(Sale).where(Sale.order_id == order_id)))


def state_of(databases: Databases, event_id: str) -> tuple[str, str | None]:
    with read_session(databases.main) as session:
        found = session.get_one(Event, event_id)
        return found.state, found.order_id


def paid_session(shop: Shop, owner: str = "anna", **changes: Any) -> dict[str, Any]:
    return event("stripe_session_paid", client_reference_id=shop.token(owner), **changes)


def test_a_provider_session_credits_the_shops_order_and_books_no_sale(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, paid_session(shop))
    assert (received.state, received.reason) == ("applied", "its evidence made attribution 2")
    assert shop.attributions()[-1].enrollment_id == shop.enrollments["anna"]
    with read_session(databases.main) as session:
        assert session.scalars(select(Sale.order_id)).all() == ["1001"]
        assert find_sale(session, shop.brand_id, SESSION).order_id == "1001"


@pytest.mark.parametrize("name", [PAYMENT, SESSION])
def test_a_parked_session_is_applied_to_the_shops_order_by_any_of_its_names(
    shop: Shop, provider: str, databases: Databases, name: str
) -> None:
    received = send(shop, provider, paid_session(shop))
    assert received.state == "parked"
    assert received.reason == f"waiting for order {SESSION} or {PAYMENT} of {shop.source_id}"
    send_sale(shop, name)
    assert state_of(databases, received.event_id) == ("applied", "1001")
    assert shop.attributions()[-1].enrollment_id == shop.enrollments["anna"]


def test_the_shops_order_id_may_be_in_the_metadata(shop: Shop, provider: str, databases: Databases) -> None:
    received = send(shop, provider, paid_session(shop, metadata={"order_id": "1001"}))
    send_sale(shop)
    assert state_of(databases, received.event_id) == ("applied", "1001")
    dispute = send(shop, provider, payload("stripe_dispute_created"))
    assert dispute.state == "applied"


def test_a_refund_reported_by_both_sources_counts_once(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    send_refund(shop)
    received = send(shop, provider, payload("stripe_refund_created"))
    assert received.state == "applied"
    assert received.reason == f"not counted: refunds of order 1001 are those of {shop.source_id}"
    assert [each.refund_id for each in rows_of_order(databases, Refund)] == ["ours-1"]
    assert [(each.kind, each.amount_minor) for each in rows_of_order(databases, RefundClaim)] == [
        ("refund", 2000)
    ]


def test_a_refund_unknown_to_the_shop_is_parked_until_reported(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, payload("stripe_refund_created"))
    assert received.state == "parked"
    assert received.reason is not None
    assert received.reason.startswith("20.00 EUR of order 1001 went back by this account, and 0.00 EUR by ")
    assert state_of(databases, received.event_id) == ("parked", "1001")
    send_refund(shop)
    assert state_of(databases, received.event_id) == ("applied", "1001")


def test_several_refunds_of_the_provider_may_match_one_of_the_shop(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    one = send(shop, provider, payload("stripe_refund_created"))
    two = send(shop, provider, event("stripe_refund_created", key="evt_r2", id="re_3Two", amount=500))
    send_refund(shop, 2000)
    states = {state_of(databases, each.event_id)[0] for each in (one, two)}
    assert states == {"applied", "parked"}, "the shop has not reported 500 of the refunded amount"
    send_refund(shop, 500, "ours-2")
    assert {state_of(databases, each.event_id)[0] for each in (one, two)} == {"applied"}


def test_a_failed_provider_refund_needs_no_report_of_the_shop(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    created = send(shop, provider, payload("stripe_refund_created"))
    failed = event("stripe_refund_created", type="refund.failed", key="evt_f", status="failed")
    assert send(shop, provider, failed).state == "applied"
    assert state_of(databases, created.event_id) == ("applied", "1001")


def test_a_cumulative_refund_of_the_provider_counts_once(
    shop: Shop, provider: str, databases: Databases
) -> None:
    """In `charge.refunded`, which has not listed single refunds since 2022."""
    send_sale(shop, PAYMENT)
    assert send(shop, provider, payload("stripe_charge_refunded_basil")).state == "parked"
    send_refund(shop)
    assert send(shop, provider, payload("stripe_refund_created")).state == "applied"
    with read_session(databases.main) as session:
        assert set(session.scalars(select(Event.state))) == {"applied"}


def test_a_cancellation_covers_every_refund_claim(shop: Shop, provider: str, databases: Databases) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, payload("stripe_refund_created"))
    shop.send("order.cancelled", cancellation(), now=LATER)
    assert state_of(databases, received.event_id) == ("applied", "1001")


def test_a_refund_in_another_currency_is_parked(shop: Shop, provider: str) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, event("stripe_refund_created", currency="usd"))
    assert received.reason == "data.currency is USD, but order 1001 was paid in EUR."


def test_a_refund_claim_can_be_dismissed(shop: Shop, provider: str, databases: Databases) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, payload("stripe_refund_created"))
    transact(databases.main, lambda s: dismiss(s, received.event_id, reason="a voucher instead"))
    send_refund(shop, 10)
    assert state_of(databases, received.event_id)[0] == "dismissed"


def test_disputes_are_reported_by_the_provider(shop: Shop, provider: str, databases: Databases) -> None:
    """Most shops do not report them."""
    send_sale(shop, CHARGE)
    assert send(shop, provider, payload("stripe_dispute_created")).state == "applied"
    assert [each.status for each in rows_of_order(databases, DisputeStatus)] == ["opened"]


def test_a_different_total_of_the_provider_is_noted_and_not_booked(
    shop: Shop, provider: str, databases: Databases
) -> None:
    send_sale(shop, PAYMENT)
    received = send(shop, provider, paid_session(shop, amount_total=9999))
    assert received.reason is not None
    assert received.reason.endswith("; it says 99.99 EUR, and 113.05 EUR is what counts")
    assert rows_of_order(databases, Refund) == []
    with read_session(databases.main) as session:
        assert session.scalars(select(Sale.total_minor)).all() == [TOTAL]


def test_an_applied_message_unparks_events_of_its_references(
    shop: Shop, provider: str, databases: Databases
) -> None:
    """The shop names the session, the session names the payment, and the dispute names only the payment."""
    disputed = send(shop, provider, payload("stripe_dispute_created"))
    send(shop, provider, paid_session(shop))
    send_sale(shop, SESSION)
    assert state_of(databases, disputed.event_id) == ("applied", "1001")


def test_a_reference_is_learned_from_a_message_of_a_known_order(
    shop: Shop, provider: str, databases: Databases
) -> None:
    """The refund names only the charge; the dispute's second message names charge and payment intent."""
    send_sale(shop, PAYMENT)
    send_refund(shop)
    send(shop, provider, event("stripe_dispute_created", charge=None))
    parked = send(shop, provider, event("stripe_refund_created", payment_intent=None))
    assert parked.state == "parked"
    send(shop, provider, event("stripe_dispute_created", key="evt_u", type="charge.dispute.updated"))
    assert state_of(databases, parked.event_id) == ("applied", "1001")


def test_a_refund_that_names_the_order_links_its_payment(shop: Shop, provider: str) -> None:
    send_sale(shop)
    send_refund(shop)
    disputed = send(shop, provider, payload("stripe_dispute_created"))
    assert disputed.state == "parked"
    send(shop, provider, event("stripe_refund_created", metadata={"order_id": "1001"}))
    assert state_of(shop.databases, disputed.event_id) == ("applied", "1001")


def test_a_supporting_message_without_effect_is_not_parked(shop: Shop, provider: str) -> None:
    unpaid = send(shop, provider, paid_session(shop, payment_status="unpaid"))
    assert (unpaid.state, (unpaid.reason or "")[:12]) == ("applied", "not paid yet")
    nameless = event("stripe_refund_created", key="evt_n", payment_intent=None, charge=None)
    assert send(shop, provider, nameless).state == "parked"
