"""The normal form: the required fields of reports, and the errors for invalid ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid
from tracker.money import MAX_MINOR
from tracker.sales.reports.fields import read_time
from tracker.sales.reports.normal import CancellationReport, Item
from tracker.sales.reports.parsing import parse_cancellation, parse_dispute, parse_refund, parse_sale

RECEIVED_AT = datetime(2026, 11, 1, 10, 0, 2, tzinfo=UTC)
SALE: dict[str, Any] = {
    "order_id": "1001",
    "occurred_at": "2026-11-01T10:00:00Z",
    "currency": "EUR",
    "total": 11900,
    "tax": 1900,
    "shipping": 500,
    "discount": 0,
    "cost": None,
    "click": "token",
    "touches": ["token", "other"],
    "coupons": ["ANNA10"],
    "customer": "opaque",
    "customer_email_hash": None,
    "items": [{"sku": "A1", "quantity": 1, "net": 9500}],
    "test": False,
}
REFUND: dict[str, Any] = {
    "order_id": "1001",
    "refund_id": "r1",
    "occurred_at": "2026-11-01T10:00:00Z",
    "currency": "EUR",
    "amount": 1000,
}
DISPUTE: dict[str, Any] = {
    "order_id": "1001",
    "dispute_id": "d1",
    "occurred_at": "2026-11-01T10:00:00Z",
    "currency": "EUR",
    "status": "opened",
    "amount": 1000,
}
MISSING = object()


def changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**data, **changes}.items() if value is not MISSING}


def test_the_sale_of_the_documentation_is_parsed() -> None:
    report = parse_sale(SALE, RECEIVED_AT)

    assert (report.total, report.tax, report.shipping, report.currency) == (11900, 1900, 500, "EUR")
    assert report.occurred_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert report.tokens == ("token", "other")
    assert report.items == (Item("A1", 1, 9500),)


def test_a_sale_needs_only_six_fields() -> None:
    needed = ("order_id", "occurred_at", "currency", "total", "tax", "shipping")
    report = parse_sale({name: SALE[name] for name in needed}, RECEIVED_AT)

    assert (report.discount, report.cost, report.tokens, report.coupons, report.test) == (
        0,
        None,
        (),
        (),
        False,
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": MISSING}, "data.order_id is missing"),
        ({"order_id": None}, "data.order_id is empty"),
        ({"order_id": ""}, "data.order_id is empty"),
        ({"order_id": 1001}, "data.order_id must be a text, not 1001"),
        ({"order_id": "x" * 201}, "data.order_id must have 1 to 200 characters"),
        ({"order_id": "a\x00b"}, "control character"),
        ({"order_id": " "}, "data.order_id must have"),
        ({"total": MISSING}, "data.total is missing"),
        ({"tax": MISSING}, "data.tax is missing; give a whole number of minor units, 0 when there is none"),
        ({"total": -1}, "data.total is -1; it must be at least 0"),
        ({"total": Decimal("119.00")}, "data.total must be a whole number of minor units .* not 119.00"),
        ({"total": Decimal("11900.0")}, "whole number"),
        ({"total": "11900"}, "whole number of minor units .* not a text"),
        ({"total": True}, "whole number of minor units .* not true"),
        ({"total": MAX_MINOR + 1}, "the largest amount"),
        (
            {"tax": 11000, "shipping": 901},
            "data.tax .11000. and data.shipping .901. are more than data.total",
        ),
        ({"discount": -5}, "data.discount is -5"),
        ({"cost": -1}, "data.cost is -1"),
        ({"currency": "EURO"}, "data.currency 'EURO' is not an ISO 4217"),
        ({"currency": "eur"}, "data.currency 'eur' is not"),
        ({"currency": "XXX"}, "data.currency 'XXX' is not"),
        ({"currency": 978}, "data.currency must be a text"),
        ({"occurred_at": "2026-11-01T10:00:00"}, "data.occurred_at must be a time with its zone"),
        ({"occurred_at": "yesterday"}, "data.occurred_at must be a time"),
        ({"occurred_at": 1761991200}, "data.occurred_at must be a text"),
        ({"occurred_at": "2026-11-02T10:00:03Z"}, "more than a day after it was received"),
        ({"occurred_at": "0226-11-02T10:00:03Z"}, "before the year 2000"),
        ({"click": 5}, "data.click must be a click token or null, not 5"),
        ({"touches": "token"}, "data.touches must be a list, not a text"),
        ({"touches": [1]}, r"data.touches\[0\] must be a text"),
        ({"touches": ["x"] * 101}, "data.touches has 101 entries"),
        ({"coupons": [None]}, r"data.coupons\[0\] must be a text, not null"),
        ({"coupons": {"code": "A"}}, "data.coupons must be a list, not an object"),
        ({"customer": ["x"]}, "data.customer must be a text, not a list"),
        ({"items": [5]}, r"data.items\[0\] must be an object, not 5"),
        ({"items": [{"quantity": 1, "net": 5}]}, r"data.items\[0\].sku is missing"),
        ({"items": [{"sku": "A", "quantity": 0, "net": 5}]}, r"data.items\[0\].quantity is 0; .* at least 1"),
        (
            {"items": [{"sku": "A", "quantity": 1, "net": Decimal("9.5")}]},
            r"data.items\[0\].net must be a whole",
        ),
        ({"test": 1}, "data.test must be true or false"),
    ],
)
def test_an_invalid_sale_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        parse_sale(changed(SALE, changes), RECEIVED_AT)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"refund_id": MISSING}, "data.refund_id is missing"),
        ({"amount": 0}, "data.amount is 0; it must be at least 1"),
        ({"amount": Decimal("1.5")}, "data.amount must be a whole number"),
        ({"tax": -1}, "data.tax is -1"),
        ({"tax": 600, "shipping": 401}, "are more than data.amount"),
        ({"reason": 5}, "data.reason must be a text"),
    ],
)
def test_an_invalid_refund_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        parse_refund(changed(REFUND, changes), RECEIVED_AT)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "closed"}, "data.status must be one of opened, won, lost"),
        ({"status": MISSING}, "data.status is missing"),
        ({"dispute_id": MISSING}, "data.dispute_id is missing"),
        ({"amount": 0}, "data.amount is 0"),
    ],
)
def test_an_invalid_dispute_is_refused_naming_the_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        parse_dispute(changed(DISPUTE, changes), RECEIVED_AT)


def test_a_cancellation_consists_of_an_order_and_a_time() -> None:
    data = {"order_id": "1001", "occurred_at": "2026-11-01T11:00:00+01:00"}

    assert parse_cancellation(data, RECEIVED_AT) == CancellationReport(
        "1001", datetime(2026, 11, 1, 10, tzinfo=UTC)
    )


@pytest.mark.parametrize("field", ["total", "tax", "shipping", "discount", "cost", "currency", "order_id"])
def test_a_sale_with_another_amount_has_another_hash(field: str) -> None:
    other = {"currency": "USD", "order_id": "1002", "total": 11901}.get(field, 7)

    assert _hash({field: other}) != _hash({})


@pytest.mark.parametrize(
    "changes",
    [
        {"click": None},
        {"touches": []},
        {"coupons": ["BOB5"]},
        {"occurred_at": "2026-11-01T11:00:00.000+01:00"},
        {"unknown": "field"},
    ],
)
def test_evidence_and_spelling_do_not_change_the_hash(changes: dict[str, Any]) -> None:
    assert _hash(changes) == _hash({})


def test_empty_coupons_and_tokens_are_left_out() -> None:
    report = parse_sale({**SALE, "click": "", "touches": [""], "coupons": ["", " ANNA10 "]}, RECEIVED_AT)

    assert (report.tokens, report.coupons) == ((), ("ANNA10",))


def test_private_fields_are_not_shown_when_a_report_is_printed() -> None:
    printed = repr(parse_sale({**SALE, "click": "secret-1", "customer": "secret-2"}, RECEIVED_AT))

    assert "secret" not in printed


@given(st.datetimes(datetime(2000, 1, 2), datetime(2026, 10, 30)), st.integers(-23 * 60, 23 * 60))
def test_a_time_with_any_zone_is_converted_to_utc(naive: datetime, offset_minutes: int) -> None:
    hours, minutes = divmod(abs(offset_minutes), 60)
    sign = "-" if offset_minutes < 0 else "+"
    text = f"{naive.isoformat()}{sign}{hours:02}:{minutes:02}"

    assert read_time(text) == naive.replace(tzinfo=UTC) - timedelta(minutes=offset_minutes)


@pytest.mark.parametrize(
    "text",
    [
        "2026-W44-1T10:00:00Z",
        "20261101T100000Z",
        "2026-11-01",
        "2026-11-01T10:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-01T10:00:00+99:99",
        "0001-01-01T00:00:00+01:00",
        "２026-11-01T10:00:00Z",
        "2026-11-01T10:00:00Z ",
    ],
)
def test_a_time_that_is_not_rfc_3339_is_not_read(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize(
    "text", ["2026-11-01t10:00:00z", "2026-11-01 10:00:00.0Z", "2026-11-01T10:00:00.000000000Z"]
)
def test_all_spellings_of_rfc_3339_are_read_as_the_same_time(text: str) -> None:
    assert read_time(text) == datetime(2026, 11, 1, 10, tzinfo=UTC)


def _hash(changes: dict[str, Any]) -> str:
    return parse_sale({**SALE, **changes}, RECEIVED_AT).content_hash
