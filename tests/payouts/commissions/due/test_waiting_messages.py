"""What waiting messages hold is found from these messages, which are few, also in a large history."""

from typing import Any

import pytest
from sqlalchemy import event, text

from config.database import read_session
from payouts.commissions.adjustment import AdjustmentRun, brands_to_adjust
from payouts.commissions.holds.of_events import sales_with_new_events
from payouts.commissions.release import ReleaseRun, brands_to_release
from payouts.statements.rows.shown import waiting_messages
from tests.cast.books import Books, at
from tests.payouts.commissions.due.test_statements import counted
from tracker.sales.inbox.queries import unapplied_events
from tracker.sales.orders.models import Sale

STATISTICS = {
    "commission": ("ix_commission_owner 96071 96071 97", "one_live_commission_per_sale 96071 1"),
    "commission_hold": ("ix_hold_open 293 1", "sqlite_autoindex_commission_hold_2 1444 1 1"),
    "event": (
        "ix_event_order 105208 105208 1",
        "ix_event_unapplied 45 45 1 1",
        "ix_event_waiting 105208 52604 1",
        "sqlite_autoindex_event_1 105208 1",
    ),
    "order_reference": (
        "ix_order_reference_order 25195 25195 25195 1 1",
        "sqlite_autoindex_order_reference_2 25195 25195 25195 1 1",
    ),
    "sale": ("ix_sale_latest 100000 100000 1 1", "sqlite_autoindex_sale_2 100000 100000 100000 1"),
}
"""By table: indexes, and what ANALYZE writes of them when a brand has a hundred thousand sales."""


def pretend_a_long_history(books: Books) -> None:
    rows = [
        {"tbl": table, "idx": each.split(" ", 1)[0], "stat": each.split(" ", 1)[1]}
        for table, indexes in STATISTICS.items()
        for each in indexes
    ]
    with books.databases.main.begin() as connection:
        connection.execute(text("analyze"))
        connection.execute(text("delete from sqlite_stat1"))
        connection.execute(text("insert into sqlite_stat1 (tbl, idx, stat) values (:tbl, :idx, :stat)"), rows)
    books.databases.main.dispose()  # connections read statistics when they are opened


def look_for_work(books: Books) -> None:
    with read_session(books.databases.main) as session:
        brands_to_adjust(session)
        brands_to_release(session, at("10-06"))
        sales_with_new_events(session)
        waiting_messages(session, books.brand_id)
        for sale in session.query(Sale):
            unapplied_events(session, sale)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_no_query_starts_from_all_rows_of_the_history(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 10_00, "10-05", currency="USD", with_jobs=False)
    pretend_a_long_history(books)
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        seen.append((statement, parameters))

    event.listen(books.databases.main, "before_cursor_execute", note)
    look_for_work(books)
    event.remove(books.databases.main, "before_cursor_execute", note)
    queries = [each for each in seen if "event_name" in each[0]]
    assert len(queries) == 4
    with books.databases.main.connect() as connection:
        for statement, parameters in queries:
            plan = connection.exec_driver_sql(f"explain query plan {statement}", parameters)
            steps = [row.detail for row in plan]
            for table in STATISTICS:
                assert not [each for each in steps if each.startswith(f"SCAN {table}")], steps
            assert steps.count("SEARCH event USING INDEX sqlite_autoindex_event_1 (id=?)") >= 3, steps


def test_without_waiting_messages_nothing_is_asked_about_their_orders(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    with counted(books.databases) as seen:
        look_for_work(books)
    assert seen
    assert not [each for each in seen if "event_name" in each]


def test_a_message_that_comes_between_two_batches_blocks_the_release_of_its_order(books: Books) -> None:
    for order, day in (("S1", "10-01"), ("S2", "10-02"), ("S3", "10-03")):
        books.sale(order, 100_00, day)
    run = ReleaseRun()

    def release(limit: int) -> int:
        return int(books.write(lambda s: run(s, at("11-05"), limit, brand_id=books.brand_id)))

    books.refund("S3", 10_00, "10-31", currency="USD", with_jobs=False)
    assert release(1) == 1
    books.refund("S2", 10_00, "10-31", currency="USD", with_jobs=False)
    assert release(10) == 0


def test_a_message_that_comes_between_two_batches_holds_its_order_in_the_same_run(books: Books) -> None:
    for order in ("S1", "S2"):
        books.sale(order, 100_00, "10-01")
    run = AdjustmentRun()

    def adjust() -> int:
        return int(books.write(lambda s: run(s, at("10-06"), 10, brand_id=books.brand_id)))

    books.refund("S1", 10_00, "10-05", currency="USD", with_jobs=False)
    assert adjust() == 1
    assert adjust() == 0
    books.refund("S2", 10_00, "10-05", currency="USD", with_jobs=False)
    assert adjust() == 1
    assert adjust() == 0
