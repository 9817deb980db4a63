"""A dry run says of repeated orders what the import then does."""

from pathlib import Path
from typing import Any

import pytest

from tests.cast.api import Terminal
from tests.cast.shop import Shop, refund, sale
from tests.tracker.sales.imports.files import REFUNDS, SALES, TIME, sale_line, text, write_file
from tests.tracker.sales.imports.test_import import SQLITE, counts, imported

pytestmark = SQLITE


def outcome(terminal: Terminal, shop: Shop, *arguments: str) -> dict[str, int]:
    """The counts of a dry run, which are those of the import after it."""
    trial, booked = (imported(terminal, shop, *how, *arguments) for how in (["--dry-run"], []))
    assert counts(trial) == counts(booked)
    assert [each["line"] for each in trial["remarks"]] == [each["line"] for each in booked["remarks"]]
    return counts(trial)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"version_at": "2025-11-01T10:00:01Z"}, "known"),
        ({"ordered_at": "2025-10-31T10:00:00Z"}, "known"),
        ({"excluded": [{"kind": "tip", "amount": 100}]}, "known"),
        ({"customer": "c9"}, "known"),
        ({"items": [{"sku": "A", "quantity": 1, "net": 9500}]}, "conflict"),
        ({"total": 11901}, "conflict"),
    ],
)
def test_a_sale_that_the_shop_reported_with_more_fields(
    terminal: Terminal, shop: Shop, tmp_path: Path, told: dict[str, Any], expected: str
) -> None:
    shop.send("sale.created", sale(**told))
    assert outcome(terminal, shop, write_file(tmp_path, text(sale_line("1001")))) == {expected: 1}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"items": [{"quantity": 1, "sku": "A1"}]}, "known"),
        ({"reason": "broken"}, "known"),
        ({"amount": 999}, "conflict"),
    ],
)
def test_a_refund_that_the_shop_reported_with_more_fields(
    terminal: Terminal, shop: Shop, tmp_path: Path, told: dict[str, Any], expected: str
) -> None:
    shop.send("sale.created", sale())
    shop.send("refund.created", refund(**told))
    line = f"1001,r1,{refund()['occurred_at']},EUR,10.00"
    file = write_file(tmp_path, text(line, header=REFUNDS))
    assert outcome(terminal, shop, "--kind", "refunds", file) == {expected: 1}


@pytest.mark.parametrize("is_booked", [False, True], ids=["new", "booked"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["{},,", "{},,2025-11-01T10:00:01Z", "{},,2025-11-01T10:00:02Z"], {"known": 2}),
        (["{},,", "{},2025-10-31T10:00:00Z,"], {"known": 1}),
        (["{},,", "{},2025-10-31T10:00:00Z,", "{},2025-10-30T10:00:00Z,"], {"known": 1, "conflict": 1}),
        (["{},,", "{other},,"], {"conflict": 1}),
    ],
    ids=["versions", "told later", "another time", "another total"],
)
def test_an_order_in_several_lines(
    terminal: Terminal,
    shop: Shop,
    tmp_path: Path,
    lines: list[str],
    expected: dict[str, int],
    is_booked: bool,
) -> None:
    if is_booked:
        shop.send("sale.created", sale(order_id="1", occurred_at=TIME))
    written = [line.format(sale_line("1"), other=sale_line("1", "120.00")) for line in lines]
    file = write_file(tmp_path, text(*written, header=f"{SALES},ordered_at,version_at"))
    first = {"known": expected.get("known", 0) + 1} if is_booked else {"new": 1}
    assert outcome(terminal, shop, file) == {**expected, **first}
