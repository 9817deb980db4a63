"""Which kinds of sources may support which, including shops that number their orders."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, cancellation, envelope, refund
from tests.tracker.sales.orders.test_stripe_references import LATER, SECRET, send
from tests.tracker.sales.orders.test_supporting import (
    CHARGE,
    PAYMENT,
    SESSION,
    TOTAL,
    create_supporting_source,
    rows_of_order,
    send_sale,
    state_of,
)
from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.errors import Conflict, Invalid
from tracker.sales.orders.models import Refund
from tracker.sales.sources.operations import create_source, ensure_api_source

WOO_SECRET = "an-example-of-a-shops-secret"


def woo_order(**changes: Any) -> bytes:
    return raw(payload("woocommerce_order_processing", **{"transaction_id": CHARGE} | changes))


def refunded_minor(order: dict[str, Any]) -> int:
    """The sum of the refunds of a WooCommerce order, in minor units."""
    return -sum(round(float(each["total"]) * 100) for each in order["refunds"])


def test_a_woocommerce_order_is_found_by_its_charge_id(shop: Shop, databases: Databases) -> None:
    woo = shop.connect("woocommerce", WOO_SECRET)
    provider = create_supporting_source(shop, supports=woo)
    parked = send(shop, provider, payload("stripe_dispute_created"))
    shop.send_raw(woo_order(), source_id=woo, now=LATER, topic="order.updated")
    assert state_of(databases, parked.event_id) == ("applied", "727")


def test_an_order_number_of_one_shop_is_not_used_as_an_order_id_of_another(
    shop: Shop, databases: Databases
) -> None:
    """Order 727 of the primary source is not the WooCommerce order with the number 727."""
    woo = create_supporting_source(shop, "woocommerce", secret=WOO_SECRET)
    send_sale(shop, order_id="727")
    received = shop.send_raw(woo_order(), source_id=woo, now=LATER, topic="order.updated")
    assert state_of(databases, received.event_id) == ("parked", None)
    send_sale(shop, CHARGE)
    assert state_of(databases, received.event_id) == ("applied", "1001")


def test_an_order_number_in_stripe_metadata_is_not_used_as_an_order_id(
    shop: Shop, databases: Databases
) -> None:
    woo = shop.connect("woocommerce", WOO_SECRET)
    provider = create_supporting_source(shop, supports=woo)
    for changes in ({"number": "T-1"}, {"id": 728, "number": "727"}):
        body = woo_order(**changes | {"transaction_id": ""})
        shop.send_raw(body, source_id=woo, now=LATER, topic="order.updated")
    named: dict[str, Any] = {"metadata": {"order_id": "727"}}
    received = send(shop, provider, event("stripe_dispute_created", **named))
    assert state_of(databases, received.event_id) == ("applied", "728")
    named["metadata"] = {"order_id": "728"}
    other = send(
        shop, provider, event("stripe_dispute_created", key="evt_o", id="dp_o", charge=None, **named)
    )
    assert state_of(databases, other.event_id) == ("applied", "728"), "matched by its payment"


def test_a_shop_and_a_provider_that_support_the_same_source_claim_one_refund(shop: Shop) -> None:
    provider, woo = (
        create_supporting_source(shop),
        create_supporting_source(shop, "woocommerce", secret=WOO_SECRET),
    )
    order = payload("woocommerce_order_refunded_in_part", transaction_id=CHARGE)
    send_sale(shop, CHARGE)
    shop.send("refund.created", refund("ours", amount=refunded_minor(order)), now=LATER)
    by_shop = shop.send_raw(raw(order), source_id=woo, now=LATER, topic="order.updated")
    by_provider = send(shop, provider, event("stripe_refund_created", amount=refunded_minor(order)))
    assert (by_shop.state, by_provider.state) == ("applied", "applied")


def test_a_shop_may_support_its_provider(shop: Shop, databases: Databases) -> None:
    """Then Stripe's amounts and refunds count, and the shop's refunds are claims."""
    stripe = shop.connect("stripe", SECRET)
    woo = create_supporting_source(shop, "woocommerce", stripe, WOO_SECRET)
    notes: dict[str, Any] = {"meta_data": [{"id": 1, "key": "_ll", "value": shop.token("bob")}]}
    notes["meta_data"].append({"id": 2, "key": "_stripe_intent_id", "value": PAYMENT})
    value = payload("woocommerce_order_refunded_in_part", **notes)
    received = shop.send_raw(raw(value), source_id=woo, now=LATER, topic="order.updated")
    send(shop, stripe, event("stripe_session_paid"))
    assert state_of(databases, received.event_id)[0] == "parked", "Stripe has not reported the refund"
    back = refunded_minor(value)
    send(shop, stripe, event("stripe_refund_created", amount=back))
    assert state_of(databases, received.event_id) == ("applied", SESSION)
    assert shop.attributions(SESSION)[-1].enrollment_id == shop.enrollments["bob"]
    assert [each.amount_minor for each in rows_of_order(databases, Refund, SESSION)] == [back]


def test_a_failed_refund_of_the_provider_covers_a_claim_of_the_shop(shop: Shop, databases: Databases) -> None:
    """Stripe is primary; its only report of the refund is the failure, and that covers the shop's claim."""
    stripe = shop.connect("stripe", SECRET)
    woo = create_supporting_source(shop, "woocommerce", stripe, WOO_SECRET)
    noted = [{"id": 2, "key": "_stripe_intent_id", "value": PAYMENT}]
    claim = payload("woocommerce_order_refunded_in_part", meta_data=noted)
    send(shop, stripe, event("stripe_session_paid"))
    refunded: dict[str, Any] = {"amount": refunded_minor(claim), "type": "refund.failed", "status": "failed"}
    send(shop, stripe, event("stripe_refund_created", **refunded))
    received = shop.send_raw(raw(claim), source_id=woo, now=LATER, topic="order.updated")
    assert state_of(databases, received.event_id) == ("applied", SESSION)


def test_a_deleted_order_without_a_payment_has_no_effect(shop: Shop) -> None:
    woo = create_supporting_source(shop, "woocommerce", shop.connect("stripe", SECRET), WOO_SECRET)
    deleted = raw(payload("woocommerce_order_deleted"))
    received = shop.send_raw(deleted, source_id=woo, now=LATER, topic="order.deleted")
    assert received.reason == "it names no order and no payment that the other source could know"


def test_a_cancellation_after_a_lost_dispute_needs_no_refund(shop: Shop, databases: Databases) -> None:
    stripe = shop.connect("stripe", SECRET)
    woo = create_supporting_source(shop, "woocommerce", stripe, WOO_SECRET)
    noted = [{"id": 2, "key": "_stripe_intent_id", "value": PAYMENT}]
    send(shop, stripe, event("stripe_session_paid"))
    failed = woo_order(meta_data=noted, status="failed")
    received = shop.send_raw(failed, source_id=woo, now=LATER, topic="order.updated")
    assert received.state == "parked"
    closed: dict[str, Any] = {"type": "charge.dispute.closed", "status": "lost", "amount": TOTAL}
    send(shop, stripe, event("stripe_dispute_created", key="evt_l", at=1762250000, **closed))
    assert state_of(databases, received.event_id) == ("applied", SESSION)


@pytest.mark.parametrize("is_claimed_first", [True, False])
def test_a_shop_refund_is_covered_by_a_provider_refund_that_failed(
    shop: Shop, databases: Databases, is_claimed_first: bool
) -> None:
    """The provider reports the refund and then its failure; the claim may come before or after that."""
    stripe = shop.connect("stripe", SECRET)
    ours = create_supporting_source(shop, "standard", stripe, shop.secret)
    send(shop, stripe, event("stripe_session_paid"))
    send(shop, stripe, payload("stripe_refund_created"))
    failed = event("stripe_refund_created", type="refund.failed", key="evt_f", status="failed")
    claim = envelope("refund.created", refund("ours-1", order_id=SESSION, amount=2000))
    if not is_claimed_first:
        send(shop, stripe, failed)
    received = shop.send_raw(claim, source_id=ours, now=LATER)
    if is_claimed_first:
        send(shop, stripe, failed)
    assert state_of(databases, received.event_id) == ("applied", SESSION)


def test_a_cancellation_by_the_shop_is_parked_until_the_provider_refunded_everything(
    shop: Shop, databases: Databases
) -> None:
    stripe = shop.connect("stripe", SECRET)
    ours = create_supporting_source(shop, "standard", stripe, shop.secret)
    send(shop, stripe, event("stripe_session_paid"))
    claim = envelope("order.cancelled", cancellation(order_id=SESSION))
    received = shop.send_raw(claim, source_id=ours, now=LATER)
    send(shop, stripe, payload("stripe_refund_created"))
    assert state_of(databases, received.event_id) == ("parked", SESSION)
    send(shop, stripe, event("stripe_refund_created", key="evt_r2", id="re_3Rest", amount=TOTAL - 2000))
    assert state_of(databases, received.event_id) == ("applied", SESSION)


def test_only_a_primary_source_can_be_supported(shop: Shop) -> None:
    provider = create_supporting_source(shop)
    with pytest.raises(Invalid, match=f"itself supports {shop.source_id}"):
        create_supporting_source(shop, supports=provider)


def test_a_supporting_source_sorts_after_the_source_it_supports(shop: Shop) -> None:
    """Rows are restored in the order of their ids."""

    def work(session: Session) -> str:
        values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys, "supports": shop.source_id}
        return create_source(session, START - timedelta(minutes=1), actor=PERSON, kind="stripe", **values)[
            0
        ].id

    assert transact(shop.databases.main, work) > shop.source_id


@pytest.mark.parametrize(("first", "second"), [("standard", "stripe"), ("stripe", "woocommerce")])
def test_a_shop_and_its_provider_cannot_both_be_primary(shop: Shop, first: str, second: str) -> None:
    def connect(kind: str) -> str:
        def work(session: Session) -> str:
            values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys, "namespace": "both"}
            return create_source(session, START, actor=PERSON, kind=kind, **values)[0].id

        return transact(shop.databases.main, work)

    primary = connect(first)
    with pytest.raises(Conflict, match=f"use --supports {primary}"):
        connect(second)


def test_a_supporting_source_adds_no_namespace_choice(shop: Shop) -> None:
    """The brand's own programs report to the namespace of the primary source."""
    create_supporting_source(shop, "standard", shop.connect("stripe", SECRET), shop.secret)

    def work(session: Session) -> str:
        return ensure_api_source(session, LATER, shop.brand_id, shop.keys, actor=PERSON).namespace

    assert transact(shop.databases.main, work) == shop.source_id
