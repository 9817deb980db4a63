"""Inserts that report conflicts: the database decides about uniqueness, not a query beforehand."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Table, select
from sqlalchemy.orm import DeclarativeBase, Session

Values = Mapping[str, Any]


def insert_once(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """Insert one row and return True, or write nothing and return False when a unique key is taken.

    The transaction stays usable in both cases, unlike after an IntegrityError on PostgreSQL. Other
    constraints (checks, foreign keys, not null) still raise.
    """
    statement = _insert_or_skip_statement(cast(Table, model.__table__), session.get_bind().dialect.name)
    result = session.execute(statement, values)
    return cast(CursorResult[Any], result).rowcount == 1


def insert_new(session: Session, model: type[DeclarativeBase], rows: Sequence[Values]) -> set[str]:
    """Insert all rows whose unique keys are free, in one statement. Returns the ids of the inserted rows.

    All rows have the same columns, and each has a new id.
    """
    if not rows:
        return set()
    table, connection = cast(Table, model.__table__), session.connection()
    if connection.dialect.name == "postgresql":
        result = _insert(connection, table, rows, "ON CONFLICT DO NOTHING RETURNING id")
        return set(result.scalars())
    ids = {row["id"] for row in rows}
    if _insert(connection, table, rows, "ON CONFLICT DO NOTHING").rowcount == len(rows):
        return ids
    return set(connection.scalars(select(table.c.id).where(table.c.id.in_(ids))))


def insert_all(session: Session, model: type[DeclarativeBase], rows: Sequence[Values]) -> None:
    """Insert all rows, which have the same columns, in one statement. A key that is taken raises."""
    if rows:
        _insert(session.connection(), cast(Table, model.__table__), rows, "")


def insert_missing(session: Session, model: type[DeclarativeBase], rows: Sequence[Values]) -> None:
    """Insert those rows whose unique keys are free, in one statement. All have the same columns."""
    if rows:
        _insert(session.connection(), cast(Table, model.__table__), rows, "ON CONFLICT DO NOTHING")


def insert_missing_tuples(
    session: Session, model: type[DeclarativeBase], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """As `insert_missing`, of tuples in the order of `names`, whose values the driver takes as they are."""
    if not rows:
        return
    connection, table = session.connection(), cast(Table, model.__table__)
    dialect = connection.dialect
    assert not any(_processors(table, names, dialect)), "the columns hold only texts and integers"
    sql = f"{_insert_prefix(table, names, dialect)} ON CONFLICT DO NOTHING"
    if dialect.name == "postgresql":
        connection.exec_driver_sql(sql, tuple(map(list, zip(*rows, strict=True))))
    else:
        connection.exec_driver_sql(sql, list(rows))


@cache
def _insert_or_skip_statement(table: Table, dialect: str) -> Insert:
    statement: Insert = insert_of(dialect)(table).on_conflict_do_nothing()
    # Without this option SQLAlchemy discards psycopg's row count of an INSERT and returns -1.
    return statement.execution_options(preserve_rowcount=True)


def insert_into(table: Any, session: Session) -> Any:
    """An INSERT in this session's dialect, which has `on_conflict_do_update`. `table` may be a model."""
    return insert_of(session.get_bind().dialect.name)(table)


@cache
def insert_of(dialect: str) -> Any:
    """The `insert` of a dialect. The engine has loaded this dialect already; the other is never imported."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


def _insert(
    connection: Connection, table: Table, rows: Sequence[Values], ending: str
) -> CursorResult[*tuple[Any, ...]]:
    """Run one INSERT whose SQL is the same for any number of rows, so that drivers prepare it only once.

    SQLAlchemy generates a new statement per row count, which was a quarter of the time of booking sales on
    PostgreSQL (measured). Arrays are sent in binary format, because psycopg is slow at quoting strings.
    """
    dialect = connection.dialect
    names = tuple(rows[0])
    processors = _processors(table, names, dialect)
    columns = [
        [process(row[name]) for row in rows] if process else [row[name] for row in rows]
        for name, process in zip(names, processors, strict=True)
    ]
    sql = f"{_insert_prefix(table, names, dialect)} {ending}"
    if dialect.name == "postgresql":
        return connection.exec_driver_sql(sql, tuple(columns))
    options = {"preserve_rowcount": True}
    return connection.exec_driver_sql(sql, list(zip(*columns, strict=True)), execution_options=options)


@lru_cache(maxsize=64)
def _insert_prefix(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    into = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))})"
    if dialect.name == "postgresql":
        types = [table.c[name].type.dialect_impl(dialect).compile(dialect) for name in names]
        arrays = ", ".join(f"%b::{each}[]" for each in types)
        return f"{into} SELECT * FROM unnest({arrays})"  # noqa: S608 - names and types of our own columns
    return f"{into} VALUES ({', '.join('?' * len(names))})"


@lru_cache(maxsize=64)
def _processors(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[Callable[[Any], Any] | None, ...]:
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
