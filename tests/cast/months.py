"""Past months with what was sealed and paid in them, and the database seeds of tests that begin after them.

Some tests begin with three books: two members of one brand, and one of them at another brand. They check
which of the three an operation changes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import select

from config.database import Databases, open_databases, read_session
from config.settings import Settings
from payouts.commissions.models import Commission, Entry, Hold
from payouts.ledger.manual import book_manually
from payouts.settlement.models import Attempt, Payout
from payouts.settlement.returns import record_return
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from tests.cast.books import Books, add_brand, add_creator, at, open_books
from tests.cast.people import PERSON, new_key
from tests.harness.databases.snapshots import DatabaseSeed
from tracker.sales.api.reporting import AcceptedReport, accept_report, api_report
from tracker.sales.orders.models import Sale


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


def sell_and_release(books: Books, order: str, commission: int) -> None:
    """A sale of the first of October, whose commission of 10 % is payable on the last."""
    books.sale(order, commission * 10, "10-01 01:00")
    books.run_jobs(at("10-31 02:00"))


def report_by_api(books: Books, order: str, when: str) -> AcceptedReport:
    """The brand's software reports a sale of 100.00 by the API, with a key; no click led to it."""
    report = api_report("sale.created", json.dumps(books.sale_data(order, 100_00, when)).encode(), None)
    new_key(books.databases, books.brand_id, "sales:write", now=at(when))
    keys = books.settings.secret_keys
    accepted: AcceptedReport = books.write(
        lambda s: accept_report(s, at(when), books.brand_id, report, actor=PERSON, keys=keys)
    )
    return accepted


def add_booking(
    books: Books, amount: int, when: str, *, currency: str = "", kind: str = "bonus", key: str = ""
) -> None:
    """Book a bonus, which is payable at once and so is enough for a payout; or a deduction, a deposit …"""
    creator_id = None if kind in ("deposit", "withdrawal") else books.creator_id
    books.write_twice(
        lambda s: book_manually(
            s,
            at(when),
            brand_id=books.brand_id,
            kind=kind,
            key=key or f"{kind}-{creator_id}-{when}-{amount}",
            amount_minor=amount,
            currency=currency or books.currency,
            reason="as agreed",
            creator_id=creator_id,
        )
    )


def seal(books: Books, month: Month) -> dict[str, Any]:
    """The statement of the month is closed, and approved a week later."""
    books.end(month.name, month.closing)
    return books.approve(month.name, month.approval)


def seal_october(books: Books) -> None:
    """The statement of October authorises 80.00."""
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)


def pay_october(books: Books) -> None:
    """80.00 were paid for October."""
    seal_october(books)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid


def sandbox_file(settings: Settings) -> Path:
    """Beside the home, so that it is copied with it."""
    return settings.home.parent / "sandbox.db"


def seed_after(story: Callable[[Books], Any] | None = None) -> DatabaseSeed:
    """The databases after `open_books` and `story`. Tests get the books, and what the story returned."""

    def play(settings: Settings) -> tuple[Books, Any]:
        databases = open_databases(settings)
        with SandboxServer(sandbox_file(settings)) as sandbox:
            books = open_books(settings, databases, sandbox)
            extra = story(books) if story else None
        databases.close()
        return books, extra

    return play


DEFAULT_SEED, SEALED, PAID = seed_after(), seed_after(seal_october), seed_after(pay_october)


def payouts_of(books: Books) -> list[Payout]:
    """The brand's payouts, oldest first."""
    with read_session(books.databases.main) as session:
        query = select(Payout).where(Payout.brand_id == books.brand_id).order_by(Payout.id)
        return list(session.execute(query).scalars())


def only_payout(books: Books) -> Payout:
    """The member's payout; there must be exactly one."""
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


def return_payouts(books: Books, payout_ids: list[str], when: str) -> None:
    """100.00 of each payout are returned."""
    for each in payout_ids:
        fields: dict[str, Any] = {"payout_id": each, "reversal_ref": f"trr-{each}", "amount_minor": 100_00}
        books.write_twice(partial(record_return, now=at(when), **fields))


BooksByName = dict[str, Books]
"""The keys: "anna" and "bob" at one brand, and "mugs" for Anna at the other."""


def open_three_books(books: Books) -> BooksByName:
    """Anna and Bob at one brand, and Anna at another. The account at the provider is the first brand's."""
    return {"anna": books, "bob": add_creator(books, "Bob"), "mugs": add_brand(books, since="09-02")}


def report_sales(books_by_name: BooksByName, when: str, *kinds: str, **fields: str) -> None:
    """Sales of 1,000.00 each, whose orders are called "<kind> <name>". Reported only: the jobs come later."""
    for kind in kinds:
        for name, each in books_by_name.items():
            order = f"{kind} {name}"
            clicked = {"click": each.click(each.link_id, when)} | fields
            data = each.sale_data(order, 1000_00, when, **clicked)
            each.report("sale.created", data, order, at(when), with_jobs=False)


def refund_sales(books_by_name: BooksByName, when: str) -> None:
    """400.00 of each order "refunded <name>" are refunded. Reported only: the jobs come later."""
    for name, each in books_by_name.items():
        each.refund(f"refunded {name}", 400_00, when, with_jobs=False)


def pay_october_from_deposit(books: Books) -> list[str]:
    """Pay what is payable for October, from a deposit of 200.00. Returns the ids of the payouts."""
    add_booking(books, 200_00, "10-01", kind="deposit")
    seal(books, OCTOBER)
    return books.run(OCTOBER.payday, rail_shared=True).pay(books.brand_id).paid


def names_changed_by(databases: Databases, kind: str, work: Callable[[], object]) -> set[str]:
    """The names (of three books) for whose orders of that kind `work` has changed something."""
    changed = [order.split() for order in orders_changed_by(databases, work)]
    return {name for what, name in changed if what == kind}


def orders_changed_by(databases: Databases, work: Callable[[], object]) -> set[str]:
    """The orders for which `work` has changed something."""
    before = _order_traces(databases)
    work()
    return {order for order, *_trace in _order_traces(databases) - before}


def _order_traces(databases: Databases) -> set[tuple[Any, ...]]:
    """All that was done for each order: the entries of its commission, its holds and when they ended."""
    query = (
        select(Sale.order_id, Entry.id, Hold.id, Hold.lifted_at)
        .outerjoin(Commission, Commission.sale_id == Sale.id)
        .outerjoin(Entry, Entry.commission_id == Commission.id)
        .outerjoin(Hold, Hold.commission_id == Commission.id)
    )
    with read_session(databases.main) as session:
        return {tuple(row) for row in session.execute(query)}
