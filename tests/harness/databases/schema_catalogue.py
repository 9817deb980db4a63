"""The schema as the database reports it, to compare the result of the migrations with the models."""

import re
from typing import Any

from sqlalchemy import Engine, text

from config.database import read_session

PARTITION = re.compile(r"click_(\d{4}_\d{2}|default)")
"""On PostgreSQL, the table of clicks has monthly partitions, which are not in the models."""


def catalogue(engine: Engine) -> dict[str, Any]:
    """Every table, column, constraint, index and trigger, as the database reports them."""
    return _sqlite_catalogue(engine) if engine.dialect.name == "sqlite" else _postgresql_catalogue(engine)


def _sqlite_catalogue(engine: Engine) -> dict[str, Any]:
    with read_session(engine) as session:
        rows = session.execute(
            text("select type, name, sql from sqlite_master where name not like 'sqlite_%'")
        )
        found = {f"{kind} {name}": _parts(sql) if kind == "table" else sql for kind, name, sql in rows}
    return {name: sql for name, sql in found.items() if "schema_" not in name}


COLUMN_AFTER_COLUMN = re.compile(r", (?=\w+ (?:TEXT|INTEGER|BLOB)\b|CONSTRAINT )")
INLINE_KEY = re.compile(r"(\w+)( TEXT) CONSTRAINT (\w+) REFERENCES (\w+ \(\w+\))")


def _parts(sql: str) -> list[str]:
    """The definitions inside a CREATE TABLE, sorted.

    SQLite keeps the original text, in which columns and constraints may be in any order, and columns that
    were added later are on one line.
    """
    head, _, body = INLINE_KEY.sub(r"\1\2, CONSTRAINT \3 FOREIGN KEY(\1) REFERENCES \4", sql).partition("(")
    lines = [part for line in body.splitlines() for part in COLUMN_AFTER_COLUMN.split(line)]
    return [" ".join(head.split()), *sorted(" ".join(line.strip(" ,)").split()) for line in lines)]


def _postgresql_catalogue(engine: Engine) -> dict[str, Any]:
    queries = {
        "columns": "select table_name, column_name, data_type, is_nullable, column_default, "
        "identity_generation from information_schema.columns where table_schema = 'public'",
        # Since version 18 the server names NOT NULL constraints itself, not always in the same way.
        "constraints": "select conrelid::regclass::text, case when contype = 'n' then '' else conname end, "
        "pg_get_constraintdef(oid) "
        "from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0",
        "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
        "triggers": "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger "
        "where not tgisinternal",
    }
    with read_session(engine) as session:
        return {
            name: sorted(
                tuple(str(value).replace(" ON ONLY ", " ON ") for value in row)
                for row in session.execute(text(query))
                if "schema_" not in row[0] and not PARTITION.fullmatch(row[0])
            )
            for name, query in queries.items()
        }
