"""Which schema the databases have, and which one this version needs. Reads only.

Every process checks the schema at its start, so alembic is avoided: importing it takes 0.1 s.
the files of migrations/ are named by their numbers, and a test compares them with what alembic makes of them.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import Engine, column, inspect, select, table

from config.database import Databases, read_connection

MAIN = "main"
CLICKS = "clicks"
_MIGRATION_FILE = re.compile(r"([0-9]{4})_\w+\.py")


class SchemaMismatch(Exception):
    """The database has another schema than this version of Linkledger. Says what to run."""


@dataclass(frozen=True)
class SchemaState:
    """Where one of the two sets of tables stands; `current` None means that it is empty."""

    name: str
    current: str | None
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.revisions[-1]


def sets(databases: Databases) -> list[tuple[Engine, str]]:
    """The two sets of tables by name, and where each is."""
    return [(databases.main, MAIN), (databases.clicks, CLICKS)]


def version_table(name: str) -> str:
    """The table in which alembic keeps how far a set has come."""
    return f"schema_{name}"


def schema_states(databases: Databases) -> list[SchemaState]:
    return [
        SchemaState(name, _current_revision(engine, name), revisions(name))
        for engine, name in sets(databases)
    ]


def require_current_schema(databases: Databases) -> None:
    """Raises SchemaMismatch unless both sets of tables are at this version's schema."""
    for state in schema_states(databases):
        require_known_revision(state)
        if state.current != state.head:
            raise SchemaMismatch(
                f"The {state.name} tables are at schema {state.current or 'none'}, this version needs "
                f"{state.head}. Make a backup if there is anything in them, then run: linkledger migrate"
            )


def require_known_revision(state: SchemaState) -> None:
    """Raises SchemaMismatch on the schema of a newer version."""
    if state.current is not None and state.current not in state.revisions:
        raise SchemaMismatch(
            f"The {state.name} tables have schema {state.current}, which this version of Linkledger does "
            f"not know (its own is {state.head}). Install the newer version again, or restore a backup."
        )


@cache
def revisions(name: str) -> tuple[str, ...]:
    """Oldest first. The files of an installation do not change while it runs."""
    found = [_MIGRATION_FILE.fullmatch(each.name) for each in (files("migrations") / name).iterdir()]
    return tuple(sorted(step[1] for step in found if step))


def _current_revision(engine: Engine, name: str) -> str | None:
    version_table_name = version_table(name)
    with read_connection(engine) as connection:  # no write lock: do not wait for another writer
        if not inspect(connection).has_table(version_table_name):
            return None
        current: str | None = connection.scalar(
            select(column("version_num")).select_from(table(version_table_name))
        )
        return current
