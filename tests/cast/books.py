"""The books of a brand and the months that are played through with them: sell, release, close, approve, pay.

On SQLite every idempotent operation is called twice, so that idempotence is tested everywhere.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission
from payouts.commissions.release import release_due
from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.selfcheck.checks import self_check
from payouts.statements.close import close_period
from payouts.statements.review import approve, get_statement
from payouts.statements.seal import seal
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.sending.report import Report
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.client import StripeRail
from tests.cast.people import PERSON, add_brand_with_program, add_link_of, add_member, click_token
from tests.cast.statement_rows import shown_statement, statement_of_the_books
from tests.cast.stored_reasons import reason_faults
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import create_source, get_source

FUNDS_MINOR = 10_000_000
"""The balance at the payment provider, in the rail's integer: 100,000.00 EUR."""


def at(text: str) -> datetime:
    """Parse "10-31" (noon) or "11-05 12:30" of 2026, or a full ISO time; in UTC unless it has a zone."""
    if len(text) < 12:
        day, _, hour = text.partition(" ")
        text = f"2026-{day}T{hour or '12:00'}"
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


FOUNDED = at("09-01")


@dataclass(frozen=True)
class Books:
    """A brand with a 10 % program, a shop, and one member of the program, whose earnings are tested."""

    settings: Settings
    databases: Databases
    sandbox: SandboxServer
    brand_id: str
    program_id: str
    creator_id: str
    link_id: str
    source_id: str
    currency: str = "EUR"

    @property
    def calls_twice(self) -> bool:
        """One kind of database is enough: our own code, not the database, recognises a repeated call."""
        return self.databases.main.dialect.name == "sqlite"

    def click(self, link_id: str, when: str) -> str:
        """The token of a click that a person made then."""
        return click_token(self.settings.secret_keys, link_id, at(when))

    def sale(self, order: str, net: int, when: str, **fields: Any) -> ReceiveResult:
        """A sale by the member's link, then the jobs. `net`: minor units. Default of tax and shipping: 0."""
        fields = {"click": self.click(self.link_id, when)} | fields
        data = self.sale_data(order, net, when, **fields)
        return self.report("sale.created", data, f"sale-{order}", at(when))

    def sale_data(self, order: str, net: int, when: str, **fields: Any) -> dict[str, Any]:
        """What the shop reports of a sale that no click led to."""
        data = {"order_id": order, "occurred_at": at(when).isoformat(), "currency": self.currency}
        return data | {"total": net, "tax": 0, "shipping": 0, "discount": 0} | fields

    def refund(
        self,
        order: str,
        amount: int,
        when: str,
        refund_id: str = "",
        *,
        with_jobs: bool = True,
        **fields: Any,
    ) -> ReceiveResult:
        key = refund_id or f"{order}-{when}"
        data = {"order_id": order, "refund_id": key, "occurred_at": at(when).isoformat()}
        amounts = {"currency": self.currency, "amount": amount}
        return self.report("refund.created", data | amounts | fields, f"refund-{key}", at(when), with_jobs)

    def dispute(self, order: str, status: str, amount: int, when: str) -> ReceiveResult:
        data = {"order_id": order, "dispute_id": f"dp-{order}", "occurred_at": at(when).isoformat()}
        more = {"currency": self.currency, "status": status, "amount": amount}
        return self.report("dispute.updated", data | more, f"dispute-{order}-{status}", at(when))

    def report(
        self, kind: str, data: dict[str, Any], key: str, now: datetime, with_jobs: bool = True
    ) -> ReceiveResult:
        """A message of the shop is received. `with_jobs`: the jobs of that minute run, too."""
        received = self.receive(kind, data, key, now)
        if self.calls_twice:
            assert self.receive(kind, data, key, now).duplicate
        if with_jobs:
            self.run_jobs(now)
        return received

    def receive(self, kind: str, data: dict[str, Any], key: str, now: datetime) -> ReceiveResult:
        """A message of the shop is received once; no job runs."""
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()
        keys = self.settings.secret_keys

        def work(session: Session) -> ReceiveResult:
            return receive(session, now, get_source(session, self.source_id), key, body, keys=keys)

        received: ReceiveResult = self.write(work)
        return received

    def run_jobs(self, now: datetime) -> None:
        """Run the jobs that the scheduler runs every minute."""

        def all_jobs(session: Session) -> None:
            for step in (accrue_due, adjust_due, release_due):
                while step(session, now, 100):
                    session.flush()

        self.write(all_jobs)

    def decide(self, decision: Callable[..., Any], order: str, when: str, **details: Any) -> str:
        """Call `decision`, which decides about a commission, for the order's one. Returns its id."""
        commission_id = self.commission(order).id
        details |= {"actor": PERSON}
        return str(self.write(lambda s: decision(s, at(when), commission_id, **details).decision_id))

    def close(self, period: str, when: str) -> dict[str, Any]:
        self.end(period, when)
        return self.statement(period)

    def end(self, period: str, when: str) -> None:
        """Close the period, without reading its statement."""
        self.run_jobs(at(when))
        self.write_twice(lambda s: close_period(s, at(when), self.brand_id, period))

    def approve(self, period: str, when: str, currency: str = "") -> dict[str, Any]:
        with read_session(self.databases.main) as session:
            statement_id = get_statement(session, self.brand_id, period, currency or self.currency).id
        self.write_twice(lambda s: approve(s, at(when), statement_id, approved_by="brand").state)
        bodies = self.write_twice(lambda s: seal(s, at(when), statement_id).body)
        assert len(set(bodies)) == 1
        return shown_statement(self.databases, statement_id)

    def statement(self, period: str, currency: str = "") -> dict[str, Any]:
        with read_session(self.databases.main) as session:
            found = get_statement(session, self.brand_id, period, currency or self.currency)
            return statement_of_the_books(session, found)

    def pay(self, when: str) -> Report:
        report = self.run(when).pay(self.brand_id, early=True)
        if self.calls_twice:
            assert not self.run(when).pay(self.brand_id, early=True).paid
        return report

    def run(self, when: str, *, timeout_s: float = 30.0, **options: Any) -> PayoutRun:
        """A payout run at that time, with the sandbox as the payment provider."""
        rail = StripeRail(SANDBOX_KEY, self.sandbox.url, timeout_s=(5.0, timeout_s))
        return PayoutRun(self.databases, rail, at(when), **options)

    def balance(self, creator_id: str = "", currency: str = "") -> CreatorBalance:
        """The balance of the member, or of another creator of the brand."""
        with read_session(self.databases.main) as session:
            balances = creator_balances(session, self.brand_id, currency or self.currency)
        return balances.get(creator_id or self.creator_id, CreatorBalance())

    def commission(self, order: str) -> Commission:
        with read_session(self.databases.main) as session:
            query = select(Commission).join(Sale).where(Sale.order_id == order, Commission.live)
            return session.execute(query).scalar_one()

    def faults(self, when: str = "2027-06-01T00:00:00") -> list[str]:
        with read_session(self.databases.main) as session:
            return [*(each.message for each in self_check(session, at(when))), *reason_faults(session)]

    def write(self, work: Any) -> Any:
        return transact(self.databases.main, work)

    def write_twice(self, work: Any) -> list[Any]:
        """Call an idempotent operation, twice on SQLite, each in its own transaction. Returns the results."""
        return [self.write(work) for _ in range(1 + self.calls_twice)]


def open_books(
    settings: Settings,
    databases: Databases,
    sandbox: SandboxServer,
    *,
    name: str = "Teas",
    currency: str = "EUR",
    creator: str = "Anna",
    creator_id: str = "",
    email: str = "",
    since: str = "09-01",
    **brand_fields: Any,
) -> Books:
    """A brand in UTC, founded on the first of September 2026, with 100,000.00 at the payment provider.

    The member is new, or the creator with the id `creator_id`. `email`: that of the member's account at the
    provider. `since`: when this account was connected; the balance belongs to the brand with the first one.
    """
    keys = settings.secret_keys
    code = f"{name.lower()}-link" if creator_id else creator.lower()

    def work(session: Session) -> Books:
        brand_id, program_id = add_brand_with_program(
            session, FOUNDED, name=name, currency=currency, **brand_fields
        )
        member = add_member(session, FOUNDED, program_id, creator, creator_id=creator_id, code=code)
        source, _secret = create_source(
            session, FOUNDED, actor=PERSON, brand_id=brand_id, kind="standard", keys=keys
        )
        ids = (brand_id, program_id, member.creator_id, member.link_id, source.id)
        return Books(settings, databases, sandbox, *ids, currency)

    books = transact(databases.main, work)
    connect_account(books, top_up=currency, email=email, since=since)
    return books


def add_brand(books: Books, *, creator: str = "", same_account: bool = False, **fields: Any) -> Books:
    """Mugs, with the same creator or a new one, `creator`; with another account unless `same_account`."""
    fields |= {"creator": creator} if creator else {"creator_id": books.creator_id}
    fields |= {"name": "Mugs", "email": "" if same_account else "mugs@example.com"}
    return open_books(books.settings, books.databases, books.sandbox, **fields)


def add_creator(
    books: Books,
    name: str,
    *,
    connected: bool = True,
    coupon: str | None = None,
    linked: bool = True,
    **link_fields: Any,
) -> Books:
    """The same brand and shop, with another member of the same program.

    `connected`: with a bank account. `link_fields` may give the link its own rate, `rate_bp`.
    """
    link = {"code": name.lower()} | link_fields if linked else {}
    member = books.write(
        lambda s: add_member(s, FOUNDED, books.program_id, name, coupon=coupon, linked=linked, **link)
    )
    other = replace(books, creator_id=member.creator_id, link_id=member.link_id)
    if connected:
        connect_account(other)
    return other


def add_link(books: Books, code: str, program_id: str = "", **link_fields: Any) -> str:
    """Add another link of the member. Returns its id."""
    member = (program_id or books.program_id, books.creator_id)
    return str(books.write(lambda s: add_link_of(s, FOUNDED, *member, code=code, **link_fields)))


def connect_account(
    books: Books, *, top_up: str = "", ready: bool = True, email: str = "", since: str = "09-01"
) -> str:
    """Connect the member's account, one for each address. `top_up`: add FUNDS_MINOR in this currency."""
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
    address = email or f"{books.creator_id}@example.com"
    account = rail.create_payee(books.creator_id, address, "DE", "Somebody")
    if ready:
        books.sandbox.control.complete_onboarding(account)
    if top_up:
        books.sandbox.control.top_up(top_up, FUNDS_MINOR)
    whose = {"brand_id": books.brand_id, "creator_id": books.creator_id}
    payee = books.write_twice(
        lambda s: register_payee(s, at(since), actor=PERSON, **whose, account_ref=account)
    )[0]
    status = rail.payee_status(account)
    books.write_twice(lambda s: record_payee_status(s, at(since), payee.id, status))
    return account
