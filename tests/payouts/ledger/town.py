"""A brand with two creators and three ways to earn, made once and copied for every example."""

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from config.database import open_databases
from config.settings import Settings
from payouts.transfers.payees import record_payee_status, register_payee
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from tests.conftest import settings_for
from tests.harness.databases.postgres import PostgresServer
from tests.payouts.cast import Books, at, open_books
from tests.payouts.commissions.people import another_creator, another_link, another_program
from tracker.clicks.token import make_token
from tracker.ids import new_uuid, uuid_of
from tracker.sales.inbox.operations import ReceiveResult, receive
from tracker.sales.sources.operations import get_source

_numbers = itertools.count(1)


@dataclass(frozen=True)
class BrandSetup:
    """`links`: of the first creator, of the second, and of the first in a program that pays on profit."""

    books: Books
    links: tuple[str, ...]
    creators: tuple[str, ...]

    def click(self, which: int, when: datetime) -> str:
        keys = self.books.settings.secret_keys
        link = uuid_of(self.links[which], "lnk")
        return make_token(keys, new_uuid(when), link, earns=True, confirmed=True)

    def deliver_message(self, now: datetime, kind: str, data: dict[str, Any], key: str) -> ReceiveResult:
        """The shop's message comes in; nobody has looked at it yet."""
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()

        def work(session: Session) -> ReceiveResult:
            source = get_source(session, self.books.source_id)
            return receive(session, now, source, key, body, keys=self.books.settings.secret_keys)

        received: ReceiveResult = self.books.write(work)
        return received


SetupFactory = Callable[[], BrandSetup]


@contextmanager
def brand_setup_factory(
    folder: Path, template: Path | str, server: PostgresServer | None
) -> Iterator[SetupFactory]:
    """Makes towns, each in databases of its own. `template` is a folder with SQLite files or a database."""
    original = _settings(folder / "original", template, server)
    with SandboxServer(folder / "sandbox.db") as sandbox:
        brand_setup = _create_setup(original, sandbox)
        brand_setup.books.databases.close()
        made: list[BrandSetup] = []

        def copy() -> BrandSetup:
            if made:
                _delete(made.pop(), server)
            source = original.home if server is None else _database_of(original)
            settings = _settings(folder / f"town-{next(_numbers)}", source, server)
            books = replace(brand_setup.books, settings=settings, databases=open_databases(settings))
            made.append(replace(brand_setup, books=books))
            return made[-1]

        yield copy
        for each in made:
            _delete(each, server)


def _create_setup(settings: Settings, sandbox: SandboxServer) -> BrandSetup:
    books = open_books(settings, open_databases(settings), sandbox)
    bob = another_creator(books, "bob", rate_bp=1750)
    _connect(books, bob.creator_id)
    profit = another_link(books, "profit", another_program(books, rate_bp=3333, base="profit"))
    for currency in ("EUR", "JPY"):
        sandbox.control.top_up(currency, 10**12)
    return BrandSetup(books, (books.link_id, bob.link_id, profit), (books.creator_id, bob.creator_id))


def _connect(books: Books, creator_id: str) -> None:
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
    account = rail.create_payee(creator_id, "bob@example.com", "DE", "Bob")
    books.sandbox.control.complete_onboarding(account)

    def work(session: Session) -> None:
        payee = register_payee(
            session, at("09-01"), brand_id=books.brand_id, creator_id=creator_id, account_ref=account
        )
        record_payee_status(session, at("09-01"), payee.id, rail.payee_status(account))

    books.write(work)


def _settings(home: Path, template: Path | str, server: PostgresServer | None) -> Settings:
    if server is None:
        shutil.copytree(template, home)
        return settings_for(home)
    name = f"town_{os.getpid()}_{next(_numbers)}"
    return settings_for(home, server.create_database(name, template=str(template)))


def _database_of(settings: Settings) -> str:
    return settings.database_url.rpartition("/")[2].partition("?")[0]


def _delete(brand_setup: BrandSetup, server: PostgresServer | None) -> None:
    brand_setup.books.databases.close()
    if server is None:
        shutil.rmtree(brand_setup.books.settings.home)
    else:
        server.drop_database(_database_of(brand_setup.books.settings))
