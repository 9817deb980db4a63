"""An insert that says whether it was the first: the database judges uniqueness, never a check before it."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import CursorResult, Insert, Table
from sqlalchemy.orm import DeclarativeBase, Session


def insert_once(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """Insert one row, unless a unique key of its table is taken: then nothing is written, and it is False.

    The transaction stays usable either way, unlike after an IntegrityError on PostgreSQL. Other constraints
    (checks, foreign keys, not null) raise as ever.
    """
    statement = _insert_once(cast(Table, model.__table__), session.get_bind().dialect.name)
    result = session.execute(statement, values)
    return cast(CursorResult[Any], result).rowcount == 1


def insert_new(session: Session, model: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert those rows of which no unique key is taken, in one statement; returns their ids."""
    if not rows:
        return set()
    statement = _insert_new(cast(Table, model.__table__), session.get_bind().dialect.name)
    return set(session.connection().execute(statement, rows).scalars())


@cache
def _insert_once(table: Table, dialect: str) -> Insert:
    statement: Insert = _own_insert(dialect)(table).on_conflict_do_nothing()
    # Without the option SQLAlchemy forgets psycopg's count of an INSERT and says -1.
    return statement.execution_options(preserve_rowcount=True)


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    statement: Insert = _own_insert(dialect)(table).on_conflict_do_nothing().returning(table.c.id)
    return statement


def insert_into(table: Any, session: Session) -> Any:
    """An INSERT of this session's database, which knows `on_conflict_do_update`. `table` may be a model."""
    return _own_insert(session.get_bind().dialect.name)(table)


@cache
def _own_insert(dialect: str) -> Any:
    """Of the dialect that the engine has loaded already; the other one is never loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert
