"""The list of events goes on page by page, and reads no more than a page."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from config.database import Databases, read_session
from tests.cast.api import Terminal
from tests.cast.shop import RECEIVED_AT, Shop, sale
from tracker.sales.inbox.queries import list_events

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def busy_shop(shop: Shop) -> Shop:
    """Nine events of two sources, some of them parked, several at one moment."""
    other = shop.connect("standard", SECRET)
    for number in range(9):
        shop.send(
            "sale.created" if number % 3 else "refund.created",
            sale(order_id=f"{number}") if number % 3 else refund(f"unknown-{number}"),
            now=RECEIVED_AT + timedelta(seconds=number // 2),
            source_id=other if number % 2 else None,
        )
    return shop


def refund(order_id: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "refund_id": "r-1",
        "occurred_at": "2025-11-01T11:00:00Z",
        "currency": "EUR",
        "amount": 100,
    }


@pytest.mark.parametrize("state", [None, "parked", "applied"])
@pytest.mark.parametrize("scope", ["all", "brand", "source"])
def test_pages_of_any_size_give_the_whole_list(
    busy_shop: Shop, terminal: Terminal, scope: str, state: str | None
) -> None:
    options = {
        "all": [],
        "brand": ["--brand", busy_shop.brand_id],
        "source": ["--source", busy_shop.source_id],
    }[scope] + (["--state", state] if state else [])
    whole = terminal.ask("source", "events", *options)
    assert len(whole) >= 2
    assert whole == sorted(whole, key=lambda each: (each["received_at"], each["id"]), reverse=True)
    paged: list[Any] = []
    while page := terminal.ask(
        "source", "events", *options, "--limit", "2", *(["--after", paged[-1]["id"]] if paged else [])
    ):
        paged += page
    assert paged == whole


def test_an_unknown_event_to_go_on_after_is_refused(terminal: Terminal, shop: Shop) -> None:
    assert "There is no event evt_nothing." in terminal.refused("source", "events", "--after", "evt_nothing")
    message = terminal.refused("sale", "list", "--brand", shop.brand_id, "--after", "sal_nothing")
    assert "There is no sale sal_nothing." in message


def test_pages_of_sales_give_the_whole_list(busy_shop: Shop, terminal: Terminal) -> None:
    whole = terminal.ask("sale", "list", "--brand", busy_shop.brand_id)
    assert len(whole) == 6
    first = terminal.ask("sale", "list", "--brand", busy_shop.brand_id, "--limit", "4")
    rest = terminal.ask("sale", "list", "--brand", busy_shop.brand_id, "--after", first[-1]["id"])
    assert first + rest == whole


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("state", [None, "parked", "applied"])
@pytest.mark.parametrize("scope", ["all", "brand"])
def test_events_are_read_in_the_order_of_an_index(
    busy_shop: Shop, databases: Databases, scope: str, state: str | None
) -> None:
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        statements.append((statement, parameters))

    event.listen(databases.main, "before_cursor_execute", record)
    with read_session(databases.main) as session:
        list_events(session, brand_id=busy_shop.brand_id if scope == "brand" else None, state=state, limit=2)
    event.remove(databases.main, "before_cursor_execute", record)
    reads = [each for each in statements if "FROM event" in each[0]]
    assert reads
    with databases.main.connect() as connection:
        for statement, parameters in reads:
            plan = [
                row[-1] for row in connection.exec_driver_sql(f"explain query plan {statement}", parameters)
            ]
            assert any("USING INDEX ix_event_" in step for step in plan), plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
    with databases.main.connect() as connection:
        assert connection.execute(text("select count(*) from event")).scalar_one() == 9
