"""Content hashes are stored: those of reports without younger fields stay as they were computed at first."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.sales.reports.test_normal import DISPUTE, RECEIVED_AT, REFUND
from tracker.sales.reports.normal import (
    CancellationReport,
    DisputeReport,
    Item,
    RefundReport,
    Report,
    SaleReport,
)
from tracker.sales.reports.parsing import BY_NAME

SALE: dict[str, Any] = {
    "order_id": "1001",
    "occurred_at": "2026-11-01T10:00:00Z",
    "currency": "EUR",
    "total": 11900,
    "tax": 1900,
    "shipping": 500,
}
EVERYTHING: dict[str, Any] = {
    "discount": 100,
    "cost": 4000,
    "click": "token",
    "touches": ["token", "other"],
    "coupons": ["ANNA10"],
    "customer": "opaque",
    "customer_email_hash": "ABCDEF" * 10 + "ABCD",
    "items": [{"sku": "A1", "quantity": 2, "net": 9500}, {"sku": "Größe 1", "quantity": 1, "net": 0}],
    "test": True,
    "references": ["pi_1"],
    "checkout_started_at": "2026-11-01T09:50:00.123456Z",
}
ITEM = {"sku": "A1", "quantity": 1, "net": 1}
CANCELLATION: dict[str, Any] = {name: SALE[name] for name in ("order_id", "occurred_at")}
AT = datetime(2025, 11, 1, 11, 0, 0, 5, tzinfo=UTC)

SIX_FIELDS = "703e8cdc3f5154ae59006d2531a936e6dc3f5227b50ca2f5c065e1084221b3d5"
REFUNDED = "83fa83e98a0f51d8831f4d7ae032d1fc351e0f87ab8f241ec3f7af694e53ca4b"


def hash_of(name: str, data: dict[str, Any]) -> str:
    return BY_NAME[name].parse(data, RECEIVED_AT).content_hash


@pytest.mark.parametrize(
    ("name", "data", "stored"),
    [
        ("sale", SALE, SIX_FIELDS),
        ("sale", SALE | EVERYTHING, "5b2498f5bfacbfe86a84fb5bd6b6729fff5df38122fbfce2a969e5498a264bde"),
        ("sale", SALE | dict.fromkeys(EVERYTHING), SIX_FIELDS),
        (
            "sale",
            SALE | {"discount": 0, "click": "", "touches": [], "coupons": [""], "customer": "", "items": []},
            SIX_FIELDS,
        ),
        (
            "sale",
            SALE | {"occurred_at": "2026-11-01t11:00:00.987654321+01:00"},
            "cbb6d15420934d0da75ac4f6c09160fec106193025f962c52839e2870d523eb3",
        ),
        (
            "sale",
            SALE | {"currency": "JPY", "total": 2**53 - 1, "tax": 0, "shipping": 0},
            "ea8c7994c36d506b2659df9d96f5c470488c6f2049d872bcb0b88ddc914d5be9",
        ),
        (
            "sale",
            SALE | {"order_id": 'Größe \U0001f600 "7" \\ /', "customer": "ä\u2028"},
            "68c38071742497fae77acd93673e2cd01f059ffed04bbe526ca6ff2eee9bfe38",
        ),
        (
            "sale",
            SALE | {"total": 0, "tax": 0, "shipping": 0},
            "84f3e72c399594e36a32d313ba9820bcf3466a9a25c7bbf6ff1f823e7652fc55",
        ),
        (
            "sale",
            SALE | {"unknown": 1, "items": [ITEM | {"colour": "red"}]},
            "01acb1ec2ea76e0d5f737834687eecd4096f7b25267220b6aa286f7dcfc6bfb4",
        ),
        ("refund", REFUND, REFUNDED),
        ("refund", REFUND | {"tax": None, "shipping": None, "reason": ""}, REFUNDED),
        (
            "refund",
            REFUND | {"tax": 160, "shipping": 0, "reason": "broken"},
            "697bccc95ed784577fb298e0a4b896012d093f90209f132e040ef9d1a785f799",
        ),
        ("refund", REFUND | {"tax": 0}, "7fcc9391e8185d708ca6c6050964ae6ba897e0748b88ec0198d9a40a355f1500"),
        (
            "cancellation",
            CANCELLATION,
            "87682f0af6cfb0e21d0cc95078e35df8ea5078dc4abb01af2712d2da0e4091a2",
        ),
        ("dispute", DISPUTE, "af847ebd77704b41a6b8b06fbb447d771aa971ad766ec18e5141739f424ed844"),
        (
            "dispute",
            DISPUTE | {"status": "lost", "currency": "BHD", "amount": 1},
            "1a58e8bff63be492d8155272d2d5d2cb0a0be0cfe894357519500985030f8f4f",
        ),
    ],
)
def test_a_message_has_the_hash_that_is_stored_for_it(name: str, data: dict[str, Any], stored: str) -> None:
    assert hash_of(name, data) == stored


@pytest.mark.parametrize(
    ("report", "stored"),
    [
        (
            SaleReport(
                order_id="5",
                occurred_at=AT,
                currency="EUR",
                total=10,
                tax=1,
                shipping=0,
                click="t",
                customer="7",
                customer_email_hash="ab",
                customer_mailbox_hash="cd",
                items=(Item("A", 1, 9),),
                references=("#5",),
                checkout_started_at=AT,
            ),
            "9d54806f228b86bd763b18faa5467d4ce936d502ec1933e4750e9ec056274f1b",
        ),
        (
            RefundReport("5", "r", AT, "EUR", 10, 1, 0),
            "dcef5ae8a0879618ae81780ece4e1f02d399576edd70658a7454d824e6778c01",
        ),
        (CancellationReport("5", AT), "9d023a006228aee42d2cfc16ebe120594940c8554ae28f2b777e5eb4c86a109f"),
        (
            DisputeReport("5", "d", AT, "EUR", "won", 3),
            "f009902b3acaa181ef1fc2043596a37cc149351d9632e1ddb65a7bfef653aa14",
        ),
    ],
)
def test_a_report_that_a_translator_makes_has_the_hash_that_is_stored_for_it(
    report: Report, stored: str
) -> None:
    assert report.content_hash == stored
    assert replace(report, order_id="5").content_hash == stored


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_younger_field_does_not_change_the_hash(empty: Any) -> None:
    times, lists = {"ordered_at", "version_at"}, {"excluded"}
    names = lists if empty == [] else times if empty == "" else times | lists
    part = dict.fromkeys(("id", "name", "tax", "cost"), None)

    assert hash_of("sale", SALE | dict.fromkeys(names, empty)) == SIX_FIELDS
    assert hash_of("sale", SALE | {"items": [ITEM | part]}) == hash_of("sale", SALE | {"items": [ITEM]})
    if empty != "":
        assert hash_of("refund", REFUND | {"items": empty, "excluded": empty}) == REFUNDED


TIME = "2026-11-01T09:00:00Z"
PART = {"kind": "tip", "amount": 100}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sale", SALE | {"ordered_at": TIME}),
        ("sale", SALE | {"version_at": TIME}),
        ("sale", SALE | {"excluded": [PART]}),
        ("sale", SALE | {"excluded": [PART | {"tax": 0}]}),
        *(("sale", SALE | {"items": [ITEM | {name: 7 if name in ("tax", "cost") else "7"}]})
          for name in ("id", "name", "tax", "cost")),
        ("refund", REFUND | {"items": [{"sku": "A1", "quantity": 1}]}),
        ("refund", REFUND | {"items": [{"id": "A1", "quantity": 1}]}),
        ("refund", REFUND | {"items": [{"id": "A1", "quantity": 1, "net": 0}]}),
        ("refund", REFUND | {"excluded": [PART]}),
    ],
)  # fmt: skip
def test_each_younger_field_is_part_of_the_hash_when_it_is_given(name: str, data: dict[str, Any]) -> None:
    others = [SIX_FIELDS, REFUNDED, hash_of("sale", SALE | {"items": [ITEM]})]

    assert hash_of(name, data) not in others


@pytest.mark.parametrize(
    ("name", "data", "again"),
    [
        (
            "sale",
            SALE | {"excluded": [PART, PART | {"kind": "fee", "tax": 0}]},
            {"excluded": [PART | {"kind": "fee"}, PART]},
        ),
        ("refund", REFUND | {"excluded": [PART | {"tax": 0}]}, {"excluded": [PART]}),
        (
            "refund",
            REFUND | {"items": [{"sku": "A1", "quantity": 1}, {"sku": "B2", "quantity": 1, "tax": 0}]},
            {"items": [{"sku": "B2", "quantity": 1}, {"sku": "A1", "quantity": 1}]},
        ),
    ],
)
def test_the_order_of_parts_and_a_tax_of_0_do_not_change_the_hash(
    name: str, data: dict[str, Any], again: dict[str, Any]
) -> None:
    assert hash_of(name, data) == hash_of(name, data | again)
