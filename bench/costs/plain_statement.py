"""The floor of a big month: the rows of its statement and the parts of its sealed format, by the driver.

`python -m bench.costs.plain_statement HOME COPY`. The same rows inserted into a copy of the database as it
was before, in transactions of 10,000 rows; the same parts dumped as JSON, hashed and inserted. What the rows
say is read from HOME, which is not counted.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.costs.plain import TRANSACTION_ROWS, Row, Target, open_target

_ROWS = ("statement_line", "statement_entry", "statement_creator", "statement_total")
PARTS_PER_TRANSACTION = 20


class PlainStatement:
    """Copies what the newest statement has from one database into another, and counts its own CPU time."""

    def __init__(self, source: Target, target: Target) -> None:
        self._source, self._target = source, target
        self.cpu_s = 0.0
        self.rows = 0

    def write(self) -> dict[str, Any]:
        statement = self._source.read("select * from statement order by id desc limit 1")
        names, (row,) = statement[0], statement[1]
        self._target.execute(self._target.insert("statement", names), [row])
        self.cpu_s, before_s = 0.0, self._target.server_cpu_s()
        for table in _ROWS:
            self._copy(table, row[0])
        self._copy_parts(row[0])
        server_s = self._target.server_cpu_s() - before_s
        return {"cpu_s": round(self.cpu_s, 3), "server_cpu_s": round(server_s, 3), "rows": self.rows}

    def _copy(self, table: str, statement_id: str) -> None:
        query = f"select * from {table} where statement_id = '{statement_id}'"
        for names, rows in self._source.pages(query, TRANSACTION_ROWS):
            began_s = time.process_time()
            self._target.execute(self._target.insert(table, names), rows)
            self.cpu_s += time.process_time() - began_s
            self.rows += len(rows)

    def _copy_parts(self, statement_id: str) -> None:
        query = f"select * from sealed_part where statement_id = '{statement_id}'"
        for names, rows in self._source.pages(query, PARTS_PER_TRANSACTION):
            body, sha256 = names.index("body"), names.index("sha256")
            values = [json.loads(row[body]) for row in rows]
            began_s = time.process_time()
            dumped = [*_dumped(rows, values, body, sha256)]
            self._target.execute(self._target.insert("sealed_part", names), dumped)
            self.cpu_s += time.process_time() - began_s
            if dumped != rows:
                raise RuntimeError("the parts are not the same as those of the product")


def _dumped(rows: list[Row], values: list[Any], body: int, sha256: int) -> Iterator[Row]:
    """The rows again, with a body and a hash that are made of the values."""
    for row, value in zip(rows, values, strict=True):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        own = list(row)
        own[body], own[sha256] = text, hashlib.sha256(text.encode()).hexdigest()
        yield tuple(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--postgresql", metavar="URL", default="", help="of the product")
    parser.add_argument("--copy-postgresql", metavar="URL", default="")
    given = parser.parse_args()
    source = open_target(given.home, given.postgresql)
    target = open_target(given.copy, given.copy_postgresql)
    sys.stdout.write(json.dumps(PlainStatement(source, target).write()) + "\n")


if __name__ == "__main__":
    main()
