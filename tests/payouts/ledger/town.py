"""A brand with two creators and three links, set up once and copied for every example."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from config.database import open_databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, add_creator, add_link, open_books
from tests.cast.people import click_token
from tests.cast.programs import add_program
from tests.conftest import settings_for
from tests.harness.databases.postgres import PostgresServer
from tracker.sales.inbox.apply_or_park import ReceiveResult

_numbers = itertools.count(1)


@dataclass(frozen=True)
class BrandSetup:
    """`links`: one of each creator, and one of the first creator in a program that pays on profit."""

    books: Books
    links: tuple[str, ...]
    creators: tuple[str, ...]

    def click(self, which: int, when: datetime) -> str:
        return click_token(self.books.settings.secret_keys, self.links[which], when)

    def deliver_message(self, now: datetime, kind: str, data: dict[str, Any], key: str) -> ReceiveResult:
        """Receive a message of the shop. No job has processed it yet."""
        return self.books.receive(kind, data, key, now)


SetupFactory = Callable[[], BrandSetup]


@contextmanager
def brand_setup_factory(
    folder: Path, template: Path | str, server: PostgresServer | None
) -> Iterator[SetupFactory]:
    """Makes copies of the setup, each with its own databases. `template`: SQLite folder or database name."""
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
    bob = add_creator(books, "bob", rate_bp=1750)
    profit = add_link(books, "profit", add_program(books, rate_bp=3333, base="profit"))
    for currency in ("EUR", "JPY"):
        sandbox.control.top_up(currency, 10**12)
    return BrandSetup(books, (books.link_id, bob.link_id, profit), (books.creator_id, bob.creator_id))


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
