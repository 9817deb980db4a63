"""Books that many tests share: a test may change them only in a transaction that is rolled back."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from config.database import make_engine, open_databases
from config.settings import Settings
from payouts.ledger.checks import BooksSoFar, Finding, books_end, walk
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, open_books
from tests.conftest import settings_for
from tracker.people.accounts.models import Brand


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Books with four sales, each one transaction with one posting."""
    home = tmp_path_factory.mktemp("written") / "home"
    url = ""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), home)
    else:
        template = request.getfixturevalue("postgres_template")
        server = request.getfixturevalue("postgres_server")
        url = server.create_database(f"{template}_written", template=template)
    settings = settings_for(home, url)
    databases = open_databases(settings)
    with SandboxServer(home.parent / "sandbox.db") as sandbox:
        books = open_books(settings, databases, sandbox)
    for number in range(1, 5):
        books.sale(f"S{number}", number * 100_00, "10-01")
    yield books
    databases.close()
    if url:
        server.drop_database(f"{template}_written")


def book_findings(session: Session, check: str) -> list[Finding]:
    """The findings of one check in the books of all brands, in one view."""
    return [
        finding
        for brand_id in session.scalars(select(Brand.id)).all()
        for page in walk(lambda: nullcontext(session), BooksSoFar(brand_id), books_end(session, brand_id))
        for finding in page.findings
        if finding.check == check
    ]


@contextmanager
def tampering_session(settings: Settings) -> Iterator[Session]:
    """A session that bypasses the triggers, as the database's owner can. It is rolled back at the end."""
    engine = make_engine(settings.main_url)
    on_sqlite = engine.dialect.name == "sqlite"
    if on_sqlite:
        event.listen(engine, "connect", lambda raw, _record: raw.execute("pragma foreign_keys = off"))
    with engine.connect() as connection:
        if on_sqlite:
            triggers = "select name from sqlite_master where type = 'trigger'"
            for (name,) in connection.exec_driver_sql(triggers).all():
                connection.exec_driver_sql(f"drop trigger {name}")
        else:
            connection.exec_driver_sql("set local session_replication_role = replica")
        with Session(bind=connection) as session:
            yield session
        connection.rollback()
    engine.dispose()
