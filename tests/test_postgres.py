"""The PostgreSQL server of the tests: its operations, and that nothing of it is left behind."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness import ROOT
from tests.harness.databases.postgres import URL_VARIABLE, PostgresServer, PostgresUnavailable, start_postgres

pytestmark = pytest.mark.postgresql

START_AND_DIE = """
import os
from tests.harness.databases.postgres import start_postgres
print(start_postgres().url("postgres"), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """A separate server, so that the test can stop it."""
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    try:
        own = start_postgres()
    except PostgresUnavailable as reason:
        pytest.skip(str(reason))
    yield own
    own.stop()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_a_copy_has_the_rows_of_its_template(server: PostgresServer) -> None:
    execute(server.create_database("original"), "CREATE TABLE t AS SELECT 7 AS x")
    assert execute(server.create_database("copy", template="original"), "SELECT x FROM t") == [(7,)]


def test_a_database_is_dropped_under_an_open_connection(server: PostgresServer) -> None:
    url = server.create_database("doomed").replace("+psycopg", "")
    with psycopg.connect(url):
        server.drop_database("doomed")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_committed_rows_survive_a_server_crash(server: PostgresServer) -> None:
    url = server.create_database("survivor")
    execute(url, "CREATE TABLE t AS SELECT 7 AS x")
    server.stop_immediately()
    with pytest.raises(psycopg.OperationalError):
        execute(url, "SELECT 1")
    server.restart()
    assert execute(url, "SELECT x FROM t") == [(7,)]


@pytest.mark.usefixtures("server")  # skips where there is none
def test_the_server_is_removed_when_its_tests_are_killed() -> None:
    command = [sys.executable, "-c", START_AND_DIE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    home = Path(done.stdout.strip().split("host=")[1].replace("%2F", "/"))
    deadline = time.monotonic() + 20
    while home.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not home.exists()


def test_databases_on_a_shared_server_are_removed(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, server.url("postgres").replace("+psycopg", ""))
    first, second = start_postgres(), start_postgres()
    assert first.create_database("same") != second.create_database("same")
    with pytest.raises(PostgresUnavailable, match="not ours to stop"):
        first.restart()
    first.stop()
    second.stop()
    names = execute(server.url("postgres"), "SELECT datname FROM pg_database WHERE NOT datistemplate")
    assert names == [("postgres",)]


def test_an_unreachable_shared_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(PostgresUnavailable, match=URL_VARIABLE):
        start_postgres()
