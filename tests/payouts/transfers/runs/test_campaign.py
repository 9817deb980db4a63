"""A random campaign of payouts and faults: in the end books, payouts and transfers agree."""

import os
import random
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.settlement.models import Attempt
from tests.cast.books import Books, add_creator
from tests.cast.months import Month, add_booking, later, payouts_of, seal, transfers_in
from tests.payouts.transfers.runs.provider import assert_paid_once

FAULTS = [f"{what}_before" for what in ("drop", "cut", "html", "500", "503", "409", "429", "401", "403")]
FAULTS += [f"{what}_after" for what in ("drop", "cut", "html", "500", "503", "424", "409")]
SEED = os.environ.get("LINKLEDGER_TEST_SEED")


class Campaign:
    """Months in which creators earn, have deductions, and are paid over a connection that often fails."""

    def __init__(self, books: Books, seed: str, creators: int) -> None:
        self.rng = random.Random(seed)
        self.books = books
        self.creators = [books, *(add_creator(books, f"creator{n}") for n in range(1, creators))]
        self.earned = 0

    def run_month(self, month: Month) -> None:
        for creator in self.creators:
            amount = self.rng.randint(1_00, 300_00)
            add_booking(creator, amount, month.day(10))
            self.earned += amount
            if self.rng.random() < 0.3:
                deduction = self.rng.randint(1_00, 150_00)
                add_booking(creator, deduction, month.day(20), kind="deduction")
                self.earned -= deduction
        seal(self.books, month)
        self._queue_faults()
        for hours in (0, 1, 2, 30, 31):
            self._run(later(month.payday, hours=hours))

    def _queue_faults(self) -> None:
        for _ in range(len(self.creators)):
            if self.rng.random() < 0.6:
                sticky = self.rng.random() < 0.1
                kind = self.rng.choice(("500_before", "500_after") if sticky else FAULTS)
                self.books.sandbox.control.queue_fault(kind, sticky=sticky)

    def _run(self, when: str) -> None:
        self.books.run(when).resolve_open_attempts()
        self.books.run(when).pay(self.books.brand_id)

    def end(self, month: Month) -> None:
        """The connection works again, and a person gives up payouts that are still unknown."""
        self.books.sandbox.control.clear_faults()
        when = later(month.payday, days=3)
        for payout in payouts_of(self.books):
            if payout.state == "unknown":
                self.books.run(when).give_up(payout.id)
        self._run(later(month.payday, days=4))


@pytest.mark.parametrize(
    ("creators", "months"),
    [(6, 2), pytest.param(30, 8, marks=[pytest.mark.nightly, pytest.mark.timeout(1200)])],
)
def test_books_match_transfers_after_random_faults(books: Books, creators: int, months: int) -> None:
    seed = SEED or secrets.token_hex(4)
    print(f"LINKLEDGER_TEST_SEED={seed}")  # noqa: T201
    campaign = Campaign(books, seed, creators)
    first = Month("2026-10").first
    names = [f"{first + timedelta(days=31 * number):%Y-%m}" for number in range(months)]
    for name in names:
        campaign.run_month(Month(name))
    campaign.end(Month(names[-1]))
    assert_books_match_transfers(campaign)


def assert_books_match_transfers(campaign: Campaign) -> None:
    books = campaign.books
    states = {each.state for each in payouts_of(books)}
    assert states <= {"paid", "failed", "cancelled", "unknown"}
    assert_paid_once(books)
    paid = sum(each["amount"] for each in transfers_in(books.sandbox))
    owed = sum(replace(each, sandbox=books.sandbox).balance().total_minor for each in campaign.creators)
    assert paid + owed == campaign.earned
    assert_each_key_was_used_with_one_amount(books)


def assert_each_key_was_used_with_one_amount(books: Books) -> None:
    with read_session(books.databases.main) as session:
        attempts = {each.idempotency_key: each.parameters for each in session.scalars(select(Attempt))}
    for request in books.sandbox.control.requests():
        if (request["method"], request["path"]) == ("POST", "/v1/transfers"):
            frozen = attempts[request["headers"]["Idempotency-Key"]]
            assert int(request["parameters"]["amount"]) == frozen["amount"]
