"""The floor of a measurement: the driver's executemany of the rows that the product wrote.

`python -m bench.costs.plain ROWS HOME`. Same tables, indexes and triggers; transactions of 10,000 rows.
"""

import argparse
import json
import pickle
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.costs.meter import backend_cpu_s
from config.database import SQLITE_BUSY_TIMEOUT_S

TRANSACTION_ROWS = 10_000
_RELEASE = "update commission set matured_at = {0}, first_released_at = {0} where id = {0}"
Row = tuple[Any, ...]
Execute = Callable[[str, Sequence[Row]], None]
Reader = Callable[[str], Any]
"""Executes a query and returns a cursor of its own."""


@dataclass(frozen=True)
class Target:
    """A database without SQLAlchemy. `execute` runs a statement for many rows, in one transaction."""

    execute: Execute
    cursor: Reader
    marker: str
    server_cpu_s: Callable[[], float]

    def insert(self, table: str, names: Sequence[str]) -> str:
        return f"insert into {table} ({', '.join(names)}) values ({', '.join([self.marker] * len(names))})"

    def read(self, query: str) -> tuple[list[str], list[Row]]:
        """The names of the columns, and all rows."""
        cursor = self.cursor(query)
        return [each[0] for each in cursor.description], [tuple(row) for row in cursor.fetchall()]

    def pages(self, query: str, size: int) -> Iterator[tuple[list[str], list[Row]]]:
        """The same, page by page."""
        cursor = self.cursor(query)
        while rows := [tuple(row) for row in cursor.fetchmany(size)]:
            yield [each[0] for each in cursor.description], rows


def write(target: Target, path: Path) -> dict[str, Any]:
    """Write the stored rows, each batch in a transaction of its own."""
    written, released = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
    before_s, began_s = target.server_cpu_s(), time.process_time()
    total = 0
    for table, names, rows in written:
        total += _in_batches(target.execute, target.insert(table, names), rows)
    total += _in_batches(target.execute, _RELEASE.format(target.marker), released)
    used_s, server_s = time.process_time() - began_s, target.server_cpu_s() - before_s
    return {"cpu_s": round(used_s, 3), "server_cpu_s": round(server_s, 3), "rows": total}


def _in_batches(execute: Execute, statement: str, rows: Sequence[Row]) -> int:
    for start in range(0, len(rows), TRANSACTION_ROWS):
        execute(statement, rows[start : start + TRANSACTION_ROWS])
    return len(rows)


def open_target(home: Path, url: str) -> Target:
    """The main database of a home; `url` is that of PostgreSQL, or empty."""
    return _postgresql(url) if url else _sqlite(home)


def _sqlite(home: Path) -> Target:
    connection = sqlite3.connect(home / "linkledger.db", isolation_level=None, timeout=SQLITE_BUSY_TIMEOUT_S)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"pragma {pragma}")

    def execute(statement: str, rows: Sequence[Row]) -> None:
        connection.execute("begin immediate")
        connection.executemany(statement, rows)
        connection.execute("commit")

    return Target(execute, connection.execute, "?", lambda: 0.0)


def _postgresql(url: str) -> Target:
    parts = make_url(url)
    host, name = str(parts.query["host"]), parts.database
    connection = psycopg.connect(host=host, dbname=name, user=parts.username)
    pid, numbers = connection.info.backend_pid, count()

    def execute(statement: str, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(statement.encode(), rows)
        connection.commit()

    def read(query: str) -> Any:
        cursor = connection.cursor(name=f"rows{next(numbers)}")
        return cursor.execute(query.encode())

    return Target(execute, read, "%s", lambda: backend_cpu_s(pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("--postgresql", metavar="URL", default="")
    given = parser.parse_args()
    found = write(open_target(given.home, given.postgresql), given.rows)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
