"""Sessions and invoices of Stripe, in the classic format and the one since 2025-03-31, become sales."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.sales.integrations.stripe_read import read, reports, single_report, without_effect
from tests.tracker.sales.payloads_read import event, payload
from tracker.errors import Invalid
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import EvidenceReport, ReferenceReport

INVOICES = ("stripe_invoice_first_classic", "stripe_invoice_first_basil")
TOKEN = "a-click-token"


def test_a_paid_session_is_a_sale() -> None:
    sold = single_report(
        event("stripe_session_paid", client_reference_id=TOKEN, metadata={"linkledger": "another"})
    )

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
        customer_email_hash=address_hashes("erika@customers.example").exact,
        customer_mailbox_hash=address_hashes("erika@customers.example").exact,
        checkout_started_at=datetime(2025, 11, 1, 9, 56, 40, tzinfo=UTC),
        references=("pi_3ExampleOrderOne",),
    )


def test_all_names_of_stripe_discounts_are_read_as_codes() -> None:
    discounts = [
        {"coupon": {"id": "TEN", "name": "Ten off"}, "promotion_code": {"id": "promo_1", "code": "ANNA10"}},
        {"coupon": "SPRING", "promotion_code": None},
        {"source": {"coupon": "NEW"}, "promotion_code": "promo_2"},
    ]
    sold = single_report(event("stripe_session_paid", discounts=discounts))

    assert sold.coupons == ("ANNA10", "promo_1", "TEN", "Ten off", "SPRING", "promo_2", "NEW")


def test_prices_that_include_tax_leave_the_same_net() -> None:
    """100.00 includes 19 % tax, and shipping of 5.95 includes 0.95: tax is subtracted only once."""
    sold = single_report(
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


def test_a_delayed_payment_is_a_sale_when_it_arrives() -> None:
    kind = "checkout.session.async_payment_succeeded"

    assert single_report(event("stripe_session_paid", type=kind)).total == 11305


def test_a_session_without_required_payment_but_with_an_amount_is_a_sale() -> None:
    assert single_report(event("stripe_session_paid", payment_status="no_payment_required")).total == 11305


def test_events_outside_live_mode_become_test_sales() -> None:
    assert single_report(payload("stripe_session_paid") | {"livemode": False}).test
    assert single_report(payload("stripe_invoice_first_basil") | {"livemode": False}).test


@pytest.mark.parametrize("name", INVOICES)
def test_the_first_invoice_and_its_session_name_the_same_order(name: str) -> None:
    session = event("stripe_session_subscription", client_reference_id=TOKEN)
    sold = single_report(payload(name))

    assert (sold.order_id, sold.total, sold.tax, sold.shipping) == ("in_1ExampleFirst", 2380, 380, 0)
    assert (sold.customer, sold.occurred_at) == (
        "cus_ExampleMax",
        datetime(2025, 11, 1, 10, 0, 6, tzinfo=UTC),
    )
    assert single_report(session) == EvidenceReport(
        "in_1ExampleFirst",
        click=TOKEN,
        references=("cs_live_b1ExampleSubscriptionSession",),
        checkout_started_at=datetime(2025, 11, 1, 9, 58, 20, tzinfo=UTC),
    )


def test_both_formats_of_an_invoice_yield_the_same_sale() -> None:
    classic, basil = (single_report(payload(name)) for name in INVOICES)

    assert classic.content_hash == basil.content_hash
    assert classic.references == ("pi_3ExampleFirst", "ch_3ExampleFirst")
    assert basil.references == ()


def test_since_2025_the_payment_is_named_by_its_own_event_or_in_the_invoice() -> None:
    apart = single_report(payload("stripe_invoice_payment_paid"))
    payments = {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_3ExampleFirst"}}]}
    inside = single_report(event("stripe_invoice_first_basil", payments=payments))

    assert apart == ReferenceReport("in_1ExampleFirst", ("pi_3ExampleFirst",))
    assert inside.references == apart.references


@pytest.mark.parametrize("name", INVOICES)
def test_a_renewal_is_a_further_sale_of_the_same_customer(name: str) -> None:
    later = single_report(event(name, id="in_1ExampleSecond", billing_reason="subscription_cycle"))

    assert later.order_id == "in_1ExampleSecond"
    assert later.customer == single_report(payload(name)).customer


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (INVOICES[0], {"subscription_details": {"metadata": {"linkledger": TOKEN}}}),
        (INVOICES[1], {"parent": {"subscription_details": {"metadata": {"linkledger": TOKEN}}}}),
        (INVOICES[1], {"metadata": {"linkledger": TOKEN}}),
    ],
)
def test_the_token_may_be_in_the_metadata_of_the_subscription(name: str, changes: dict[str, Any]) -> None:
    assert single_report(event(name, **changes)).tokens == (TOKEN,)


def test_an_invoice_part_paid_by_credit_is_not_counted() -> None:
    """Half of 23.80 was paid, so half of the tax counts."""
    sold = single_report(event("stripe_invoice_first_basil", amount_paid=1190))

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


def test_a_trial_is_a_sale_of_0_that_names_its_customer() -> None:
    sold = single_report(event("stripe_invoice_first_basil", total=0, amount_paid=0, total_taxes=[]))

    assert (sold.total, sold.tax, sold.customer) == (0, 0, "cus_ExampleMax")


@pytest.mark.parametrize(
    ("currency", "stripe_amount", "iso_minor"),
    [
        ("jpy", 1190, 1190),
        ("bhd", 1190, 1190),
        ("isk", 119000, 1190),
        ("ugx", 500, 5),
        ("mga", 119, 11900),
        ("huf", 1190, 1190),
    ],
)
def test_stripes_units_are_converted_to_iso_minor_units(
    currency: str, stripe_amount: int, iso_minor: int
) -> None:
    plain: dict[str, Any] = {"total_details": None, "shipping_cost": None}
    sold = single_report(event("stripe_session_paid", currency=currency, amount_total=stripe_amount, **plain))

    assert (sold.currency, sold.total) == (currency.upper(), iso_minor)


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
def test_an_invalid_event_is_refused_naming_the_field(
    name: str, changes: dict[str, Any], reason: str
) -> None:
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
def test_an_invalid_envelope_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        reports(payload("stripe_session_paid", **changes))


def test_other_events_have_no_effect() -> None:
    other = payload("stripe_session_paid", type="customer.created")

    assert read(other).order_id is None
    assert "customer.created" in without_effect(other)


def test_deliveries_that_differ_only_in_the_envelope_are_the_same_message() -> None:
    first = payload("stripe_session_paid")

    assert read(first) == read(first | {"pending_webhooks": 0, "request": None})
    assert read(first) != read(event("stripe_session_paid", amount_total=5))
