"""Concurrent transactions with Stripe's events do not miss each other's rows: refund and sale are matched."""

from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, transact
from tests.cast.shop import Shop
from tests.harness.processes.threads import DEADLINE_S, run_concurrently
from tests.tracker.sales.inbox.test_concurrency import count, has_lock_waiter, states, wait_until
from tests.tracker.sales.orders.test_stripe_references import LATER, SECRET, send
from tests.tracker.sales.payloads_read import event, payload, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, receive
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Refund
from tracker.sales.sources.operations import get_source

INVOICE, INVOICE_PAYMENT, REFUND = "stripe_invoice_first_basil", "stripe_invoice_payment_paid", "refund"


def message(name: str) -> dict[str, Any]:
    if name != REFUND:
        return payload(name)
    return event(
        "stripe_refund_created", payment_intent="pi_3ExampleFirst", charge="ch_3ExampleFirst", amount=500
    )


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        ([INVOICE_PAYMENT], REFUND, INVOICE),
        ([INVOICE], REFUND, INVOICE_PAYMENT),
        ([REFUND], INVOICE, INVOICE_PAYMENT),
        ([REFUND], INVOICE_PAYMENT, INVOICE),
        ([INVOICE_PAYMENT], INVOICE, REFUND),
        ([INVOICE], INVOICE_PAYMENT, REFUND),
    ],
)
def test_concurrent_transactions_see_each_others_result(
    shop: Shop, databases: Databases, before: list[str], first: str, second: str
) -> None:
    source_id = shop.connect("stripe", SECRET)
    for name in before:
        send(shop, source_id, message(name))
    first_is_received, second_is_done = Signal(), Signal()

    def send_first() -> ReceiveResult:
        def work(session: Session) -> ReceiveResult:
            value, source = message(first), get_source(session, source_id)
            received = receive(session, LATER, source, value["id"], raw(value), keys=shop.keys)
            first_is_received.set()
            wait_until(lambda: second_is_done.is_set() or has_lock_waiter(databases))
            return received

        return transact(databases.main, work)

    def send_second() -> ReceiveResult:
        first_is_received.wait(DEADLINE_S)
        received = send(shop, source_id, message(second))
        second_is_done.set()
        return received

    run_concurrently(send_first, send_second)
    with Session(databases.main) as session:
        reasons = session.scalars(select(Event.reason)).all()
    assert (states(databases), count(databases, Refund)) == ({"applied": 3}, 1), reasons


def test_a_dismissal_by_payment_id_is_not_undone_when_its_order_is_reported(
    shop: Shop, databases: Databases
) -> None:
    source_id = shop.connect("stripe", SECRET)
    send(shop, source_id, message(INVOICE))
    parked = send(shop, source_id, message(REFUND))
    is_dismissed, payment_is_reported = Signal(), Signal()

    def dismiss_refund() -> str:
        def work(session: Session) -> str:
            dismiss(session, parked.event_id, reason="a mistake")
            is_dismissed.set()
            wait_until(lambda: payment_is_reported.is_set() or has_lock_waiter(databases))
            return "dismissed"

        return transact(databases.main, work)

    def report_payment() -> str:
        is_dismissed.wait(DEADLINE_S)
        received = send(shop, source_id, message(INVOICE_PAYMENT))
        payment_is_reported.set()
        return received.state

    assert run_concurrently(dismiss_refund, report_payment) == ["dismissed", "applied"]
    assert (states(databases), count(databases, Refund)) == ({"applied": 2, "dismissed": 1}, 0)
