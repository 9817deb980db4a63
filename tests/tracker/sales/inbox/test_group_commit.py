"""Waiting messages are booked in one transaction, each with the same result as alone."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, START
from tests.cast.shop import RECEIVED_AT, Shop, cancellation, envelope, refund, sale
from tests.harness.processes.threads import DEADLINE_S
from tests.tracker.sales.inbox.test_interrupted_scenarios import fingerprint_of
from tracker.errors import Gone
from tracker.http.request_slots import RequestSlot
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.pending import Arrival
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import SecretsChanged, delete_source, rotate_secret

SALES = 12


class CommitCounter:
    """How often the engine committed something."""

    def __init__(self, databases: Databases) -> None:
        self.count = 0
        event.listen(databases.main, "commit", self._add)

    def _add(self, _connection: Any) -> None:
        self.count += 1


@contextmanager
def block_booking(shop: Shop) -> Iterator[None]:
    """Block every booking at its first statement, which reads the source."""
    lock = "LOCK TABLE source IN ACCESS EXCLUSIVE MODE"
    with shop.databases.main.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(lock))
        yield


def receive_concurrently(shop: Shop, arrivals: list[Arrival]) -> list[ReceiveResult | Exception]:
    """Block the first message while the others arrive, in this order; return all results."""
    futures: list[Future[ReceiveResult]] = []
    with ThreadPoolExecutor(len(arrivals)) as pool:
        with block_booking(shop):
            for number, arrival in enumerate(arrivals):
                futures.append(pool.submit(shop.intake.take, arrival))
                wait_for_followers(shop, number)
        return [future.exception(DEADLINE_S) or future.result() for future in futures]  # type: ignore[misc]


def wait_for_followers(shop: Shop, number: int) -> None:
    """Wait until `number` messages wait for the blocked one."""
    end = time.monotonic() + DEADLINE_S
    while len(shop.intake.waiting) != number:
        assert time.monotonic() < end, f"{len(shop.intake.waiting)} waiting, not {number}"
        time.sleep(0.001)


def new_sale(shop: Shop, order_id: str, **changes: Any) -> Arrival:
    return shop.arrival(envelope("sale.created", sale(order_id=order_id, **changes)), f"msg_{order_id}")


def rows(databases: Databases, table: Any) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_waiting_messages_are_booked_in_one_transaction(shop: Shop, databases: Databases) -> None:
    commits = CommitCounter(databases)
    tokens = {str(number): shop.token("anna" if number % 2 else "bob") for number in range(SALES)}
    results = receive_concurrently(shop, [new_sale(shop, key, click=token) for key, token in tokens.items()])

    assert [getattr(result, "state", result) for result in results] == ["applied"] * SALES
    assert (rows(databases, Sale), rows(databases, Attribution)) == (SALES, SALES)
    assert commits.count == 3  # the lock of this test, the first message, all others
    for key in tokens:
        [attribution] = shop.attributions(key)
        assert attribution.enrollment_id == shop.enrollments["anna" if int(key) % 2 else "bob"]


def test_the_same_message_and_the_same_order_in_one_transaction_are_booked_once(
    shop: Shop, databases: Databases
) -> None:
    first = new_sale(shop, "blocked")
    body = envelope("sale.created", sale())
    other = envelope("sale.created", sale(total=7000))
    arrivals = [first, shop.arrival(body, "a"), shop.arrival(body, "a"), shop.arrival(body, "b")]
    commits = CommitCounter(databases)
    results = receive_concurrently(shop, [*arrivals, shop.arrival(other, "c"), shop.arrival(other, "a")])

    outcomes = [(each.state, each.duplicate) for each in results if isinstance(each, ReceiveResult)]
    assert outcomes == [
        ("applied", False),
        ("applied", False),
        ("applied", True),
        ("applied", False),
        ("parked", False),
        ("conflict", False),
    ]
    assert rows(databases, Sale) == 2
    assert commits.count == 5  # the lock of this test, the first message, the new ones, each of the two known


def test_a_parked_refund_is_applied_with_its_sale(shop: Shop, databases: Databases) -> None:
    parked = shop.send("refund.created", refund(order_id="early"))
    results = receive_concurrently(shop, [new_sale(shop, key) for key in ("blocked", "other", "early")])

    assert [getattr(each, "state", each) for each in results] == ["applied"] * 3
    with read_session(databases.main) as session:
        assert session.get_one(Event, parked.event_id).state == "applied"


def test_an_invalid_message_does_not_affect_others_in_its_batch(shop: Shop) -> None:
    invalid = shop.arrival(envelope("sale.created", sale(total=-1)), "bad")
    old = new_sale(shop, "old", occurred_at="2001-01-01T00:00:00Z")
    results = receive_concurrently(shop, [new_sale(shop, "1"), invalid, old, new_sale(shop, "2")])

    assert [getattr(each, "state", each) for each in results] == ["applied", "parked", "parked", "applied"]


def test_a_failed_batch_is_retried_one_by_one(shop: Shop, databases: Databases) -> None:
    def fail_on_insert(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO order_reference") or "RETURNING sale.id" in statement:
            raise RuntimeError("any error")

    event.listen(databases.main, "before_cursor_execute", fail_on_insert)
    results = receive_concurrently(shop, [new_sale(shop, str(number)) for number in range(4)])

    assert [getattr(each, "state", each) for each in results] == ["applied"] * 4
    assert rows(databases, Sale) == 4


def test_a_database_error_reaches_every_waiting_request_and_nothing_is_stored(
    shop: Shop, databases: Databases
) -> None:
    attempts = []

    def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO sale" in statement:
            attempts.append(statement)
            raise OperationalError(statement, {}, Exception("the disk is full"))

    event.listen(databases.main, "before_cursor_execute", fail)
    results = receive_concurrently(shop, [new_sale(shop, str(number)) for number in range(4)])

    assert [type(each) for each in results] == [OperationalError] * 4
    assert len(attempts) == 2, "for the first message, and once for all others"
    assert (rows(databases, Event), rows(databases, Sale)) == (0, 0)


@pytest.mark.parametrize("has_followers", [False, True], ids=["alone", "with others"])
def test_nothing_is_stored_for_a_source_deleted_after_the_check(
    shop: Shop, databases: Databases, has_followers: bool
) -> None:
    arrivals = [new_sale(shop, str(number)) for number in range(3 if has_followers else 1)]
    transact(
        databases.main, lambda session: delete_source(session, RECEIVED_AT, shop.source_id, actor=PERSON)
    )

    results = receive_concurrently(shop, arrivals)

    assert [type(each) for each in results] == [Gone] * len(arrivals)
    assert rows(databases, Event) == 0


def test_a_message_verified_with_a_secret_that_was_then_rotated_must_be_verified_again(
    shop: Shop, databases: Databases
) -> None:
    before = new_sale(shop, "before")
    transact(
        databases.main, lambda session: rotate_secret(session, START, shop.source_id, shop.keys, actor=PERSON)
    )
    after = new_sale(shop, "after")

    results = receive_concurrently(shop, [new_sale(shop, "blocked"), before, after])

    assert [getattr(each, "state", type(each)) for each in results] == ["applied", SecretsChanged, "applied"]
    assert rows(databases, Event) == 2


def test_a_waiting_follower_occupies_no_request_slot(shop: Shop) -> None:
    free = threading.Semaphore(2)
    slots = [RequestSlot(free), RequestSlot(free)]
    arrivals = [new_sale(shop, "1"), new_sale(shop, "2")]
    for slot in slots:
        slot.begin()
    with ThreadPoolExecutor(2) as pool:
        with block_booking(shop):
            first = pool.submit(shop.intake.take, arrivals[0], slots[0])
            wait_for_followers(shop, 0)
            second = pool.submit(shop.intake.take, arrivals[1], slots[1])
            assert free.acquire(timeout=DEADLINE_S), "the waiting follower keeps its slot"
            assert not free.acquire(blocking=False), "the leader gave up its slot"
        free.release()
        assert {first.result(DEADLINE_S).state, second.result(DEADLINE_S).state} == {"applied"}


MESSAGES = {
    "sale": ("sale.created", sale()),
    "sale with evidence": ("sale.created", sale(coupons=["ANNA10"])),
    "sale of another amount": ("sale.created", sale(total=7000)),
    "invalid sale": ("sale.created", sale(total=-1)),
    "refund": ("refund.created", refund("r1")),
    "refund in dollars": ("refund.created", refund("r2", currency="USD")),
    "cancellation": ("order.cancelled", cancellation()),
}


@pytest.mark.parametrize("seed", range(6))
def test_batched_messages_have_the_same_result_as_single_ones(
    shop: Shop, databases: Databases, seed: int
) -> None:
    rng = Random(seed)
    drawn = [(rng.choice(sorted(MESSAGES)), f"order{rng.randrange(3)}") for _ in range(10)]
    arrivals: dict[str, list[Arrival]] = {"single-": [], "batched-": []}
    for prefix, found in arrivals.items():
        for name, order in drawn:
            kind, data = MESSAGES[name]
            body = envelope(kind, {**data, "order_id": prefix + order})
            found.append(shop.arrival(body, f"{prefix}{order}-{name}"))

    for arrival in arrivals["single-"]:
        shop.intake.take(arrival)
    receive_concurrently(shop, [new_sale(shop, "blocked"), *arrivals["batched-"]])

    for order in {order for _, order in drawn}:
        fingerprints = [
            str(fingerprint_of(databases, prefix + order)).replace(prefix, "") for prefix in arrivals
        ]
        assert fingerprints[0] == fingerprints[1], drawn
        reasons = [[each.reason for each in shop.attributions(prefix + order)] for prefix in arrivals]
        assert reasons[0][-1:] == reasons[1][-1:], drawn
