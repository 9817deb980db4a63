"""Concurrent deliveries: everything is booked once, and no event stays parked forever."""

import time
from collections.abc import Callable
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.shop import RECEIVED_AT, Shop, cancellation, envelope, refund, sale
from tests.harness.processes.threads import DEADLINE_S, THREADS, run_concurrently
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, receive, replay, unapplied_ids
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Cancellation, Refund, Sale
from tracker.sales.sources.operations import get_source


def count(databases: Databases, table: Any) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def states(databases: Databases) -> dict[str, int]:
    with read_session(databases.main) as session:
        rows = session.execute(select(Event.state, func.count()).group_by(Event.state)).all()
        return {row[0]: row[1] for row in rows}


def test_one_message_in_sixteen_threads_is_booked_once(shop: Shop, databases: Databases) -> None:
    results = run_concurrently(*[lambda: shop.send("sale.created", sale(), key="msg_1")] * THREADS)

    assert (count(databases, Event), count(databases, Sale), count(databases, Attribution)) == (1, 1, 1)
    assert sorted(result.duplicate for result in results) == [False] + [True] * (THREADS - 1)
    assert {(result.event_id, result.state) for result in results} == {(results[0].event_id, "applied")}


def test_one_sale_under_sixteen_concurrent_keys_is_booked_once(shop: Shop, databases: Databases) -> None:
    run_concurrently(*[lambda: shop.send("sale.created", sale())] * THREADS)

    assert (count(databases, Sale), count(databases, Attribution)) == (1, 1)
    assert states(databases) == {"applied": THREADS}


def test_one_key_with_sixteen_concurrent_contents_is_applied_once(shop: Shop, databases: Databases) -> None:
    run_concurrently(
        *[
            lambda number=number: shop.send("sale.created", sale(order_id=str(number)), key="msg_1")
            for number in range(THREADS)
        ]
    )

    assert count(databases, Sale) == 1
    assert states(databases) == {"applied": 1, "conflict": THREADS - 1}


def test_one_refund_under_sixteen_concurrent_keys_is_booked_once(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale())
    run_concurrently(*[lambda: shop.send("refund.created", refund())] * THREADS)

    assert count(databases, Refund) == 1


@pytest.mark.parametrize("round_number", range(3))
def test_a_sale_with_concurrent_refunds_and_cancellations_is_complete(
    shop: Shop, databases: Databases, round_number: int
) -> None:
    run_concurrently(
        *[lambda: shop.send("sale.created", sale())] * 2,
        *[lambda number=number: shop.send("refund.created", refund(f"r{number}")) for number in range(12)],
        *[lambda: shop.send("order.cancelled", cancellation())] * 2,
    )

    assert (count(databases, Sale), count(databases, Refund), count(databases, Cancellation)) == (1, 12, 1)
    assert states(databases) == {"applied": 16}


def test_a_refund_and_its_sale_in_concurrent_transactions_find_each_other(
    shop: Shop, databases: Databases
) -> None:
    """The refund has not found its sale, and is not committed while the sale is booked."""
    refund_is_parked, sale_is_done = Signal(), Signal()

    def send_refund() -> ReceiveResult:
        def work(session: Session) -> ReceiveResult:
            source = get_source(session, shop.source_id)
            body = envelope("refund.created", refund())
            received = receive(session, RECEIVED_AT, source, "msg_refund", body, keys=shop.keys)
            refund_is_parked.set()
            wait_until(lambda: sale_is_done.is_set() or has_lock_waiter(databases))
            return received

        return transact(databases.main, work)

    def send_sale() -> ReceiveResult:
        refund_is_parked.wait(DEADLINE_S)
        received = shop.send("sale.created", sale())
        sale_is_done.set()
        return received

    parked, _ = run_concurrently(send_refund, send_sale)

    assert parked.reason == "waiting for order 1001"
    assert states(databases) == {"applied": 2}
    assert count(databases, Refund) == 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_lock_waiter(databases: Databases) -> bool:
    """Whether a transaction waits for a lock; on SQLite a second writer always waits for the first."""
    if databases.main.dialect.name == "sqlite":
        return True
    with databases.main.connect() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        return bool(waiting.scalar_one())


def test_an_uncommitted_dismissal_does_not_undo_a_concurrent_sale(shop: Shop, databases: Databases) -> None:
    parked = shop.send("refund.created", refund())
    is_dismissed, sale_is_done = Signal(), Signal()

    def dismiss_refund() -> str:
        def work(session: Session) -> str:
            dismiss(session, parked.event_id, reason="a mistake")
            is_dismissed.set()
            wait_until(lambda: sale_is_done.is_set() or has_lock_waiter(databases))
            return "dismissed"

        return transact(databases.main, work)

    def send_sale() -> str:
        is_dismissed.wait(DEADLINE_S)
        received = shop.send("sale.created", sale())
        sale_is_done.set()
        return received.state

    assert run_concurrently(dismiss_refund, send_sale) == ["dismissed", "applied"]
    assert states(databases) == {"applied": 1, "dismissed": 1}
    assert (count(databases, Sale), count(databases, Refund)) == (1, 0)


def replay_all(session: Session, shop: Shop) -> None:
    for event_id in unapplied_ids(session):
        replay(session, RECEIVED_AT, event_id, keys=shop.keys)


def test_concurrent_replays_apply_parked_events_once(shop: Shop, databases: Databases) -> None:
    for number in range(5):
        shop.send("refund.created", refund(f"r{number}"))
    run_concurrently(
        lambda: shop.send("sale.created", sale()),
        *[lambda: transact(databases.main, lambda session: replay_all(session, shop))] * 5,
    )

    assert count(databases, Refund) == 5
    assert states(databases) == {"applied": 6}
