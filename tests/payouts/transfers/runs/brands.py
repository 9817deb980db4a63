"""Brands in any currency, with creators whose accounts are connected or not."""

import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.statements.document.document import statement_document
from payouts.statements.review import approve, get_statement
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from tests.payouts.balances import creator_balance
from tests.payouts.cast import FUNDS_MINOR, Books, at
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll
from tracker.sales.sources.operations import create_source


@dataclass(frozen=True)
class CurrencyBooks(Books):
    """Books of a brand with any currency; `close` and `approve` are those of that currency."""

    currency: str = "EUR"

    def sale(self, order: str, net: int, when: str, **fields: Any) -> Any:
        return super().sale(order, net, when, **({"currency": self.currency} | fields))

    def refund(self, order: str, amount: int, when: str, refund_id: str = "", **fields: Any) -> Any:
        return super().refund(order, amount, when, refund_id, **({"currency": self.currency} | fields))

    def approve(self, period: str, when: str) -> dict[str, Any]:
        return approve_in(self, self.currency, period, when)

    def statement(self, period: str) -> dict[str, Any]:
        return statement_in(self, self.currency, period)

    def balance(self) -> Any:
        with read_session(self.databases.main) as session:
            return creator_balance(session, self.brand_id, self.creator_id, self.currency)


def approve_in(books: Books, currency: str, period: str, when: str) -> dict[str, Any]:
    with read_session(books.databases.main) as session:
        statement_id = get_statement(session, books.brand_id, period, currency).id
    sealed = books.write(lambda s: approve(s, at(when), statement_id, approved_by="brand"))
    found: dict[str, Any] = json.loads(sealed.body)
    return found


def statement_in(books: Books, currency: str, period: str) -> dict[str, Any]:
    with read_session(books.databases.main) as session:
        return statement_document(session, get_statement(session, books.brand_id, period, currency))


def open_brand(
    settings: Settings,
    databases: Databases,
    sandbox: SandboxServer,
    *,
    name: str,
    currency: str = "EUR",
    creator_id: str = "",
    since: str = "09-01",
    **brand_fields: Any,
) -> CurrencyBooks:
    """A brand in UTC with a 10 % program and one creator, new or one that there is, connected and funded.

    `since` is when the creator was connected: the brand of the first one has the rail account.
    """
    now = at("09-01")
    code = name.lower()

    def found(session: Session) -> CurrencyBooks:
        fields = {"name": name, "currency": currency, "timezone": "UTC", "hosts": ["shop.example"]}
        brand = create_brand(session, now, **(fields | brand_fields))
        program = create_program(session, now, brand_id=brand.id, name="Friends", rate_bp=1000)
        creator = (
            creator_id
            or create_creator(session, now, name=f"{name} A", email=f"{code}@example.com", country="DE").id
        )
        enroll(session, now, program_id=program.id, creator_id=creator)
        target = "https://shop.example/"
        link = create_link(
            session, now, program_id=program.id, creator_id=creator, destination=target, code=f"{code}-link"
        )
        source, _secret = create_source(
            session, now, brand_id=brand.id, kind="standard", keys=settings.secret_keys
        )
        return CurrencyBooks(
            settings, databases, sandbox, brand.id, program.id, creator, link.id, source.id, currency
        )

    books = transact(databases.main, found)
    connect_account(books, currency, since=since)
    return books


def add_creator(books: Books, name: str, *, connected: bool = True) -> Books:
    """The same brand and shop, with another creator of the same program."""
    now = at("09-01")

    def made(session: Session) -> tuple[str, str]:
        creator = create_creator(session, now, name=name, email=f"{name.lower()}@example.com", country="DE")
        enroll(session, now, program_id=books.program_id, creator_id=creator.id)
        target = "https://shop.example/"
        link = create_link(
            session,
            now,
            program_id=books.program_id,
            creator_id=creator.id,
            destination=target,
            code=f"code-{name.lower()}",
        )
        return creator.id, link.id

    creator_id, link_id = books.write(made)
    other = replace(books, creator_id=creator_id, link_id=link_id)
    if connected:
        connect_account(other, None)
    return other


def connect_account(books: Books, currency: str | None, *, ready: bool = True, since: str = "09-01") -> str:
    """The creator's account at the rail; `currency` is topped up for the brand."""
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
    account = rail.create_payee(books.creator_id, f"{books.creator_id}@example.com", "DE", "Somebody")
    if ready:
        books.sandbox.control.complete_onboarding(account)
    if currency is not None:
        books.sandbox.control.top_up(currency, FUNDS_MINOR)
    payee = books.write(
        lambda s: register_payee(
            s, at(since), brand_id=books.brand_id, creator_id=books.creator_id, account_ref=account
        )
    )
    books.write(lambda s: record_payee_status(s, at(since), payee.id, rail.payee_status(account)))
    return account
