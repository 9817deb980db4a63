"""Concurrent transactions with messages of a shop and its provider do not miss each other's rows."""

from itertools import permutations
from threading import Event as Signal
from typing import NamedTuple

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from tests.cast.shop import Shop, envelope, refund, sale
from tests.harness.processes.threads import DEADLINE_S, run_concurrently
from tests.tracker.sales.inbox.test_concurrency import count, has_lock_waiter, states, wait_until
from tests.tracker.sales.orders.test_stripe_references import LATER
from tests.tracker.sales.orders.test_supporting import (
    CHARGE,
    PAYMENT,
    SESSION,
    TOTAL,
    create_supporting_source,
)
from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.sales.booking.models import RefundClaim
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.orders.locks import lock_orders
from tracker.sales.orders.models import DisputeStatus, Refund
from tracker.sales.sources.operations import get_source


class SourceMessage(NamedTuple):
    is_from_shop: bool
    key: str
    body: bytes


MESSAGES = {
    "sale": SourceMessage(
        True, "m1", envelope("sale.created", sale(total=TOTAL, tax=1805, references=[SESSION]))
    ),
    "refund": SourceMessage(True, "m2", envelope("refund.created", refund("ours-1", amount=2000))),
    "session": SourceMessage(False, "evt_1", raw(event("stripe_session_paid"))),
    "claim": SourceMessage(False, "evt_2", raw(payload("stripe_refund_created"))),
    "dispute": SourceMessage(False, "evt_3", raw(event("stripe_dispute_created", payment_intent=None))),
}
"""Shop: names the session. Session: the payment. Claim: payment and charge. Dispute: only the charge."""


@pytest.mark.parametrize(
    "database_kind",
    [
        pytest.param("sqlite", marks=pytest.mark.nightly),
        pytest.param("postgresql", marks=pytest.mark.postgresql),
    ],
    indirect=True,
)
@pytest.mark.parametrize(("first", "second"), list(permutations(MESSAGES, 2)))
def test_concurrent_transactions_see_each_others_result(
    shop: Shop, databases: Databases, first: str, second: str
) -> None:
    sources = {True: shop.source_id, False: create_supporting_source(shop)}

    def send(message: SourceMessage) -> ReceiveResult:
        source_id = sources[message.is_from_shop]
        return shop.send_raw(message.body, key=message.key, source_id=source_id, now=LATER)

    for name, message in MESSAGES.items():
        if name not in (first, second):
            send(message)
    first_is_received, second_is_done = Signal(), Signal()

    def send_first() -> ReceiveResult:
        def work(session: Session) -> ReceiveResult:
            message = MESSAGES[first]
            source = get_source(session, sources[message.is_from_shop])
            received = receive(session, LATER, source, message.key, message.body, keys=shop.keys)
            first_is_received.set()
            wait_until(lambda: second_is_done.is_set() or has_lock_waiter(databases))
            return received

        return transact(databases.main, work)

    def send_second() -> ReceiveResult:
        first_is_received.wait(DEADLINE_S)
        received = send(MESSAGES[second])
        second_is_done.set()
        return received

    run_concurrently(send_first, send_second)
    assert states(databases) == {"applied": 5}
    counted = [count(databases, table) for table in (Refund, RefundClaim, DisputeStatus)]
    assert counted == [1, 1, 1]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_unparking_a_claim_does_not_deadlock_on_its_references(shop: Shop, databases: Databases) -> None:
    """One transaction has locked the names and needs the order, the other has locked the order."""
    provider = create_supporting_source(shop)
    for name in ("sale", "session", "claim"):
        message = MESSAGES[name]
        source_id = shop.source_id if message.is_from_shop else provider
        shop.send_raw(message.body, key=message.key, source_id=source_id, now=LATER)
    names_are_locked, shop_is_done = Signal(), Signal()

    def send_by_provider() -> ReceiveResult:
        def work(session: Session) -> ReceiveResult:
            message, source = MESSAGES["dispute"], get_source(session, provider)
            lock_orders(session, source.brand_id, source.namespace, names=[PAYMENT, CHARGE])
            names_are_locked.set()
            assert shop_is_done.wait(DEADLINE_S)
            return receive(session, LATER, source, message.key, message.body, keys=shop.keys)

        return transact(databases.main, work)

    def send_by_shop() -> None:
        names_are_locked.wait(DEADLINE_S)
        shop.send_raw(MESSAGES["refund"].body, key="m2", now=LATER)
        shop_is_done.set()

    run_concurrently(send_by_provider, send_by_shop)
    assert states(databases) == {"applied": 5}
