"""Starts a PostgreSQL server for the benchmark, with fsync on."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.harness.databases import postgres_process
from tests.harness.databases.postgres import PostgresServer
from tests.harness.databases.postgres_process import (
    Account,
    PostgresUnavailable,
    Process,
    installations,
    make_executable,
)

_DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"}


@contextmanager
def durable_postgres() -> Iterator[Callable[[str], str] | None]:
    """Creates an empty database of a given name, returns its URL; None where PostgreSQL is not installed.

    Under /tmp: started by root, the server runs as the user nobody, which cannot read most folders.
    """
    account = Account.current()
    for binaries in installations():
        home = Path(tempfile.mkdtemp(prefix="pg-bench-"))
        home.chmod(0o755)
        if account.changes:
            postgres_process.give_to(home, account)
        process = Process(make_executable(binaries, home, account), home, account, _DURABLE)
        try:
            process.initialise()
            process.start()
        except PostgresUnavailable:
            process.close()
            continue
        query = {"host": str(home)}
        admin = URL.create("postgresql+psycopg", username="postgres", database="postgres", query=query)
        try:
            yield PostgresServer(admin).create_database
        finally:
            process.close()
        return
    yield None
