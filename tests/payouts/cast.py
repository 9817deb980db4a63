"""A brand with one creator, and the months that tests play through with it.

On SQLite every idempotent operation is called twice, so that idempotence is tested everywhere.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission
from payouts.commissions.release import release_due
from payouts.ledger.balances import CreatorBalance
from payouts.selfcheck.checks import self_check
from payouts.statements.close import close_period
from payouts.statements.document.document import statement_document
from payouts.statements.review import approve, get_statement
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.sending.report import Report
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.client import StripeRail
from tests.harness.databases.snapshots import DatabaseSeed
from tests.payouts.balances import creator_balance
from tracker.clicks.token import make_token
from tracker.ids import new_uuid, uuid_of
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll
from tracker.sales.inbox.operations import ReceiveResult, receive
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import create_source, get_source

FUNDS_MINOR = 10_000_000


def at(text: str) -> datetime:
    """ "10-31" or "11-05 12:30" of 2026, in UTC; a full ISO time is taken as it is."""
    if len(text) < 12:
        day, _, hour = text.partition(" ")
        text = f"2026-{day}T{hour or '12:00'}"
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Books:
    """A brand in UTC with a 10 % program, one creator whose bank account is connected, and a shop."""

    settings: Settings
    databases: Databases
    sandbox: SandboxServer
    brand_id: str
    program_id: str
    creator_id: str
    link_id: str
    source_id: str

    @property
    def calls_twice(self) -> bool:
        """On one database is enough: that a call is the second is found out by our own rules."""
        return self.databases.main.dialect.name == "sqlite"

    def sale(self, order: str, net: int, when: str, **fields: Any) -> ReceiveResult:
        """Reported and accrued. `net` in minor units; tax and shipping are 0 unless they are given."""
        sold_at = at(when)
        click = make_token(
            self.settings.secret_keys,
            new_uuid(sold_at),
            uuid_of(self.link_id, "lnk"),
            earns=True,
            confirmed=True,
        )
        data = {"order_id": order, "occurred_at": sold_at.isoformat(), "currency": "EUR", "click": click}
        amounts = {"total": net, "tax": 0, "shipping": 0, "discount": 0}
        return self.report("sale.created", data | amounts | fields, f"sale-{order}", sold_at)

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
        data = {"order_id": order, "refund_id": key, "occurred_at": at(when).isoformat(), "currency": "EUR"}
        return self.report(
            "refund.created", data | {"amount": amount} | fields, f"refund-{key}", at(when), with_jobs
        )

    def dispute(self, order: str, status: str, amount: int, when: str) -> ReceiveResult:
        data = {"order_id": order, "dispute_id": f"dp-{order}", "occurred_at": at(when).isoformat()}
        more = {"currency": "EUR", "status": status, "amount": amount}
        return self.report("dispute.updated", data | more, f"dispute-{order}-{status}", at(when))

    def report(
        self, kind: str, data: dict[str, Any], key: str, now: datetime, with_jobs: bool = True
    ) -> ReceiveResult:
        """`with_jobs`: the jobs of that minute have run, too."""
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()
        keys = self.settings.secret_keys

        def work(session: Session) -> ReceiveResult:
            return receive(session, now, get_source(session, self.source_id), key, body, keys=keys)

        received: ReceiveResult = self.write(work)
        if self.calls_twice:
            assert self.write(work).duplicate
        if with_jobs:
            self.run_jobs(now)
        return received

    def run_jobs(self, now: datetime) -> None:
        """What the scheduler does every minute."""

        def all_jobs(session: Session) -> None:
            for step in (accrue_due, adjust_due, release_due):
                while step(session, now, 100):
                    session.flush()

        self.write(all_jobs)

    def close(self, period: str, when: str) -> dict[str, Any]:
        self.end(period, when)
        return self.statement(period)

    def end(self, period: str, when: str) -> None:
        """Close it for those who do not want to read its statement."""
        self.run_jobs(at(when))
        for _ in range(1 + self.calls_twice):
            self.write(lambda s: close_period(s, at(when), self.brand_id, period))

    def approve(self, period: str, when: str) -> dict[str, Any]:
        with read_session(self.databases.main) as session:
            statement_id = get_statement(session, self.brand_id, period, "EUR").id
        bodies = {
            self.write(lambda s: approve(s, at(when), statement_id, approved_by="brand").body)
            for _ in range(1 + self.calls_twice)
        }
        assert len(bodies) == 1
        found: dict[str, Any] = json.loads(bodies.pop())
        return found

    def statement(self, period: str) -> dict[str, Any]:
        with read_session(self.databases.main) as session:
            return statement_document(session, get_statement(session, self.brand_id, period, "EUR"))

    def pay(self, when: str) -> Report:
        report = self.run(when).pay(self.brand_id, early=True)
        if self.calls_twice:
            assert not self.run(when).pay(self.brand_id, early=True).paid
        return report

    def run(self, when: str) -> PayoutRun:
        rail = StripeRail(SANDBOX_KEY, self.sandbox.url)
        return PayoutRun(self.databases, rail, at(when))

    def balance(self) -> CreatorBalance:
        with read_session(self.databases.main) as session:
            return creator_balance(session, self.brand_id, self.creator_id, "EUR")

    def commission(self, order: str) -> Commission:
        with read_session(self.databases.main) as session:
            query = select(Commission).join(Sale).where(Sale.order_id == order, Commission.live)
            return session.execute(query).scalar_one()

    def faults(self, when: str = "2027-06-01T00:00:00") -> list[str]:
        with read_session(self.databases.main) as session:
            return [finding.message for finding in self_check(session, at(when))]

    def write(self, work: Any) -> Any:
        return transact(self.databases.main, work)


def open_books(settings: Settings, databases: Databases, sandbox: SandboxServer) -> Books:
    """The cast, on the first of September 2026."""
    now = at("09-01")
    keys = settings.secret_keys

    def found(session: Session) -> Books:
        brand = create_brand(
            session, now, name="Teas", currency="EUR", timezone="UTC", hosts=["shop.example"]
        )
        program = create_program(session, now, brand_id=brand.id, name="Friends", rate_bp=1000)
        creator = create_creator(session, now, name="Anna", email="anna@example.com", country="DE")
        enroll(session, now, program_id=program.id, creator_id=creator.id)
        link = create_link(
            session,
            now,
            program_id=program.id,
            creator_id=creator.id,
            destination="https://shop.example/tea",
            code="anna",
        )
        source, _secret = create_source(session, now, brand_id=brand.id, kind="standard", keys=keys)
        return Books(settings, databases, sandbox, brand.id, program.id, creator.id, link.id, source.id)

    books = transact(databases.main, found)
    connect(books)
    return books


def seed_after(story: Callable[[Books], Any] | None = None) -> DatabaseSeed:
    """What an installation with the cast is when the story is over. Known are the books, and what it told."""

    def play(settings: Settings) -> tuple[Books, Any]:
        databases = open_databases(settings)
        with SandboxServer(sandbox_file(settings)) as sandbox:
            books = open_books(settings, databases, sandbox)
            told = story(books) if story else None
        databases.close()
        return books, told

    return play


DEFAULT_SEED = seed_after()


def sandbox_file(settings: Settings) -> Path:
    """Beside the home, so that it is copied with it."""
    return settings.home.parent / "sandbox.db"


def connect(books: Books) -> str:
    """The creator's bank account stands, and the brand's money is on the rail."""
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
    account = rail.create_payee(books.creator_id, "anna@example.com", "DE", "Anna")
    books.sandbox.control.complete_onboarding(account)
    books.sandbox.control.top_up("EUR", FUNDS_MINOR)
    payee = books.write(
        lambda s: register_payee(
            s, at("09-01"), brand_id=books.brand_id, creator_id=books.creator_id, account_ref=account
        )
    )
    books.write(lambda s: record_payee_status(s, at("09-01"), payee.id, rail.payee_status(account)))
    return account
