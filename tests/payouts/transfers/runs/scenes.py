"""What tests of statements and payouts play: more creators, other currencies, and what came of their runs."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import time_machine
from sqlalchemy import select

from config.database import read_session
from payouts.ledger.balances import account_balance_minor
from payouts.ledger.manual import book_manually
from payouts.ledger.rules import account_id
from payouts.selfcheck.checks import self_check
from payouts.settlement.models import Attempt, Payout
from payouts.transfers.commands import COMMANDS
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.amounts import from_rail_amount
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import Outcome
from tests.payouts.cast import Books, at, seed_after
from tests.payouts.transfers.runs.brands import CurrencyBooks as CurrencyBooks
from tests.payouts.transfers.runs.brands import add_creator as add_creator
from tests.payouts.transfers.runs.brands import approve_in as approve_in
from tests.payouts.transfers.runs.brands import connect_account as connect_account
from tests.payouts.transfers.runs.brands import open_brand as open_brand
from tests.payouts.transfers.runs.brands import statement_in as statement_in
from tests.tracker.terminal import Terminal

EURO = 100
TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Month:
    """A month of 2026 or later, and the days on which its statement is closed, approved and paid."""

    name: str

    @property
    def first(self) -> datetime:
        return at(f"{self.name}-01T00:00:00")

    @property
    def after(self) -> datetime:
        return (self.first + timedelta(days=32)).replace(day=1)

    def day(self, number: int, hour: int = 12) -> str:
        return (self.first.replace(day=number) + timedelta(hours=hour)).isoformat()

    @property
    def closing(self) -> str:
        return (self.after + timedelta(minutes=5)).isoformat()

    @property
    def approval(self) -> str:
        return (self.after + timedelta(days=7)).isoformat()

    @property
    def payday(self) -> str:
        return (self.after + timedelta(days=8, hours=12)).isoformat()


OCTOBER, NOVEMBER, DECEMBER = Month("2026-10"), Month("2026-11"), Month("2026-12")


def later(moment: str, **delta: float) -> str:
    return (at(moment) + timedelta(**delta)).isoformat()


def seal(books: Books, month: Month) -> dict[str, Any]:
    books.end(month.name, month.closing)
    return books.approve(month.name, month.approval)


def add_booking(
    books: Books, amount: int, when: str, *, currency: str = "", kind: str = "bonus", key: str = ""
) -> None:
    """A bonus: payable at once, which is all that a payout needs. Or a deduction, a deposit …"""
    creator_id = None if kind in ("deposit", "withdrawal") else books.creator_id
    books.write(
        lambda s: book_manually(
            s,
            at(when),
            brand_id=books.brand_id,
            kind=kind,
            key=key or f"{kind}-{creator_id}-{when}-{amount}",
            amount_minor=amount,
            currency=currency or getattr(books, "currency", "EUR"),
            reason="as agreed",
            creator_id=creator_id,
        )
    )


def seal_october(books: Books) -> None:
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)


def pay_october(books: Books) -> None:
    seal_october(books)
    assert run_at(books, OCTOBER.payday).pay(books.brand_id).paid


SEALED, PAID = seed_after(seal_october), seed_after(pay_october)


def sell_and_release(books: Books, order: str, commission: int) -> None:
    """A sale of the first of October, whose commission of 10 % is payable on the last."""
    books.sale(order, commission * 10, "10-01 01:00")
    books.run_jobs(at("10-31 02:00"))


def payouts_of(books: Books) -> list[Payout]:
    with read_session(books.databases.main) as session:
        query = select(Payout).where(Payout.brand_id == books.brand_id).order_by(Payout.id)
        return list(session.execute(query).scalars())


def only_payout(books: Books) -> Payout:
    (payout,) = [each for each in payouts_of(books) if each.creator_id == books.creator_id]
    return payout


def attempts_of(books: Books, payout_id: str) -> list[Attempt]:
    with read_session(books.databases.main) as session:
        query = select(Attempt).where(Attempt.payout_id == payout_id).order_by(Attempt.number)
        return list(session.execute(query).scalars())


def transfers_in(sandbox: SandboxServer) -> list[dict[str, Any]]:
    """Every transfer that the provider itself lists, asked without our own client."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        url = f"{sandbox.url}/v1/transfers?limit=100{after}"
        request = Request(url, headers={"Authorization": f"Bearer {SANDBOX_KEY}"})
        with urlopen(request, timeout=10) as answer:
            page = json.load(answer)
        found += page["data"]
        if not page["has_more"]:
            return found
        after = f"&starting_after={found[-1]['id']}"


def sent_keys(sandbox: SandboxServer) -> list[str]:
    """The idempotency keys of all requests for a transfer, in their order."""
    return [
        request["headers"]["Idempotency-Key"]
        for request in sandbox.control.requests()
        if (request["method"], request["path"]) == ("POST", "/v1/transfers")
    ]


def assert_paid_once(books: Books) -> None:
    """Every paid payout is one transfer, every transfer a paid payout, and the books say the same."""
    paid = {each.transfer_ref: each for each in payouts_of(books) if each.state == "paid"}
    transfers = {each["id"]: each for each in transfers_in(books.sandbox)}
    assert set(transfers) == set(paid)
    for reference, transfer in transfers.items():
        payout, currency = paid[reference], transfer["currency"].upper()
        assert from_rail_amount(transfer["amount"], currency) == payout.amount_minor
        assert (currency, transfer["transfer_group"]) == (payout.currency, payout.id)
    for currency in {each.currency for each in paid.values()}:
        with read_session(books.databases.main) as session:
            left = account_balance_minor(session, account_id(books.brand_id, "funding", currency, None))
        assert left == sum(each.amount_minor for each in paid.values() if each.currency == currency)
    assert faults_of(books) == []


def faults_of(books: Books, when: str = "2026-11-10T00:00:00") -> list[str]:
    with read_session(books.databases.main) as session:
        return [finding.message for finding in self_check(session, at(when))]


def run_at(books: Books, when: str, *, timeout_s: float = 30.0, **options: Any) -> PayoutRun:
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url, timeout_s=(5.0, timeout_s))
    return PayoutRun(books.databases, rail, at(when), **options)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class SlowRail(StripeRail):
    """The rail of a process that is slow: other things happen before a call goes out."""

    def __init__(
        self,
        api_base: str,
        *,
        before_balance: Callable[[], object] = lambda: None,
        before_sending: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(SANDBOX_KEY, api_base)
        self._before_the_balance, self._before_sending = before_balance, before_sending

    def available_balance(self, currency: str) -> int:
        self._before_the_balance()
        return super().available_balance(currency)

    def send_transfer(
        self, params: Mapping[str, Any], idempotency_key: str, api_version: str | None = None
    ) -> Outcome:
        self._before_sending()
        return super().send_transfer(params, idempotency_key, api_version)


@contextmanager
def at_terminal(books: Books, when: str) -> Iterator[Terminal]:
    """The commands about payouts at some time, with the sandbox of the test as their payment provider."""
    with time_machine.travel(at(when)):
        yield _SandboxTerminal(books)


class _SandboxTerminal(Terminal):
    def __init__(self, books: Books) -> None:
        super().__init__(books.settings, COMMANDS)
        self._environment["LINKLEDGER_STRIPE_API_BASE"] = books.sandbox.url
