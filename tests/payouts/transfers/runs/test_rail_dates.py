"""Payments, adoptions and returns count on the rail's own date, in its period when that is not closed."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from config.database import read_session
from payouts.ledger.models import Period, Transaction
from payouts.settlement.models import TransferReversal
from payouts.settlement.rules import counted_at
from payouts.transfers.models import Payee
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import Books, at
from tests.cast.months import transfers_in
from tests.payouts.transfers.runs.provider import at_terminal


def booked(books: Books, kind: str) -> tuple[datetime, str]:
    """The effective time, to the minute, and the period of the only transaction of that kind."""
    query = select(Transaction.effective_at, Period.name).join(Period, Period.id == Transaction.period_id)
    with read_session(books.databases.main) as session:
        effective_at, period = session.execute(query.where(Transaction.kind == kind)).one()
    return effective_at.replace(second=0, microsecond=0), period


def ask(books: Books, when: str, *arguments: str) -> Any:
    with at_terminal(books, when) as terminal:
        return terminal.ask("payout", *arguments)


def rail_of(books: Books) -> StripeRail:
    return StripeRail(SANDBOX_KEY, books.sandbox.url)


def test_a_payment_that_is_found_later_counts_on_the_day_on_which_it_was_made(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    with at_terminal(sealed, "11-30 22:00") as terminal:
        terminal.run("payout", "run", "--brand", sealed.brand_id)
    (transfer,) = transfers_in(sealed.sandbox)
    ask(sealed, "12-02", "retry", transfer["transfer_group"])
    assert booked(sealed, "payout_confirmed") == (at("11-30 22:00"), "2026-11")
    assert sealed.faults("12-03") == []


def test_an_adopted_transfer_and_its_return_count_on_the_rails_days(books: Books) -> None:
    account = books.write(lambda s: s.scalars(select(Payee.account_ref)).one())
    with time_machine.travel(at("10-20")):
        sent = {"amount": 70_00, "currency": "eur", "destination": account}
        transfer = str(rail_of(books).send_transfer(sent, "by hand").transfer_ref)
    with time_machine.travel(at("10-25")):
        assert rail_of(books).reverse_transfer(transfer, 70_00, "back", {}).kind == "paid"
    ask(books, "11-12", "adopt", transfer, "--brand", books.brand_id)
    assert booked(books, "orphan_adopted") == (at("10-20"), "2026-10")
    assert booked(books, "transfer_reversed") == (at("10-25"), "2026-10")
    with read_session(books.databases.main) as session:
        (row,) = session.scalars(select(TransferReversal))
        assert row.came_back_at is not None
        assert (row.came_back_at.date(), row.payout_id) == (at("10-25").date(), None)
    assert books.faults("11-13") == []


def test_a_return_of_a_closed_period_counts_in_the_oldest_open_one(paid: Books) -> None:
    (transfer,) = transfers_in(paid.sandbox)
    with time_machine.travel(at("11-20")):
        assert rail_of(paid).reverse_transfer(transfer["id"], 30_00, "back", {}).kind == "paid"
    paid.end("2026-11", "12-01 00:05")
    ask(paid, "12-02", "reconcile")
    assert booked(paid, "transfer_reversed") == (at("11-20"), "2026-12")


@pytest.mark.parametrize(
    ("at_rail", "expected"),
    [("11-09", "11-09"), ("11-08", "11-09"), ("11-10", "11-10"), ("11-12", "11-11"), (None, "11-11")],
)
def test_a_date_is_never_before_what_led_to_it_and_never_in_the_future(
    at_rail: str | None, expected: str
) -> None:
    known = at(at_rail) if at_rail else None
    assert counted_at(known, earliest=at("11-09"), now=at("11-11")) == at(expected)
