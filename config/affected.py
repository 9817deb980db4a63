"""How many rows a conditional UPDATE or DELETE affected: the database decides who was first."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.orm import Session


def affected_rows(session: Session, statement: Update | Delete) -> int:
    """Execute the statement and return its row count. Objects that are loaded already are not updated."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], result).rowcount
