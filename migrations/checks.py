"""Replaces a check of a table; SQLite has no statement for it, so the table is built again there."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op


def replace_check(table: str, name: str, condition: str) -> None:
    """Give the check `name` of a table another condition."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, condition)
        return
    head = re.compile(rf"CONSTRAINT {name} CHECK \(")

    def change(definition: str) -> str:
        found = head.search(definition)
        assert found is not None, f"{table} has no check {name}"
        return definition[: found.end()] + condition + definition[_closing(definition, found.end()) :]

    rebuild(table, change)


def allow_null(table: str, column: str) -> None:
    """Let a text column have no value."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(table, column, nullable=True)
    else:
        _replace_in_definition(table, f"{column} TEXT NOT NULL", f"{column} TEXT")


def refuse_null(table: str, column: str) -> None:
    """The opposite of `allow_null`."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(table, column, nullable=False)
    else:
        _replace_in_definition(table, f"{column} TEXT", f"{column} TEXT NOT NULL")


def _replace_in_definition(table: str, old: str, new: str) -> None:
    def change(definition: str) -> str:
        assert definition.count(old) == 1, f"{old!r} is {definition.count(old)} times in {definition}"
        return definition.replace(old, new)

    rebuild(table, change)


def rebuild(table: str, change: Callable[[str], str]) -> None:
    """Build a table of SQLite again from its changed definition, with its rows, indexes and triggers.

    Foreign keys are deferred: rows that name the table stay, and find their rows again at the end.
    """
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("select type, sql from sqlite_master where tbl_name = :table and sql is not null"),
        {"table": table},
    ).all()
    (definition,) = [sql for kind, sql in rows if kind == "table"]
    op.execute("pragma defer_foreign_keys = on")
    op.execute(f"create temporary table former_rows as select * from {table}")
    op.drop_table(table)
    connection.exec_driver_sql(change(definition))
    op.execute(f"insert into {table} select * from former_rows order by rowid")
    op.execute("drop table former_rows")
    for kind, sql in rows:
        if kind in ("index", "trigger"):
            connection.exec_driver_sql(sql)


def _closing(text: str, start: int) -> int:
    """The position of the parenthesis that closes the one before `start`. No check has one in a string."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise AssertionError(f"a parenthesis is open in {text}")
