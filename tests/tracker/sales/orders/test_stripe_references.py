"""Stripe's events are matched to their order by its payments, in any order of arrival."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from tests.cast.shop import Shop
from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import (
    CumulativeRefund,
    DisputeStatus,
    OrderReference,
    Refund,
    RefundFailure,
    Sale,
)
from tracker.sales.orders.queries import find_sale

LATER = datetime.fromisoformat("2025-11-05T10:00:00+00:00")
SESSION_ORDER, INVOICE_ORDER = "cs_live_a1ExampleSessionOfOrderOne", "in_1ExampleFirst"
SECRET = "whsec_ExampleOfThisYear000000000000"
Events = Sequence[dict[str, Any]]


def send(shop: Shop, source_id: str, value: dict[str, Any]) -> ReceiveResult:
    return shop.send_raw(raw(value), key=value["id"], source_id=source_id, now=LATER)


def send_all(shop: Shop, source_id: str, values: Iterable[dict[str, Any]]) -> list[str]:
    return [send(shop, source_id, value).state for value in values]


@pytest.fixture
def stripe(shop: Shop) -> str:
    return shop.connect("stripe", SECRET)


def subscription(shop: Shop, shape: str = "basil") -> list[dict[str, Any]]:
    """The session has the token, the invoice the amounts; the other events are matched by the payment."""
    payment: dict[str, Any] = {"payment_intent": "pi_3ExampleFirst", "charge": "ch_3ExampleFirst"}
    return [
        event("stripe_session_subscription", client_reference_id=shop.token("anna")),
        payload(f"stripe_invoice_first_{shape}"),
        payload("stripe_invoice_payment_paid"),
        event("stripe_refund_created", key="evt_r1", amount=500, **payment),
    ]


def fingerprint_of(databases: Databases, source_id: str) -> list[str]:
    """Every row that the source's events created, without ids and without the order of arrival."""
    with read_session(databases.main) as session:
        sold = select(Sale.id).join(Event, Event.id == Sale.event_id).where(Event.source_id == source_id)
        queries = (
            select(Sale.order_id, Sale.total_minor, Sale.tax_minor, Sale.occurred_at).where(
                Sale.id.in_(sold)
            ),
            select(Refund.refund_id, Refund.amount_minor, Refund.occurred_at).where(Refund.sale_id.in_(sold)),
            select(RefundFailure.refund_id, RefundFailure.occurred_at).where(RefundFailure.sale_id.in_(sold)),
            select(
                CumulativeRefund.payment_id, CumulativeRefund.amount_minor, CumulativeRefund.occurred_at
            ).where(CumulativeRefund.sale_id.in_(sold)),
            select(DisputeStatus.dispute_id, DisputeStatus.status, DisputeStatus.occurred_at).where(
                DisputeStatus.sale_id.in_(sold)
            ),
            select(OrderReference.reference, OrderReference.order_id)
            .join(Event, Event.id == OrderReference.event_id)
            .where(Event.source_id == source_id),
            select(Event.external_id, Event.state, Event.order_id).where(Event.source_id == source_id),
        )
        rows = [str(tuple(row)) for query in queries for row in session.execute(query)]
        for sale_id in session.scalars(sold):
            last = session.scalars(
                select(Attribution)
                .where(Attribution.sale_id == sale_id)
                .order_by(Attribution.revision.desc())
            ).first()
            assert last is not None
            rows.append(f"{last.enrollment_id} {last.click_id}")
        return sorted(rows)


def test_a_session_is_booked_and_its_creator_is_credited(
    shop: Shop, stripe: str, databases: Databases
) -> None:
    received = send(shop, stripe, event("stripe_session_paid", client_reference_id=shop.token("bob")))

    assert (received.state, received.reason) == ("applied", None)
    [attribution] = shop.attributions(SESSION_ORDER)
    assert attribution.enrollment_id == shop.enrollments["bob"]
    with read_session(databases.main) as session:
        assert find_sale(session, shop.brand_id, "pi_3ExampleOrderOne").order_id == SESSION_ORDER


@pytest.mark.parametrize("shape", ["classic", "basil"])
def test_first_invoice_and_session_are_one_sale_in_either_order(
    shop: Shop, databases: Databases, shape: str
) -> None:
    session_event, invoice = subscription(shop, shape)[:2]
    for number, order in enumerate(((session_event, invoice), (invoice, session_event))):
        source_id = shop.connect("stripe", SECRET)
        send_all(shop, source_id, order)
        with read_session(databases.main) as session:
            [sale] = session.scalars(select(Sale).where(Sale.namespace == source_id))
            states = session.scalars(select(Event.state).where(Event.source_id == source_id)).all()
            last = session.scalars(
                select(Attribution).where(Attribution.sale_id == sale.id).order_by(Attribution.revision)
            ).all()[-1]
        assert (number, sale.order_id, sale.total_minor, list(states)) == (
            number,
            INVOICE_ORDER,
            2380,
            ["applied"] * 2,
        )
        assert last.enrollment_id == shop.enrollments["anna"]


def test_a_refund_before_its_sale_is_parked_under_its_payment_id(
    shop: Shop, stripe: str, databases: Databases
) -> None:
    refund = send(shop, stripe, payload("stripe_refund_created"))
    assert (refund.state, refund.reason) == ("parked", "waiting for order pi_3ExampleOrderOne")

    send(shop, stripe, payload("stripe_session_paid"))
    with read_session(databases.main) as session:
        assert session.scalars(select(Refund.amount_minor)).all() == [2000]
        assert session.get_one(Event, refund.event_id).order_id == SESSION_ORDER


def test_a_payment_reported_last_links_the_refund_to_its_sale(
    shop: Shop, stripe: str, databases: Databases
) -> None:
    _, invoice, payment, refund = subscription(shop)

    assert send_all(shop, stripe, (refund, invoice, payment)) == ["parked", "applied", "applied"]
    with read_session(databases.main) as session:
        assert session.scalars(select(Refund.amount_minor)).all() == [500]


def test_a_payment_of_two_orders_belongs_to_the_sold_one(
    shop: Shop, stripe: str, databases: Databases
) -> None:
    """Checkout can create an invoice for a payment: the session is the sale, the invoice is not."""
    invoice = event("stripe_invoice_first_basil", id="in_9", billing_reason="manual")
    pays: dict[str, Any] = {"invoice": "in_9", "payment": {"payment_intent": "pi_3ExampleOrderOne"}}
    events = [
        invoice,
        event("stripe_invoice_payment_paid", **pays),
        payload("stripe_refund_created"),
        payload("stripe_session_paid"),
    ]
    fingerprints = set()
    for order in permutations(events):
        source_id = shop.connect("stripe", SECRET)
        send_all(shop, source_id, order)
        fingerprints.add("\n".join(fingerprint_of(databases, source_id)))

    assert len(fingerprints) == 1
    assert "('re_3ExampleOne', 2000" in fingerprints.pop()


def test_a_refund_of_a_payment_of_two_sold_orders_is_booked_for_at_most_one(
    shop: Shop, databases: Databases
) -> None:
    """A person must decide for which one; until then both are held."""
    paid: dict[str, Any] = {"payment_intent": "pi_3Both", "charge": "ch_3Both"}
    invoices = [
        event("stripe_invoice_first_classic", key=f"evt_{each}", id=each, **paid) for each in ("in_B", "in_A")
    ]
    refund = event("stripe_refund_created", amount=500, **paid)
    again = event("stripe_refund_created", key="evt_again", type="refund.updated", amount=500, **paid)
    [named] = [event("stripe_invoice_payment_paid", invoice="in_A", payment={"charge": "ch_3Other"})]
    for order in permutations((*invoices, refund, again)):
        source_id = shop.connect("stripe", SECRET)
        send_all(shop, source_id, (*order, named))
        with read_session(databases.main) as session:
            refunds = select(Refund.id).join(Sale, Sale.id == Refund.sale_id)
            booked = session.scalars(refunds.where(Sale.namespace == source_id)).all()
            parked = session.scalars(
                select(Event).where(Event.source_id == source_id, Event.state == "parked")
            )
            reasons = [(each.order_id, each.reason) for each in parked]
        assert len(booked) + bool(reasons) >= 1, order
        assert len(booked) <= 1, order
        assert all(name == "pi_3Both" and "in_A, in_B" in (reason or "") for name, reason in reasons), reasons


def test_events_outside_live_mode_are_booked_as_tests(shop: Shop, stripe: str, databases: Databases) -> None:
    send(shop, stripe, payload("stripe_session_paid") | {"livemode": False})

    with read_session(databases.main) as session:
        assert session.scalars(select(Sale.test)).all() == [True]


def test_a_redelivery_with_another_envelope_is_a_duplicate(shop: Shop, stripe: str) -> None:
    first = send(shop, stripe, payload("stripe_session_paid"))
    again = send(shop, stripe, payload("stripe_session_paid", pending_webhooks=0))

    assert (again.event_id, again.duplicate) == (first.event_id, True)


def test_irrelevant_events_are_stored_without_effect(shop: Shop, stripe: str) -> None:
    received = send(shop, stripe, payload("stripe_session_paid", type="customer.created"))

    assert (received.state, received.reason) == (
        "applied",
        "nothing is done for events of type customer.created",
    )
