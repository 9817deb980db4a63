"""Stripe's events, in the classic shape and since 2025-03-31, become reports."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.errors import Invalid
from tracker.sales.customers import email_hash
from tracker.sales.messages import Message
from tracker.sales.normal import DisputeReport, RefundReport, SaleReport
from tracker.sales.provider_reports import (
    AnyReport,
    EvidenceReport,
    NoEffect,
    ReferenceReport,
    RefundFailureReport,
    RefundLevelReport,
)
from tracker.sales.sources import stripe

RECEIVED = datetime(2025, 11, 3, 12, tzinfo=UTC)
INVOICES = ("stripe_invoice_first_classic", "stripe_invoice_first_basil")
TOKEN = "a-click-token"


def read(value: dict[str, Any]) -> Message:
    return stripe.read(raw(value))


def reports(value: dict[str, Any]) -> tuple[AnyReport, ...]:
    return stripe.translate(read(value), RECEIVED)


def only(value: dict[str, Any]) -> Any:
    [report] = reports(value)
    return report


def without_effect(value: dict[str, Any]) -> str:
    report = only(value)
    assert isinstance(report, NoEffect)
    return report.reason


def test_a_paid_session_is_a_sale() -> None:
    sold = only(event("stripe_session_paid", client_reference_id=TOKEN, metadata={"linkledger": "another"}))

    assert sold == SaleReport(
        order_id="cs_live_a1ExampleSessionOfOrderOne",
        occurred_at=datetime(2025, 11, 1, 10, 0, 2, tzinfo=UTC),
        currency="EUR",
        total=11305,
        tax=1805,
        shipping=500,
        discount=1000,
        click=TOKEN,
        touches=("another",),
        coupons=("promo_1ExampleAnna10",),
        customer_email_hash=email_hash("erika@customers.example"),
        references=("pi_3ExampleOrderOne",),
    )


def test_what_discounts_are_called_is_told_as_far_as_stripe_says_it() -> None:
    discounts = [
        {"coupon": {"id": "TEN", "name": "Ten off"}, "promotion_code": {"id": "promo_1", "code": "ANNA10"}},
        {"coupon": "SPRING", "promotion_code": None},
        {"source": {"coupon": "NEW"}, "promotion_code": "promo_2"},
    ]
    sold = only(event("stripe_session_paid", discounts=discounts))

    assert sold.coupons == ("ANNA10", "promo_1", "TEN", "Ten off", "SPRING", "promo_2", "NEW")


def test_prices_that_include_tax_leave_the_same_net() -> None:
    """100.00 with 19 % inside, shipping 5.95 with 0.95 inside: the totals hold each once."""
    sold = only(
        event(
            "stripe_session_paid",
            amount_subtotal=10000,
            amount_total=10595,
            total_details={"amount_discount": 0, "amount_shipping": 595, "amount_tax": 1692},
            shipping_cost={"amount_subtotal": 595, "amount_tax": 95, "amount_total": 595},
        )
    )

    assert (sold.tax, sold.shipping, sold.total - sold.tax - sold.shipping) == (1692, 500, 8403)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payment_status": "unpaid"}, "not paid yet"),
        ({"payment_status": "no_payment_required", "amount_total": 0}, "nothing was paid"),
        ({"mode": "setup"}, "sells nothing"),
        ({"mode": "subscription"}, "no invoice yet"),
    ],
)
def test_a_session_that_sold_nothing_is_without_effect(changes: dict[str, Any], reason: str) -> None:
    assert reason in without_effect(event("stripe_session_paid", **changes))


def test_a_delayed_payment_is_a_sale_when_it_comes() -> None:
    kind = "checkout.session.async_payment_succeeded"

    assert only(event("stripe_session_paid", type=kind)).total == 11305


def test_sessions_that_need_no_payment_but_have_an_amount_are_sales() -> None:
    assert only(event("stripe_session_paid", payment_status="no_payment_required")).total == 11305


def test_events_outside_live_mode_are_tests() -> None:
    assert only(payload("stripe_session_paid") | {"livemode": False}).test
    assert only(payload("stripe_invoice_first_basil") | {"livemode": False}).test


@pytest.mark.parametrize("name", INVOICES)
def test_the_first_invoice_and_its_session_name_the_same_order(name: str) -> None:
    session = event("stripe_session_subscription", client_reference_id=TOKEN)
    sold = only(payload(name))

    assert (sold.order_id, sold.total, sold.tax, sold.shipping) == ("in_1ExampleFirst", 2380, 380, 0)
    assert (sold.customer, sold.occurred_at) == (
        "cus_ExampleMax",
        datetime(2025, 11, 1, 10, 0, 6, tzinfo=UTC),
    )
    assert only(session) == EvidenceReport(
        "in_1ExampleFirst", click=TOKEN, references=("cs_live_b1ExampleSubscriptionSession",)
    )


def test_both_shapes_of_an_invoice_say_the_same() -> None:
    classic, basil = (only(payload(name)) for name in INVOICES)

    assert classic.content_hash == basil.content_hash
    assert classic.references == ("pi_3ExampleFirst", "ch_3ExampleFirst")
    assert basil.references == ()


def test_since_2025_the_payment_is_named_by_an_event_of_its_own_or_inside() -> None:
    apart = only(payload("stripe_invoice_payment_paid"))
    payments = {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_3ExampleFirst"}}]}
    inside = only(event("stripe_invoice_first_basil", payments=payments))

    assert apart == ReferenceReport("in_1ExampleFirst", ("pi_3ExampleFirst",))
    assert inside.references == apart.references


@pytest.mark.parametrize("name", INVOICES)
def test_a_renewal_is_a_further_sale_of_the_same_customer(name: str) -> None:
    later = only(event(name, id="in_1ExampleSecond", billing_reason="subscription_cycle"))

    assert later.order_id == "in_1ExampleSecond"
    assert later.customer == only(payload(name)).customer


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (INVOICES[0], {"subscription_details": {"metadata": {"linkledger": TOKEN}}}),
        (INVOICES[1], {"parent": {"subscription_details": {"metadata": {"linkledger": TOKEN}}}}),
        (INVOICES[1], {"metadata": {"linkledger": TOKEN}}),
    ],
)
def test_the_token_may_be_left_with_the_subscription(name: str, changes: dict[str, Any]) -> None:
    assert only(event(name, **changes)).tokens == (TOKEN,)


def test_what_was_settled_by_credit_was_not_paid() -> None:
    """Half of 23.80 was paid: half of the tax was, too."""
    sold = only(event("stripe_invoice_first_basil", amount_paid=1190))

    assert (sold.total, sold.tax) == (1190, 190)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"billing_reason": "manual"}, "of no subscription"),
        ({"billing_reason": None}, "of no subscription"),
        ({"billing_reason": "subscription_update", "total": -500, "amount_paid": 0}, "nothing was paid"),
    ],
)
def test_an_invoice_that_sold_nothing_is_without_effect(changes: dict[str, Any], reason: str) -> None:
    assert reason in without_effect(event("stripe_invoice_first_basil", **changes))


def test_a_trial_begins_with_a_sale_of_nothing_so_that_its_customer_is_known() -> None:
    sold = only(event("stripe_invoice_first_basil", total=0, amount_paid=0, total_taxes=[]))

    assert (sold.total, sold.tax, sold.customer) == (0, 0, "cus_ExampleMax")


def test_a_refund_names_its_payment() -> None:
    message = read(payload("stripe_refund_created"))

    assert (message.order_id, message.references) == (None, ("pi_3ExampleOrderOne",))
    assert only(payload("stripe_refund_created")) == RefundReport(
        order_id="pi_3ExampleOrderOne",
        refund_id="re_3ExampleOne",
        occurred_at=datetime(2025, 11, 2, 10, 1, 40, tzinfo=UTC),
        currency="EUR",
        amount=2000,
        reason="requested_by_customer",
    )


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_a_failed_refund_is_made_and_taken_back(kind: str) -> None:
    made, back = reports(event("stripe_refund_created", type=kind, status="failed"))

    assert made == only(payload("stripe_refund_created"))
    assert back == RefundFailureReport("pi_3ExampleOrderOne", "re_3ExampleOne", made.occurred_at)  # type: ignore[union-attr]


def test_a_refunded_charge_says_how_much_went_back_so_far() -> None:
    level = RefundLevelReport(
        "pi_3ExampleOrderOne",
        "ch_3ExampleOrderOne",
        datetime(2025, 11, 2, 10, 1, 43, tzinfo=UTC),
        "EUR",
        2000,
    )

    assert only(payload("stripe_charge_refunded_basil")) == level
    assert reports(payload("stripe_charge_refunded_classic")) == (
        only(payload("stripe_refund_created")),
        level,
    )


def test_an_old_charge_is_named_by_itself() -> None:
    charge = event("stripe_charge_refunded_classic", payment_intent=None)

    assert read(charge).references == ("ch_3ExampleOrderOne",)


@pytest.mark.parametrize(
    ("kind", "status", "step"),
    [
        ("created", "needs_response", "opened"),
        ("created", "warning_needs_response", "opened"),
        ("updated", "under_review", "opened"),
        ("updated", "won", "opened"),
        ("funds_withdrawn", "needs_response", "opened"),
        ("funds_reinstated", "won", "opened"),
        ("closed", "won", "won"),
        ("closed", "warning_closed", "won"),
        ("closed", "lost", "lost"),
    ],
)
def test_a_dispute_is_opened_by_all_its_events_and_decided_by_the_last(
    kind: str, status: str, step: str
) -> None:
    told = only(event("stripe_dispute_created", type=f"charge.dispute.{kind}", status=status, at=1762200000))

    assert isinstance(told, DisputeReport)
    assert (told.order_id, told.dispute_id, told.amount) == (
        "pi_3ExampleOrderOne",
        "du_1ExampleDispute",
        11305,
    )
    assert told.status == step
    # All that open it agree on the time, whichever comes first.
    assert int(told.occurred_at.timestamp()) == (1762200000 if kind == "closed" else 1762164000)


@pytest.mark.parametrize(
    ("currency", "stripes", "ours"),
    [
        ("jpy", 1190, 1190),
        ("bhd", 1190, 1190),
        ("isk", 119000, 1190),
        ("ugx", 500, 5),
        ("mga", 119, 11900),
        ("huf", 1190, 1190),
    ],
)
def test_currencies_are_counted_as_stripe_does_and_kept_as_iso_does(
    currency: str, stripes: int, ours: int
) -> None:
    plain = {"total_details": None, "shipping_cost": None}
    sold = only(event("stripe_session_paid", currency=currency, amount_total=stripes, **plain))

    assert (sold.currency, sold.total) == (currency.upper(), ours)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("stripe_session_paid", {"currency": "isk", "amount_total": 119001}, "whole number of minor units"),
        ("stripe_session_paid", {"currency": "xyz"}, "not an ISO 4217"),
        ("stripe_session_paid", {"currency": "clf"}, "How Stripe counts CLF is not known"),
        ("stripe_session_paid", {"amount_total": 113.05}, "whole number of Stripe's units"),
        ("stripe_session_paid", {"amount_total": 2**63}, "largest amount"),
        ("stripe_session_paid", {"amount_total": -1}, "at least 0"),
        ("stripe_session_paid", {"amount_total": None}, "is missing"),
        ("stripe_session_paid", {"amount_total": 100}, "of which they are parts"),
        ("stripe_session_paid", {"payment_status": "maybe"}, "must be paid, unpaid"),
        ("stripe_session_paid", {"id": None}, "data.object.id is empty|neither an order"),
        ("stripe_invoice_first_basil", {"total": None}, "data.object.total"),
        ("stripe_invoice_first_basil", {"total_taxes": [{"amount": 5000}]}, "of which they are parts"),
        ("stripe_invoice_payment_paid", {"invoice": 5}, "must be the id of an invoice"),
        ("stripe_refund_created", {"amount": 0}, "at least 1"),
        ("stripe_refund_created", {"status": "perhaps"}, "must be one of"),
        ("stripe_refund_created", {"created": 4102444800}, "more than a day after"),
        ("stripe_refund_created", {"created": 10**30}, "no time"),
        ("stripe_refund_created", {"charge": None, "payment_intent": None}, "neither an order nor a payment"),
        ("stripe_charge_refunded_basil", {"amount_refunded": "20"}, "whole number of Stripe's units"),
        ("stripe_dispute_created", {"status": "quarrel"}, "must be one of"),
        ("stripe_dispute_created", {"amount": 0}, "at least 1"),
    ],
)
def test_events_that_make_no_sense_say_where(name: str, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        reports(event(name, **changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": None}, "type must be"),
        ({"livemode": "yes"}, "livemode must be true or false"),
        ({"created": None}, "whole seconds"),
        ({"data": {}}, "data.object must be an object"),
        ({"data": None}, "data.object must be an object"),
    ],
)
def test_envelopes_that_make_no_sense_say_where(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        reports(payload("stripe_session_paid", **changes))


def test_other_events_are_kept_without_effect() -> None:
    other = payload("stripe_session_paid", type="customer.created")

    assert read(other).order_id is None
    assert "customer.created" in without_effect(other)


def test_deliveries_that_differ_in_their_envelope_only_are_the_same_message() -> None:
    first = payload("stripe_session_paid")

    assert read(first) == read(first | {"pending_webhooks": 0, "request": None})
    assert read(first) != read(event("stripe_session_paid", amount_total=5))
