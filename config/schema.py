"""The schema version that the databases have, and the one that this release needs. Only reads.

Every process checks the schema when it starts, so alembic is avoided: importing it takes 0.1 s. The revisions
come from the file names in migrations/; a test compares them with alembic's.
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
    """The database schema does not fit this version of Linkledger. The message says what to run."""


@dataclass(frozen=True)
class SchemaState:
    """The revision of one of the two table sets; `current` is None when the set has no tables yet."""

    name: str
    current: str | None
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.revisions[-1]


def table_sets(databases: Databases) -> list[tuple[Engine, str]]:
    """The two table sets: the engine and the name of each."""
    return [(databases.main, MAIN), (databases.clicks, CLICKS)]


def version_table(name: str) -> str:
    """The table in which alembic stores the current revision of a table set."""
    return f"schema_{name}"


def schema_states(databases: Databases) -> list[SchemaState]:
    return [
        SchemaState(name, _current_revision(engine, name), revisions(name))
        for engine, name in table_sets(databases)
    ]


def require_current_schema(databases: Databases) -> None:
    """Raises SchemaMismatch unless both table sets are at this version's schema."""
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
    """All revisions of a table set, oldest first. Cached: the files do not change while a process runs."""
    matches = [_MIGRATION_FILE.fullmatch(each.name) for each in (files("migrations") / name).iterdir()]
    return tuple(sorted(match[1] for match in matches if match))


def _current_revision(engine: Engine, name: str) -> str | None:
    version_table_name = version_table(name)
    with read_connection(engine) as connection:  # without a write lock, which would wait for other writers
        if not inspect(connection).has_table(version_table_name):
            return None
        current: str | None = connection.scalar(
            select(column("version_num")).select_from(table(version_table_name))
        )
        return current
