"""Writes rows in bulk with the driver: executemany on SQLite, COPY on PostgreSQL. Memory stays flat."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table
from sqlalchemy.engine import Dialect

BATCH_ROWS = 50_000
"""Rows that are buffered, in all tables together, before they are written in one transaction."""

Row = tuple[Any, ...]
Pragmas = ("synchronous=OFF", "foreign_keys=ON", "cache_size=-200000", "temp_store=MEMORY")


class RowWriter:
    """Collects rows of several tables and writes them in the order of their foreign keys.

    A column that a row does not name is null or has the default of the database, so that columns which are
    added later need nothing here.
    """

    def __init__(
        self, engine: Engine, metadata: MetaData, after_flush: Callable[[Connection], None] | None = None
    ) -> None:
        """`after_flush` works in the transaction that writes the rows."""
        self._after_flush = after_flush
        self._tables = metadata.sorted_tables
        self._connection = engine.connect()
        self._rows: dict[str, list[Row]] = {table.name: [] for table in self._tables}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._buffered = 0
        self.written = 0
        if engine.dialect.name == "sqlite":
            driver = self._connection.connection.driver_connection
            assert driver is not None
            for pragma in Pragmas:
                driver.execute(f"PRAGMA {pragma}")

    def table(self, name: str, *columns: str) -> Callable[[Row], None]:
        """A function that takes the rows of one table, as tuples of these columns."""
        self._columns[name] = columns
        rows = self._rows[name]

        def add(row: Row) -> None:
            rows.append(row)
            self._buffered += 1

        return add

    def flush_when_full(self) -> None:
        """Call it when all buffered rows belong together: none refers to a row that comes later."""
        if self._buffered >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        with self._connection.begin():
            for table in self._tables:
                if rows := self._rows[table.name]:
                    _write(self._connection, table, self._columns[table.name], rows)
                    rows.clear()
            if self._after_flush is not None:
                self._after_flush(self._connection)
        self.written += self._buffered
        self._buffered = 0

    def close(self) -> None:
        self.flush()
        self._connection.close()


def _write(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    dialect = connection.dialect
    columns = [list(column) for column in zip(*rows, strict=True)]
    for number, name in enumerate(names):
        process = _processor(table, name, dialect)
        if process is not None:
            columns[number] = [process(value) for value in columns[number]]
    values = list(zip(*columns, strict=True))
    quoted = ", ".join(dialect.identifier_preparer.quote(name) for name in names)
    if dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({quoted}) FROM STDIN", values)
        return
    marks = ", ".join("?" * len(names))
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})", values)


def _copy(connection: Connection, statement: str, values: Sequence[Row]) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in values:
            copy.write_row(row)


def _processor(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    process: Callable[[Any], Any] | None = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return process
