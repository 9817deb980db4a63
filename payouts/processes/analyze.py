"""Renews the statistics by which SQLite chooses indexes. Entry point: it opens its own transactions.

PostgreSQL does this by itself.
"""

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import Databases, transact
from payouts.tables import CLICK_TABLES, MAIN_TABLES
from tracker.clicks.counting.transactions import write_clicks

SAMPLED_ROWS = 1_000
"""How many rows of an index are read: the time does not depend on the size of the table."""


def analyze(databases: Databases) -> int:
    """One table in a transaction, so that nobody waits long. Returns how many tables."""
    if databases.main.dialect.name != "sqlite":
        return 0
    for name in sorted(MAIN_TABLES.tables):
        transact(databases.main, partial(_analyze, table=name))
    for name in sorted(CLICK_TABLES.tables):
        write_clicks(databases.clicks, partial(_analyze, table=name))
    return len(MAIN_TABLES.tables) + len(CLICK_TABLES.tables)


def _analyze(session: Session, table: str) -> None:
    session.execute(text(f"pragma analysis_limit = {SAMPLED_ROWS}"))
    session.execute(text(f"analyze {session.get_bind().dialect.identifier_preparer.quote(table)}"))
