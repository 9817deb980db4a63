"""Errors about the data of a message: one sentence for people, without private values."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.sales.integrations.test_bad_input import ANY_JSON
from tests.tracker.sales.reports.test_normal import DISPUTE, MISSING, RECEIVED_AT, REFUND, SALE, changed
from tracker.errors import Invalid
from tracker.money import MAX_MINOR
from tracker.sales.reports.declared_fields import DeclaredField, declared_fields
from tracker.sales.reports.field_types import AMOUNT_TYPES, COUNT, FLAG, OPTIONAL_ID
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.order_parts import ExcludedPart, RefundedItem
from tracker.sales.reports.parsing import BY_NAME, REPORT_TYPES, parse_refund, parse_sale

CANCELLATION: dict[str, Any] = {name: SALE[name] for name in ("order_id", "occurred_at")}
DATA = {"sale": SALE, "refund": REFUND, "cancellation": CANCELLATION, "dispute": DISPUTE}
ITEM: dict[str, Any] = {"sku": "A1", "quantity": 1, "net": 9500}
PART: dict[str, Any] = {"kind": "tip", "amount": 100}
LINE: dict[str, Any] = {"sku": "A1", "quantity": 1}
OBJECTS = {
    "items": {"sale": ITEM, "refund": LINE},
    "excluded": {"sale": PART, "refund": PART},
}

EXCLUDED, MORE_THAN, PARTS = "excluded (9501)", "are more than", "of which they are parts."
TOO_LATE = (
    "is 2026-11-02T10:00:03+00:00, more than a day after it was received (2026-11-01T10:00:02+00:00); is the "
    "shop's clock right?."
)
ORDERED_LATER = (
    "is 2026-11-01T10:00:01+00:00, after occurred_at (2026-11-01T10:00:00+00:00); an order is placed before "
    "it is paid, or at the same time."
)
AMOUNT = "a whole number of minor units (119.00 EUR is 11900)"
WANTED = "a whole number of minor units, 0 when there is none"
PLAIN = "must have 1 to 200 characters, none of them a control character"
ZONE = "must be a time with its zone by RFC 3339, such as 2026-11-01T10:00:00Z"


def refusal(name: str, changes: dict[str, Any], path: str = "") -> Invalid:
    with pytest.raises(Invalid) as refused:
        BY_NAME[name].parse(changed(DATA[name], changes), RECEIVED_AT, path)
    return refused.value


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("sale", {"order_id": MISSING}, "order_id is missing; give a text."),
        ("sale", {"order_id": None}, "order_id is empty; give a text."),
        ("sale", {"order_id": 7}, "order_id must be a text, not 7."),
        ("sale", {"order_id": "a\tb"}, f"order_id {PLAIN}."),
        ("sale", {"total": MISSING}, f"total is missing; give {WANTED}."),
        ("sale", {"total": None}, f"total is empty; give {WANTED}."),
        ("sale", {"total": "1"}, f"total must be {AMOUNT}, not a text."),
        ("sale", {"total": []}, f"total must be {AMOUNT}, not a list."),
        ("sale", {"total": -1}, "total is -1; it must be at least 0."),
        ("sale", {"total": 2**53}, f"total is {2**53}; the largest amount that is accepted is {MAX_MINOR}."),
        ("sale", {"discount": True}, f"discount must be {AMOUNT}, not true."),
        ("sale", {"currency": None}, "currency is empty; give a text."),
        (
            "sale",
            {"currency": "EURO"},
            "currency 'EURO' is not an ISO 4217 currency code in capital letters, such as EUR.",
        ),
        ("sale", {"occurred_at": "today"}, f"occurred_at {ZONE}."),
        ("sale", {"occurred_at": 5}, "occurred_at must be a text, not 5."),
        ("sale", {"checkout_started_at": "today"}, f"checkout_started_at {ZONE}."),
        (
            "sale",
            {"ordered_at": "1999-01-01T00:00:00Z"},
            "ordered_at is 1999-01-01T00:00:00+00:00, before the year 2000.",
        ),
        ("sale", {"version_at": "2026-11-02T10:00:03Z"}, f"version_at {TOO_LATE}"),
        ("sale", {"ordered_at": "2026-11-01T10:00:01Z"}, f"ordered_at {ORDERED_LATER}"),
        ("sale", {"click": 5}, "click must be a click token or null, not 5."),
        ("sale", {"touches": {}}, "touches must be a list, not an object."),
        ("sale", {"touches": ["x", 1]}, "touches[1] must be a text, not 1."),
        ("sale", {"coupons": ["", "a\0"]}, f"coupons[0] {PLAIN}."),
        ("sale", {"references": ["x"] * 101}, "references has 101 entries; at most 100 are read."),
        ("sale", {"test": 0}, "test must be true or false, not 0."),
        ("sale", {"items": {}}, "items must be a list, not an object."),
        ("sale", {"items": "x"}, "items must be a list, not a text."),
        ("sale", {"items": [ITEM] * 101}, "items has 101 entries; at most 100 are read."),
        ("sale", {"items": [ITEM, None]}, "items[1] must be an object, not null."),
        ("sale", {"items": [ITEM, {}]}, "items[1].sku is missing; give a text."),
        ("sale", {"items": [ITEM | {"quantity": 0}]}, "items[0].quantity is 0; it must be at least 1."),
        (
            "sale",
            {"items": [ITEM | {"quantity": "1"}]},
            "items[0].quantity must be a whole number, not a text.",
        ),
        ("sale", {"items": [ITEM | {"id": True}]}, "items[0].id must be a text, not true."),
        ("sale", {"items": [ITEM | {"id": 0}]}, "items[0].id is 0; a number must be at least 1."),
        ("sale", {"items": [ITEM | {"id": Decimal("7.0")}]}, "items[0].id must be a text, not 7.0."),
        ("refund", {"items": [LINE | {"id": 10**200}]}, f"items[0].id {PLAIN}."),
        (
            "sale",
            {"items": [ITEM | {"id": 7}, ITEM | {"id": "7"}]},
            "items[1].id is also that of items[0]; each line needs an id of its own.",
        ),
        ("sale", {"items": [ITEM | {"name": "x" * 201}]}, f"items[0].name {PLAIN}."),
        ("sale", {"items": [ITEM | {"tax": -1}]}, "items[0].tax is -1; it must be at least 0."),
        ("sale", {"items": [ITEM | {"cost": Decimal("1.0")}]}, f"items[0].cost must be {AMOUNT}, not 1.0."),
        (
            "sale",
            {"excluded": [PART | {"kind": "goods"}]},
            "excluded[0].kind must be one of gift_card, tip, duty, fee.",
        ),
        ("sale", {"excluded": [PART | {"kind": 1}]}, "excluded[0].kind must be a text, not 1."),
        ("sale", {"excluded": [PART | {"kind": ""}]}, "excluded[0].kind is empty; give a text."),
        ("sale", {"excluded": [{"amount": 1}]}, "excluded[0].kind is missing; give a text."),
        ("sale", {"excluded": [PART | {"amount": -1}]}, "excluded[0].amount is -1; it must be at least 0."),
        (
            "sale",
            {"excluded": [PART, PART | {"amount": 9401}]},
            f"tax (1900), shipping (500) and the amounts of {EXCLUDED} {MORE_THAN} total (11900), {PARTS}",
        ),
        (
            "sale",
            {"excluded": [PART | {"tax": 1901}]},
            f"The taxes of excluded (1901) {MORE_THAN} tax (1900), {PARTS}",
        ),
        ("refund", {"amount": 0}, "amount is 0; it must be at least 1."),
        (
            "refund",
            {"tax": 600, "shipping": 401},
            f"tax (600) and shipping (401) {MORE_THAN} amount (1000), {PARTS}",
        ),
        (
            "refund",
            {"items": [{"quantity": 1, "sku": ""}]},
            "items[0] names no line; give the id or the sku that it has in the sale.",
        ),
        (
            "refund",
            {"items": [{"sku": "A1"}]},
            "items[0].quantity is missing; give a whole number, at least 1.",
        ),
        ("refund", {"excluded": [{}]}, "excluded[0].kind is missing; give a text."),
        ("dispute", {"status": "pending"}, "status must be one of opened, won, lost."),
        ("dispute", {"status": MISSING}, "status is missing; give a text."),
        ("dispute", {"status": None}, "status is empty; give a text."),
        ("cancellation", {"order_id": MISSING, "occurred_at": MISSING}, "order_id is missing; give a text."),
    ],
)  # fmt: skip
def test_the_first_error_is_told_in_one_sentence(name: str, changes: dict[str, Any], sentence: str) -> None:
    error = refusal(name, changes)
    assert str(error) == sentence
    assert error.field is not None
    assert error.field in sentence


def test_the_place_in_the_message_is_told() -> None:
    error = refusal("sale", {"items": [ITEM | {"net": "x"}]}, path="data")
    assert (str(error).partition(" ")[0], error.field) == ("data.items[0].net", "data.items[0].net")


def all_fields() -> Iterator[tuple[str, str, DeclaredField]]:
    """Every declared field: the type of report, the list that holds it, and the field."""
    for each in REPORT_TYPES:
        for field in declared_fields(each.report):
            yield each.name, "", field
            yield from ((each.name, field.name, part) for part in field.parts)


def data_with(name: str, holder: str, field: DeclaredField, value: Any) -> dict[str, Any]:
    if not holder:
        return DATA[name] | {field.name: value}
    return DATA[name] | {holder: [OBJECTS[holder][name] | {field.name: value}]}


FIELDS = pytest.mark.parametrize(
    ("name", "holder", "field"),
    [pytest.param(*each, id="-".join((*each[:2], each[2].name))) for each in all_fields()],
)


def error_about(name: str, data: dict[str, Any]) -> Invalid | None:
    try:
        BY_NAME[name].parse(data, RECEIVED_AT, "data")
    except Invalid as error:
        return error
    return None


@FIELDS
def test_no_error_repeats_a_text_of_the_message_or_shows_pydantic(
    name: str, holder: str, field: DeclaredField
) -> None:
    private = "llt_secret"
    texts = (private, f"{private}\0", private * 50)
    for value in (*texts, [private, 7], [private, {}], {private: private}, 7, True, -1):
        if field.name == "currency" and isinstance(value, str):
            continue  # a code is no secret, and the person who wrote it wants to see it
        error = error_about(name, data_with(name, holder, field, value))
        if error is not None:
            assert error.__context__ is None
            assert private not in str(error)
            assert not re.search("[Ii]nput|pydantic|validation|NoneType|dict|str\\b|tuple", str(error))
            assert field.name in str(error)


@FIELDS
def test_nothing_is_converted(name: str, holder: str, field: DeclaredField) -> None:
    wrong: tuple[Any, ...] = (1, True, Decimal(1), ["1"])
    if field.type in (*AMOUNT_TYPES, COUNT):
        wrong = ("1", True, Decimal("1.0"), Decimal(1), ["1"])
    elif field.type is OPTIONAL_ID:
        wrong = (0, -1, True, Decimal(1), ["1"])
    elif field.type is FLAG:
        wrong = ("true", 1, 0, Decimal(1), [True])
    elif "list" in field.type.label:
        wrong = ("x", 1, True, {"x": 1}, [1])
    for value in wrong:
        with pytest.raises(Invalid):
            BY_NAME[name].parse(data_with(name, holder, field, value), RECEIVED_AT)


@FIELDS
def test_null_is_the_same_as_absent_in_every_optional_field(
    name: str, holder: str, field: DeclaredField
) -> None:
    if field.is_required or (name, holder, field.name) == ("refund", "items", "sku"):
        return
    absent = data_with(name, holder, field, None)
    for each in absent[holder] if holder else [absent]:
        del each[field.name]

    parse = BY_NAME[name].parse
    assert parse(data_with(name, holder, field, None), RECEIVED_AT) == parse(absent, RECEIVED_AT)


@given(name=st.sampled_from(sorted(DATA)), data=st.data())
def test_any_value_in_any_field_is_read_or_refused(name: str, data: st.DataObject) -> None:
    names = [field.name for field in declared_fields(BY_NAME[name].report)]
    changes = data.draw(st.dictionaries(st.sampled_from(names), ANY_JSON, max_size=3))
    error = error_about(name, DATA[name] | changes)
    assert error is None or str(error).endswith((".", "?"))


def test_a_message_cannot_set_what_only_translators_know() -> None:
    report = parse_sale(SALE | {"customer_mailbox_hash": "forged", "shopper": "forged"}, RECEIVED_AT)
    assert (report.customer_mailbox_hash, report.shopper) == (None, "opaque")


def test_the_younger_fields_of_a_sale_are_read() -> None:
    times = {"ordered_at": "2026-11-01T09:00:00Z", "version_at": "2026-11-01T12:00:00+01:00"}
    lines = [ITEM | {"id": "L1", "name": "Tea", "tax": 1805, "cost": 0}]
    report = parse_sale(SALE | times | {"items": lines, "excluded": [PART, PART | {"tax": 0}]}, RECEIVED_AT)

    assert report.ordered_at == report.occurred_at - timedelta(hours=1)
    assert report.version_at == report.occurred_at + timedelta(hours=1)
    assert [item.as_json() for item in report.items] == lines
    assert report.excluded == (ExcludedPart("tip", 100), ExcludedPart("tip", 100, 0))
    assert report.facts()["excluded"] == [PART, PART | {"tax": 0}]


@pytest.mark.parametrize("line_id", [1, 4711, 2**64])
def test_the_number_of_a_line_is_read_as_text(line_id: int) -> None:
    sold = parse_sale(SALE | {"items": [ITEM | {"id": line_id}]}, RECEIVED_AT)
    assert sold == parse_sale(SALE | {"items": [ITEM | {"id": str(line_id)}]}, RECEIVED_AT)
    assert sold.items[0].as_json() == ITEM | {"id": str(line_id)}
    refunded = parse_refund(REFUND | {"items": [{"id": line_id, "quantity": 1}]}, RECEIVED_AT)
    assert refunded.items == (RefundedItem(1, id=str(line_id)),)


def test_a_refund_names_lines_by_id_or_sku() -> None:
    report = parse_refund(
        REFUND | {"items": [{"id": "L1", "quantity": 1}, {"sku": "A1", "quantity": 2, "net": 5, "tax": 1}]},
        RECEIVED_AT,
    )
    assert report.items == (RefundedItem(1, id="L1"), RefundedItem(2, sku="A1", net=5, tax=1))
    assert report.parts() == {
        "items": [{"quantity": 1, "id": "L1"}, {"quantity": 2, "sku": "A1", "net": 5, "tax": 1}],
        "excluded": None,
    }


def test_a_report_can_be_copied_with_another_order() -> None:
    report = parse_sale(SALE, RECEIVED_AT)
    assert isinstance(report, SaleReport)
    assert replace(report, order_id="2") != report
    assert replace(replace(report, order_id="2"), order_id="1001") == report
