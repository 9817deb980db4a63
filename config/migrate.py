"""Runs the numbered migrations."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from config.database import Databases
from config.schema import SchemaState, require_known_revision, schema_states, table_sets, version_table


def upgrade(databases: Databases, notes: list[str] | None = None) -> list[SchemaState]:
    """Upgrade both table sets to this version's schema. Raises SchemaMismatch on a newer schema.

    Steps that change existing rows add to `notes` how many, and how.
    """
    found = schema_states(databases)
    for state in found:
        require_known_revision(state)
    for (engine, name), state in zip(table_sets(databases), found, strict=True):
        if state.current != state.head:  # alembic would read every migration even with nothing to do
            migrate_up(engine, name, notes=notes)
    return schema_states(databases)


def migrate_up(engine: Engine, name: str, revision: str = "head", notes: list[str] | None = None) -> None:
    with engine.begin() as connection:
        config = alembic_config(name, connection)
        config.attributes["notes"] = notes
        command.upgrade(config, revision)


def migrate_down(engine: Engine, name: str, revision: str) -> None:
    """Downgrade to `revision`; "base" removes all tables. Data in removed tables and columns is lost."""
    with engine.begin() as connection:
        command.downgrade(alembic_config(name, connection), revision)


def alembic_config(name: str, connection: Connection | None = None) -> Config:
    """The alembic configuration of one table set; migrations/env.py reads its attributes."""
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.set_main_option("version_locations", str(files("migrations") / name))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = version_table(name)
    config.attributes["connection"] = connection
    return config
