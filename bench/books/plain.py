"""The floor of a measurement: the driver's executemany of the rows that the product wrote.

`python -m bench.books.plain ROWS HOME`. Same tables, indexes and triggers; transactions of 10,000 rows.
"""

import argparse
import json
import os
import pickle
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from config.database import SQLITE_BUSY_TIMEOUT_S

TRANSACTION_ROWS = 10_000
_RELEASE = "update commission set matured_at = {0}, first_released_at = {0} where id = {0}"
Row = tuple[Any, ...]
Execute = Callable[[str, Sequence[Row]], None]


def write(execute: Execute, marker: str, path: Path) -> int:
    """Write the stored rows, each batch in a transaction of its own. Returns their number."""
    written, released = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
    total = 0
    for table, names, rows in written:
        marks = ", ".join([marker] * len(names))
        total += _in_batches(execute, f"insert into {table} ({', '.join(names)}) values ({marks})", rows)
    return total + _in_batches(execute, _RELEASE.format(marker), released)


def _in_batches(execute: Execute, statement: str, rows: Sequence[Row]) -> int:
    for start in range(0, len(rows), TRANSACTION_ROWS):
        execute(statement, rows[start : start + TRANSACTION_ROWS])
    return len(rows)


def write_to_sqlite(path: Path, home: Path) -> dict[str, Any]:
    connection = sqlite3.connect(home / "linkledger.db", isolation_level=None, timeout=SQLITE_BUSY_TIMEOUT_S)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"pragma {pragma}")

    def execute(statement: str, rows: Sequence[Row]) -> None:
        connection.execute("begin immediate")
        connection.executemany(statement, rows)
        connection.execute("commit")

    began_s = time.process_time()
    rows = write(execute, "?", path)
    return {"cpu_s": round(time.process_time() - began_s, 3), "server_cpu_s": 0.0, "rows": rows}


def write_to_postgresql(path: Path, url: str) -> dict[str, Any]:
    parts = make_url(url)
    host, name = str(parts.query["host"]), parts.database
    with psycopg.connect(host=host, dbname=name, user=parts.username) as connection:
        pid = connection.info.backend_pid

        def execute(statement: str, rows: Sequence[Row]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(statement, rows)
            connection.commit()

        before_s, began_s = _cpu_s(pid), time.process_time()
        rows = write(execute, "%s", path)
        used_s = time.process_time() - began_s
        return {"cpu_s": round(used_s, 3), "server_cpu_s": round(_cpu_s(pid) - before_s, 3), "rows": rows}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("--postgresql", metavar="URL", default="")
    given = parser.parse_args()
    if given.postgresql:
        found = write_to_postgresql(given.rows, given.postgresql)
    else:
        found = write_to_sqlite(given.rows, given.home)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
