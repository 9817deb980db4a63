"""Sources of kinds that a former schema does not list."""

from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from payouts.tables import MAIN_TABLES
from tests.cast.books import Books
from tests.test_migrations import restricted_to, rows_of, seeded_books  # noqa: F401

BEFORE = "0017"
"""The last schema that lists the kinds."""


def test_sources_of_later_kinds_outlive_a_downgrade(seeded_books: Books) -> None:  # noqa: F811
    """The list that a downgrade restores is as wide as the stored sources require, and no wider."""
    engine, source_id = seeded_books.databases.main, seeded_books.source_id

    def set_kind(kind: str) -> None:
        with engine.begin() as connection:
            values = {"kind": kind, "id": source_id}
            connection.execute(text("update source set kind = :kind where id = :id"), values)

    set_kind("later")
    before = rows_of(engine, MAIN_TABLES)
    migrate_down(engine, MAIN, BEFORE)
    kept = rows_of(engine, MAIN_TABLES)
    for kind in ("unknown", "stripe", "later"):
        refused = pytest.raises(IntegrityError, match="source_kind_known")
        with refused if kind == "unknown" else nullcontext():
            set_kind(kind)
    migrate_up(engine, MAIN)
    assert restricted_to(kept, rows_of(engine, MAIN_TABLES)) == restricted_to(kept, before)
    set_kind("unknown")
