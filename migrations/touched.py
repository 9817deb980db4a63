"""Says what a step did to the rows that exist: `linkledger migrate` shows it (config/migrate.py)."""

from typing import Any

from alembic import op


def execute_counted(statement: Any, sentence: str) -> None:
    """Run a statement that changes rows, and note `sentence` with the number of rows as {rows}."""
    note(op.get_bind().execute(statement).rowcount, sentence)


def note(rows: int, sentence: str) -> None:
    """Note `sentence` unless nothing was changed."""
    config = op.get_context().config
    notes = config.attributes.get("notes") if config is not None else None
    if rows > 0 and notes is not None:
        notes.append(sentence.format(rows=rows))
