"""Runs the numbered migrations."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from config.database import Databases
from config.schema import SchemaState, require_known_revision, schema_states, sets, version_table


def upgrade(databases: Databases) -> list[SchemaState]:
    """Bring both sets of tables to this version's schema. Raises SchemaMismatch on a newer one."""
    found = schema_states(databases)
    for state in found:
        require_known_revision(state)
    for (engine, name), state in zip(sets(databases), found, strict=True):
        if state.current != state.head:  # to find nothing to do alembic reads every migration
            migrate_up(engine, name)
    return schema_states(databases)


def migrate_up(engine: Engine, name: str, revision: str = "head") -> None:
    with engine.begin() as connection:
        command.upgrade(alembic_config(name, connection), revision)


def migrate_down(engine: Engine, name: str, revision: str) -> None:
    """`revision` "base" empties the set; what only newer tables held is lost."""
    with engine.begin() as connection:
        command.downgrade(alembic_config(name, connection), revision)


def alembic_config(name: str, connection: Connection | None = None) -> Config:
    """What alembic has to know of one set of tables; migrations/env.py takes its attributes."""
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.set_main_option("version_locations", str(files("migrations") / name))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = version_table(name)
    config.attributes["connection"] = connection
    return config
