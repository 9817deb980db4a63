"""Lemon Squeezy's messages: orders, payments of subscriptions, and cumulative refunds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.sales.payloads_read import lemon, payload, raw
from tracker.errors import Invalid
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.integrations.lemonsqueezy import events as lemonsqueezy
from tracker.sales.integrations.lemonsqueezy.reasons import LemonReason
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import AnyReport, NoEffect, ReferenceReport, RefundLevelReport

RECEIVED_AT = datetime(2025, 11, 7, 12, tzinfo=UTC)
SOLD_AT, RENEWED_AT = datetime(2025, 11, 1, 10, tzinfo=UTC), datetime(2025, 11, 4, 10, tzinfo=UTC)
IDENTIFIER = "104e18a2-0000-4000-8000-a6c1dcbe1c10"
ERIKA = address_hashes("erika@customers.example").exact


def read(value: dict[str, Any]) -> Message:
    return lemonsqueezy.read(raw(value))


def reports(value: dict[str, Any]) -> tuple[AnyReport, ...]:
    return lemonsqueezy.translate(read(value), RECEIVED_AT)


def only(name: str, **changes: Any) -> Any:
    [report] = reports(lemon(name, **changes))
    return report


def test_an_order_is_a_sale() -> None:
    assert only("order_created", custom={"_ll": "first", "campaign": "autumn", "ll": "latest"}) == SaleReport(
        order_id="685946",
        occurred_at=SOLD_AT,
        currency="EUR",
        total=10710,
        tax=1710,
        shipping=0,
        discount=1000,
        click="latest",
        touches=("first",),
        customer="2211",
        customer_email_hash=ERIKA,
        customer_mailbox_hash=ERIKA,
        references=(IDENTIFIER, "#3007"),
    )


@pytest.mark.parametrize("custom", [[], None, {}, {"ll": 7}, {"ll": ""}, {"LL": "x"}])
def test_custom_data_without_a_token_is_no_evidence(custom: Any) -> None:
    value = lemon("order_created")
    value["meta"]["custom_data"] = custom

    [sold] = reports(value)
    assert isinstance(sold, SaleReport)
    assert sold.tokens == ()


def test_the_tax_is_a_part_of_the_total_whether_prices_include_it_or_not() -> None:
    inclusive = only("order_created", tax_inclusive=True, subtotal=10710, discount_total=0, tax=1710)

    assert (inclusive.total, inclusive.tax, inclusive.discount) == (10710, 1710, 0)


def test_a_free_order_is_a_sale_because_a_trial_begins_with_one() -> None:
    free = only("order_created", subtotal=0, discount_total=0, tax=0, total=0)

    assert (free.total, free.customer) == (0, "2211")


@pytest.mark.parametrize("status", ["pending", "failed", "fraudulent"])
def test_an_order_that_was_not_paid_is_without_effect(status: str) -> None:
    unpaid = NoEffect.because(LemonReason.ORDER_STATUS, status=status)
    assert only("order_created", status=status) == unpaid


def test_a_refund_reports_the_sale_and_everything_refunded_so_far() -> None:
    sold = only("order_created")

    assert reports(payload("lemonsqueezy_order_refunded_in_part")) == (
        sold,
        RefundLevelReport("685946", "payment", datetime(2025, 11, 2, 9, tzinfo=UTC), "EUR", 2000),
    )
    assert reports(payload("lemonsqueezy_order_refunded")) == (
        sold,
        RefundLevelReport("685946", "payment", datetime(2025, 11, 3, 9, tzinfo=UTC), "EUR", 10710),
    )


def test_a_full_refund_without_its_amount_is_one_of_the_total() -> None:
    """As in messages from before partial refunds existed, where `refunded` may be 1."""
    [_, refunded] = reports(lemon("order_refunded", refunded_amount=None, refunded=1))

    assert isinstance(refunded, RefundLevelReport)
    assert refunded.amount == 10710


def test_a_refunded_order_that_was_fraudulent_is_a_sale_and_its_refund() -> None:
    [sold, refunded] = reports(lemon("order_refunded", status="fraudulent"))

    assert (sold, getattr(refunded, "amount", 0)) == (only("order_created"), 10710)


def test_the_first_payment_of_a_subscription_is_the_sale_of_its_order() -> None:
    message = read(payload("lemonsqueezy_payment_initial"))
    assert (message.order_id, message.references) == (None, ())
    assert only("payment_initial") == NoEffect.because(LemonReason.REPORTED_BY_ORDER)


def test_a_refund_of_the_first_payment_finds_its_order_by_other_names() -> None:
    message = read(payload("lemonsqueezy_payment_initial_refunded"))

    assert (message.order_id, message.references) == (None, (IDENTIFIER, "subscription-165202"))
    [refunded] = lemonsqueezy.translate(message, RECEIVED_AT)
    [_, same] = reports(payload("lemonsqueezy_order_refunded_in_part"))
    assert isinstance(refunded, RefundLevelReport)
    assert isinstance(same, RefundLevelReport)
    assert (refunded.payment_id, refunded.amount) == (same.payment_id, same.amount)
    without_url = read(lemon("payment_initial_refunded", urls=[]))
    assert without_url.references == ("subscription-165202",)


@pytest.mark.parametrize("event_name", ["subscription_created", "subscription_updated"])
def test_a_subscription_is_another_name_of_its_order(event_name: str) -> None:
    assert only("subscription_created", event_name=event_name) == ReferenceReport(
        "685946", ("subscription-165202",)
    )


@pytest.mark.parametrize("event_name", ["subscription_payment_success", "subscription_payment_recovered"])
@pytest.mark.parametrize("reason", ["renewal", "updated"])
def test_each_later_payment_is_a_sale_of_its_own(event_name: str, reason: str) -> None:
    sold = only("payment_renewal", event_name=event_name, billing_reason=reason, custom={"ll": "kept"})

    assert (sold.order_id, sold.occurred_at, sold.total, sold.tax) == (
        "invoice-511344",
        RENEWED_AT,
        10710,
        1710,
    )
    assert (sold.click, sold.customer, sold.customer_email_hash) == ("kept", "2211", ERIKA)
    assert sold.references == ()


def test_a_refunded_renewal_is_the_sale_and_its_refund() -> None:
    assert reports(payload("lemonsqueezy_payment_renewal_refunded")) == (
        only("payment_renewal"),
        RefundLevelReport("invoice-511344", "payment", RENEWED_AT.replace(hour=15), "EUR", 10710),
    )


@pytest.mark.parametrize(
    "changes", [{"status": "pending"}, {"status": "void"}, {"total": 0, "tax": 0, "subtotal": 0}]
)
def test_a_renewal_that_was_not_paid_is_without_effect(changes: dict[str, Any]) -> None:
    assert isinstance(only("payment_renewal", **changes), NoEffect)


@pytest.mark.parametrize(
    ("meta", "order", "item", "is_test"),
    [
        (True, False, False, True),
        (None, True, False, True),
        (None, None, True, True),
        (False, None, None, False),
    ],
)
def test_a_test_order_is_recognised_by_the_first_place_that_says_it(
    meta: bool | None, order: bool | None, item: bool | None, is_test: bool
) -> None:
    value = lemon("order_created", test_mode=order, first_order_item={"test_mode": item})
    value["meta"]["test_mode"] = meta

    assert read(value).is_test is is_test
    [sold] = reports(value)
    assert isinstance(sold, SaleReport)
    assert sold.test is is_test


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "0"}, "data.id must be a whole number"),
        ({"id": None}, "data.id must be a whole number"),
        ({"type": "subscriptions"}, "data.type must be orders"),
        ({"status": "new"}, "data.attributes.status must be one of"),
        ({"status": None}, "data.attributes.status is empty"),
        ({"total": "107.10"}, "data.attributes.total must be a whole number of minor units"),
        ({"total": -1}, "must be at least 0"),
        ({"total": 100}, "of which they are parts"),
        ({"tax": None}, "data.attributes.tax is empty"),
        ({"currency": "eur"}, "not an ISO 4217"),
        ({"currency": "JPY"}, "has no cents"),
        ({"currency": "KWD"}, "has no cents"),
        ({"created_at": "2026-11-01T10:00:00.000000Z"}, "more than a day after"),
        ({"created_at": "soon"}, "RFC 3339"),
    ],
)
def test_an_invalid_order_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    value = lemon("order_created", **{name: changes[name] for name in changes if name not in ("id", "type")})
    value["data"] |= {name: changes[name] for name in changes if name in ("id", "type")}
    with pytest.raises(Invalid, match=reason):
        reports(value)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("order_refunded_in_part", {"refunded_amount": "20"}, "refunded_amount must be a whole number"),
        ("order_refunded_in_part", {"refunded_amount": -1}, "refunded_amount is -1"),
        ("order_refunded_in_part", {"updated_at": None}, "updated_at is empty"),
        ("payment_renewal", {"billing_reason": "gift"}, "billing_reason must be one of initial"),
        ("payment_renewal", {"billing_reason": None}, "billing_reason is empty"),
        ("payment_initial_refunded", {"urls": {}, "subscription_id": 0}, "subscription_id must be"),
        ("subscription_created", {"order_id": None}, "order_id must be a whole number"),
    ],
)
def test_an_invalid_refund_or_payment_is_refused_naming_the_field(
    name: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        reports(lemon(name, **changes))


def test_an_object_of_another_type_names_no_order() -> None:
    """The ids of orders and invoices are counted separately; a parked message would hold the wrong order."""
    value = payload("lemonsqueezy_order_created")
    value["data"]["type"] = "subscription-invoices"

    assert (read(value).order_id, read(value).references) == (None, ())


def test_other_events_have_no_effect_and_a_missing_name_is_refused() -> None:
    assert isinstance(only("order_created", event_name="license_key_created"), NoEffect)
    assert read(lemon("order_created", event_name="license_key_created")).order_id is None
    with pytest.raises(Invalid, match=r"meta\.event_name must be the name of an event"):
        only("order_created", event_name=None)
    silent = lemon("order_created", test_mode=None, first_order_item=None)
    silent["meta"]["test_mode"] = None
    with pytest.raises(Invalid, match=r"meta\.test_mode must be true or false"):
        reports(silent)


def test_only_numbers_written_by_people_are_order_numbers() -> None:
    names = [*only("order_created").references, "subscription-165202", "invoice-511344", "685946"]

    assert list(filter(kind_of("lemonsqueezy").is_order_number, names)) == ["#3007"]
