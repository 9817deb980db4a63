"""Inserts that report conflicts: uniqueness is decided by the database, not by a query beforehand."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Table, select
from sqlalchemy.orm import DeclarativeBase, Session

Values = Mapping[str, Any]


def insert_once(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """Insert one row, unless a unique key of its table is taken: then nothing is written, and it is False.

    The transaction stays usable either way, unlike after an IntegrityError on PostgreSQL. Other constraints
    (checks, foreign keys, not null) raise as ever.
    """
    statement = _insert_or_skip_statement(cast(Table, model.__table__), session.get_bind().dialect.name)
    result = session.execute(statement, values)
    return cast(CursorResult[Any], result).rowcount == 1


def insert_new(session: Session, model: type[DeclarativeBase], rows: Sequence[Values]) -> set[str]:
    """Insert those rows of which no unique key is taken, in one statement; returns their ids.

    All rows name the same columns, and each has an id that was made for it.
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
    """All of them, in one statement; a key that is taken raises. All rows name the same columns."""
    if rows:
        _insert(session.connection(), cast(Table, model.__table__), rows, "")


@cache
def _insert_or_skip_statement(table: Table, dialect: str) -> Insert:
    statement: Insert = _dialect_insert(dialect)(table).on_conflict_do_nothing()
    # Without the option SQLAlchemy forgets psycopg's count of an INSERT and says -1.
    return statement.execution_options(preserve_rowcount=True)


def insert_into(table: Any, session: Session) -> Any:
    """An INSERT of this session's database, which knows `on_conflict_do_update`. `table` may be a model."""
    return _dialect_insert(session.get_bind().dialect.name)(table)


@cache
def _dialect_insert(dialect: str) -> Any:
    """Of the dialect that the engine has loaded already; the other one is never loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


def _insert(
    connection: Connection, table: Table, rows: Sequence[Values], ending: str
) -> CursorResult[*tuple[Any, ...]]:
    """One SQL text for any number of rows, which drivers prepare once; SQLAlchemy would generate one per row count.

    That was a quarter of the time in which PostgreSQL's driver and we book sales (measured). Arrays go there
    as bytes, because psycopg takes long to put quotes around text.
    """
    dialect = connection.dialect
    names = tuple(rows[0])
    processors = _processors(table, names, dialect)
    columns = [
        [process(row[name]) for row in rows] if process else [row[name] for row in rows]
        for name, process in zip(names, processors, strict=True)
    ]
    text = f"{_insert_prefix(table, names, dialect)} {ending}"
    if dialect.name == "postgresql":
        return connection.exec_driver_sql(text, tuple(columns))
    options = {"preserve_rowcount": True}
    return connection.exec_driver_sql(text, list(zip(*columns, strict=True)), execution_options=options)


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
