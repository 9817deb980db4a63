"""Migrations as files: what they may import, and their numbers."""

import ast
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from config.database import Databases
from config.migrate import alembic_config
from config.schema import CLICKS, MAIN, schema_states
from config.settings import Settings
from tests.harness import ROOT

MIGRATIONS = sorted(
    [*(ROOT / "migrations" / MAIN).glob("0*.py"), *(ROOT / "migrations" / CLICKS).glob("0*.py")]
)
HELPERS = {
    "migrations.append_only",
    "migrations.checks",
    "migrations.column_types",
    "migrations.touched",
}
STANDARD = {"collections.abc", "datetime", "typing", "uuid"}


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_migrations_do_not_import_the_product(migration: Path) -> None:
    """They may import alembic, SQLAlchemy and their own helpers, so that they never change their effect."""
    imported = set()
    for node in ast.walk(ast.parse(migration.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported <= HELPERS | STANDARD | {"sqlalchemy", "alembic"}
    for helper in HELPERS:
        source = (ROOT / f"{helper.replace('.', '/')}.py").read_text()
        assert not any(
            f"import {top_package}" in source or f"from {top_package}" in source
            for top_package in ("config", "tracker", "payouts")
        )


def test_migrations_are_numbered_without_gaps(settings: Settings, databases: Databases) -> None:
    for state in schema_states(databases):
        assert list(state.revisions) == [f"{number:04}" for number in range(1, len(state.revisions) + 1)]
        by_alembic = ScriptDirectory.from_config(alembic_config(state.name)).walk_revisions()
        assert [migration.revision for migration in by_alembic] == list(reversed(state.revisions))
