"""Runs the numbered migrations, and refuses to work on a schema that is not this version's."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from config.database import Databases, asking

MAIN = "main"
CLICKS = "clicks"


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


def schema_states(databases: Databases) -> list[SchemaState]:
    return [_state(engine, name) for engine, name in _sets(databases)]


def upgrade(databases: Databases) -> list[SchemaState]:
    """Bring both sets of tables to this version's schema. Raises SchemaMismatch on a newer one."""
    for state in schema_states(databases):
        _refuse_unknown(state)
    for engine, name in _sets(databases):
        migrate_up(engine, name)
    return schema_states(databases)


def migrate_up(engine: Engine, name: str, revision: str = "head") -> None:
    with engine.begin() as connection:
        command.upgrade(_config(name, connection), revision)


def migrate_down(engine: Engine, name: str, revision: str) -> None:
    """`revision` "base" empties the set; what only newer tables held is lost."""
    with engine.begin() as connection:
        command.downgrade(_config(name, connection), revision)


def require_current_schema(databases: Databases) -> None:
    """Raises SchemaMismatch unless both sets of tables are at this version's schema."""
    for state in schema_states(databases):
        _refuse_unknown(state)
        if state.current != state.head:
            raise SchemaMismatch(
                f"The {state.name} tables are at schema {state.current or 'none'}, this version needs "
                f"{state.head}. Make a backup if there is anything in them, then run: linkledger migrate"
            )


def _refuse_unknown(state: SchemaState) -> None:
    if state.current is not None and state.current not in state.revisions:
        raise SchemaMismatch(
            f"The {state.name} tables have schema {state.current}, which this version of Linkledger does "
            f"not know (its own is {state.head}). Install the newer version again, or restore a backup."
        )


def _sets(databases: Databases) -> list[tuple[Engine, str]]:
    return [(databases.main, MAIN), (databases.clicks, CLICKS)]


def _state(engine: Engine, name: str) -> SchemaState:
    with asking(engine) as connection:  # no write lock: somebody may hold it, and nobody should wait for him
        context = MigrationContext.configure(connection, opts={"version_table": f"schema_{name}"})
        current = context.get_current_revision()
    return SchemaState(name, current, _revisions(name))


@cache
def _revisions(name: str) -> tuple[str, ...]:
    """Oldest first. The files of an installation do not change while it runs."""
    script = ScriptDirectory.from_config(_config(name))
    return tuple(reversed([revision.revision for revision in script.walk_revisions()]))


def _config(name: str, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.set_main_option("version_locations", str(files("migrations") / name))
    config.set_main_option("path_separator", "newline")
    config.attributes["set_name"] = name
    config.attributes["connection"] = connection
    return config
