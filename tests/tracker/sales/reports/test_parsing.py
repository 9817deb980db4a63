"""Parts of an order or a refund are no more than the whole, and each line of a sale has its own id."""

from typing import Any

import pytest

from tests.tracker.sales.reports.test_validation import (
    DATA,
    ITEM,
    LINE,
    MORE_THAN,
    PART,
    PARTS,
    error_about,
    refusal,
)
from tracker.money import MAX_MINOR

MORE_AMOUNT = f"{MORE_THAN} amount (1000), {PARTS}"


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        (
            "sale",
            {"items": [ITEM | {"id": "L1"}, ITEM, ITEM | {"id": "L1"}]},
            "items[2].id is also that of items[0]; each line needs an id of its own.",
        ),
        (
            "refund",
            {"tax": 100, "shipping": 50, "excluded": [PART, PART | {"amount": 751}]},
            f"tax (100), shipping (50) and the amounts of excluded (851) {MORE_THAN} amount (1000), {PARTS}",
        ),
        (
            "refund",
            {"excluded": [PART | {"amount": 900, "tax": 101}]},
            f"The taxes of excluded (101), shipping (0) and the amounts of excluded (900) {MORE_AMOUNT}",
        ),
        (
            "refund",
            {"tax": 10, "excluded": [PART | {"tax": 11}]},
            f"The taxes of excluded (11) {MORE_THAN} tax (10), {PARTS}",
        ),
        (
            "refund",
            {"items": [LINE | {"net": 500}, LINE | {"net": 501}]},
            f"The net amounts of items (1001) {MORE_AMOUNT}",
        ),
        (
            "refund",
            {"items": [LINE | {"net": 901}], "excluded": [PART]},
            f"The net amounts of items (901) and the amounts of excluded (100) {MORE_AMOUNT}",
        ),
        (
            "refund",
            {"items": [LINE | {"tax": 1001}]},
            f"The tax amounts of items (1001) {MORE_AMOUNT}",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(name: str, changes: dict[str, Any], sentence: str) -> None:
    error = refusal(name, changes)
    assert str(error) == sentence
    assert error.field is not None
    assert error.field in sentence


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("sale", {"items": [ITEM, ITEM, ITEM | {"id": "L1"}, ITEM | {"id": "L2"}]}),
        ("sale", {"items": [ITEM | {"net": MAX_MINOR, "tax": MAX_MINOR}]}),
        ("refund", {"tax": 100, "shipping": 50, "excluded": [PART | {"amount": 850, "tax": 100}]}),
        ("refund", {"tax": 160, "items": [LINE | {"net": 841, "tax": 160}]}),
        ("refund", {"items": [LINE | {"id": "L1"}, LINE | {"id": "L1"}]}),
        ("refund", {"excluded": [PART | {"amount": 840, "tax": 160}]}),
    ],
)
def test_parts_that_fit_are_accepted(name: str, changes: dict[str, Any]) -> None:
    """Amounts of a sale's lines were never compared with its total, and a line may be refunded in pieces."""
    assert error_about(name, DATA[name] | changes) is None
