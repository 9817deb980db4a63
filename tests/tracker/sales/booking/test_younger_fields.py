"""Fields that no rule reads yet: they are stored and shown, and a report without them is no conflict."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, update

from config.database import Databases, read_session, transact
from tests.cast.api import ApiClient, Terminal
from tests.cast.shop import Shop, refund, sale
from tests.tracker.sales.imports.files import SALES, TIME, sale_line, text, write_file
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.orders.models import Refund, Sale
from tracker.sales.orders.queries import find_sale
from tracker.sales.queries import sale_history
from tracker.sales.serializers import sale_history_json

LINE = {"sku": "A1", "quantity": 2, "net": 9500, "id": "L1", "name": "Tea", "tax": 1805, "cost": 4000}
TIP = {"kind": "tip", "amount": 200, "tax": 0}
YOUNGER = {
    "ordered_at": "2025-10-31T10:00:00Z",
    "version_at": "2025-11-01T10:00:01Z",
    "excluded": [TIP],
    "items": [LINE],
}
REFUND_PARTS: dict[str, Any] = {
    "items": [{"quantity": 1, "id": "L1", "net": 800}],
    "excluded": [{"kind": "tip", "amount": 200}],
}


def shown(shop: Shop, databases: Databases) -> dict[str, Any]:
    with read_session(databases.main) as session:
        return sale_history_json(sale_history(session, find_sale(session, shop.brand_id, "1001")))


@pytest.mark.parametrize("entry_point", ["webhook", "api"])
def test_the_younger_fields_of_a_sale_and_a_refund_are_stored_and_shown(
    shop: Shop, databases: Databases, api_client: ApiClient, entry_point: str
) -> None:
    if entry_point == "webhook":
        shop.send("sale.created", sale(**YOUNGER))
        shop.send("refund.created", refund(**REFUND_PARTS))
    else:
        assert api_client.post("sales", sale(**YOUNGER)).status_code == 201
        assert api_client.post("refunds", refund(**REFUND_PARTS)).status_code == 201

    found = shown(shop, databases)
    assert {name: found[name] for name in YOUNGER} == YOUNGER
    assert {name: found["refunds"][0][name] for name in REFUND_PARTS} == REFUND_PARTS


def test_they_do_not_change_the_net_amount_yet(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale(**YOUNGER))
    assert shown(shop, databases)["net"]["minor"] == 11900 - 1900 - 500


def test_without_them_nothing_is_stored_in_their_place(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale(items=[{"sku": "A1", "quantity": 1, "net": 9500, "id": None}]))
    shop.send("refund.created", refund(items=[]))
    with read_session(databases.main) as session:
        booked, refunded = session.scalars(select(Sale)).one(), session.scalars(select(Refund)).one()
        assert (booked.ordered_at, booked.version_at, booked.excluded) == (None, None, None)
        assert booked.items == [{"sku": "A1", "quantity": 1, "net": 9500}]
        assert (refunded.items, refunded.excluded) == (None, None)


def test_the_times_can_be_imported_from_a_file(
    shop: Shop, databases: Databases, terminal: Terminal, tmp_path: Any
) -> None:
    line = f"{sale_line('1001')},2025-10-31 11:00,{TIME}"
    file = write_file(tmp_path, text(line, header=f"{SALES},ordered_at,version_at"))
    value = terminal.ask("sale", "import", "--brand", shop.brand_id, "--timezone", "Europe/Berlin", file)
    assert (value["new"], value["unknown_columns"]) == (1, [])
    found = shown(shop, databases)
    assert (found["ordered_at"], found["version_at"]) == ("2025-10-31T10:00:00Z", TIME)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({}, YOUNGER | {"items": []}),
        (YOUNGER | {"items": []}, {}),
        (YOUNGER, YOUNGER | {"version_at": "2025-11-01T10:00:02Z"}),
        (YOUNGER, {"items": [{"sku": "A1", "quantity": 2, "net": 9500}]}),
    ],
    ids=["told later", "not told later", "another version", "lines without ids"],
)
def test_a_sale_that_is_reported_with_more_or_fewer_of_them_is_known(
    shop: Shop, first: dict[str, Any], again: dict[str, Any]
) -> None:
    shop.send("sale.created", sale(**first))
    assert_known(shop.send("sale.created", sale(**again)))


@pytest.mark.parametrize(
    ("name", "value"), [("ordered_at", "2025-10-31T10:00:01Z"), ("excluded", [TIP | {"amount": 201}])]
)
def test_a_sale_that_is_reported_with_another_value_is_parked(shop: Shop, name: str, value: Any) -> None:
    shop.send("sale.created", sale(**YOUNGER))
    other = shop.send("sale.created", sale(**YOUNGER | {name: value}))
    assert (other.state, (other.reason or "").rpartition(": ")[2]) == ("parked", f"{name}.")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({}, REFUND_PARTS),
        (REFUND_PARTS, {}),
        (REFUND_PARTS, REFUND_PARTS),
        ({"items": REFUND_PARTS["items"]}, {"excluded": REFUND_PARTS["excluded"]}),
        (REFUND_PARTS, {"items": REFUND_PARTS["items"]}),
    ],
    ids=["told later", "not told later", "repeated", "others told", "fewer told"],
)
def test_a_refund_that_is_reported_with_more_or_fewer_of_them_is_known(
    shop: Shop, first: dict[str, Any], again: dict[str, Any]
) -> None:
    shop.send("sale.created", sale())
    shop.send("refund.created", refund(**first))
    assert_known(shop.send("refund.created", refund(**again)))


@pytest.mark.parametrize("name", ["excluded", "items"])
@pytest.mark.parametrize("kind", ["sale.created", "refund.created"])
def test_parts_in_another_order_and_without_a_tax_of_0_are_the_same(shop: Shop, kind: str, name: str) -> None:
    parts: list[dict[str, Any]] = {
        "excluded": [{"kind": "tip", "amount": 100, "tax": 0}, {"kind": "fee", "amount": 50}],
        "items": [
            {"sku": "A1", "quantity": 1, "net": 100},
            {"sku": "B2", "quantity": 2, "net": 50, "tax": 0},
        ],
    }[name]
    again = [{field: value for field, value in part.items() if field != "tax"} for part in reversed(parts)]
    data: dict[str, Any] = sale()
    if kind == "refund.created":
        shop.send("sale.created", data)
        data = refund()

    assert shop.send(kind, {**data, name: parts}).reason is None
    assert_known(shop.send(kind, {**data, name: again}))


SALE_TELLS: list[dict[str, Any]] = [
    {},
    {"ordered_at": YOUNGER["ordered_at"], "version_at": "2025-11-01T10:00:03Z"},
    {"excluded": [TIP], "version_at": "2025-11-01T10:00:02Z"},
    {"version_at": "2025-11-01T10:00:04Z"},
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_any_report_of_a_sale_tells_is_stored_in_any_order_of_arrival(
    shop: Shop, databases: Databases, order: tuple[int, ...]
) -> None:
    for index in order:
        assert shop.send("sale.created", sale(**SALE_TELLS[index])).state == "applied"
    found = shown(shop, databases)
    assert [found[name] for name in ("ordered_at", "version_at", "excluded")] == [
        YOUNGER["ordered_at"],
        "2025-11-01T10:00:04Z",
        [TIP],
    ]


@pytest.mark.parametrize(
    "order", list(permutations(({}, *({name: part} for name, part in REFUND_PARTS.items()))))
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_any_report_of_a_refund_tells_is_stored_in_any_order_of_arrival(
    shop: Shop, databases: Databases, order: tuple[dict[str, Any], ...]
) -> None:
    shop.send("sale.created", sale())
    for parts in order:
        assert shop.send("refund.created", refund(**parts)).state == "applied"
    [found] = shown(shop, databases)["refunds"]
    assert {name: found[name] for name in REFUND_PARTS} == REFUND_PARTS


def test_what_a_later_report_told_is_compared_with_the_next_one(shop: Shop, databases: Databases) -> None:
    for changes in ({}, YOUNGER | {"items": []}):
        shop.send("sale.created", sale(**changes))
    for parts in ({}, REFUND_PARTS, {}):
        assert shop.send("refund.created", refund(**parts)).state == "applied"

    other = shop.send("sale.created", sale(ordered_at="2025-10-30T10:00:00Z"))
    assert (other.state, (other.reason or "").rpartition(": ")[2]) == ("parked", "ordered_at.")
    assert shop.send("refund.created", refund(items=[{"quantity": 2, "sku": "B2"}])).state == "parked"
    assert shown(shop, databases)["ordered_at"] == YOUNGER["ordered_at"]


@pytest.mark.parametrize(
    "other",
    [
        {"items": [{"quantity": 2, "id": "L1", "net": 800}]},
        {"excluded": [{"kind": "fee", "amount": 200}]},
        {**REFUND_PARTS, "amount": 1001},
        {"tax": 1},
    ],
)
def test_a_refund_that_is_reported_with_another_value_is_parked(shop: Shop, other: dict[str, Any]) -> None:
    shop.send("sale.created", sale())
    shop.send("refund.created", refund(**REFUND_PARTS))
    received = shop.send("refund.created", refund(**other))
    assert (received.state, (received.reason or "").endswith("with other content.")) == ("parked", True)


def test_a_refund_that_was_booked_before_its_lines_were_read_is_known(
    shop: Shop, databases: Databases
) -> None:
    """Its hash was stored when they were accepted and ignored."""
    shop.send("sale.created", sale())
    shop.send("refund.created", refund())
    transact(
        databases.main, lambda session: session.execute(update(Refund).values(items=None, excluded=None))
    )
    assert_known(shop.send("refund.created", refund(**REFUND_PARTS)))


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (
            "sale.created",
            sale(excluded=[{"kind": "goods", "amount": 1}]),
            "data.excluded[0].kind must be one of",
        ),
        ("sale.created", sale(ordered_at="2025-11-01T10:00:01Z"), "data.ordered_at is 2025-11-01T10:00:01"),
        (
            "sale.created",
            sale(items=[{**LINE, "id": 0}]),
            "data.items[0].id is 0; a number must be at least 1",
        ),
        ("refund.created", refund(items=[{"quantity": 1}]), "data.items[0] names no line"),
    ],
)
def test_an_invalid_value_is_parked_with_its_field(
    shop: Shop, kind: str, data: dict[str, Any], reason: str
) -> None:
    received = shop.send(kind, data)
    assert received.state == "parked"
    assert (received.reason or "").startswith(reason)


def assert_known(received: ReceiveResult) -> None:
    assert received.state == "applied", received.reason
    assert (received.reason or "").startswith("already booked by evt_")
