"""A lock of a table for those who write to it."""

from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Session


def lock_for_writers(session: Session, model: type[DeclarativeBase]) -> None:
    """Wait until nobody else has this lock, and have it until the transaction ends. Readers do not wait.

    For tables whose rows are computed from other rows by a few jobs: what the transaction reads after this
    includes what the one before wrote. On SQLite a write transaction has the lock of the file anyway.
    """
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql":
        name = dialect.identifier_preparer.quote(model.__tablename__)
        session.execute(text(f"lock table {name} in share row exclusive mode"))
