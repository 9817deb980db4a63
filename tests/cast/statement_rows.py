"""Statements as tests read them. The rows of a draft always say the same as the books."""

from typing import Any

from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.statements.document.document import statement_document
from payouts.statements.document.reading import whole_statement
from payouts.statements.models import Statement


def statement_of_the_books(session: Session, statement: Statement) -> dict[str, Any]:
    """The statement as the present books give it; the rows of a draft must say the same.

    They say who is credited why as the words were when the period was closed.
    """
    of_books = statement_document(session, statement)
    if statement.state == "draft" and statement.rows_state == "ready":
        in_rows = whole_statement(session, statement)
        assert _without_credit(in_rows) == _without_credit(of_books | {"state": "draft"})
    return of_books


def shown_statement(databases: Databases, statement_id: str) -> dict[str, Any]:
    with read_session(databases.main) as session:
        return whole_statement(session, session.get_one(Statement, statement_id))


def _without_credit(document: dict[str, Any]) -> dict[str, Any]:
    left_out = ("credited_because", "credited_because_code", "credited_because_parameters")
    parts = [
        part | {"lines": [{k: v for k, v in line.items() if k not in left_out} for line in part["lines"]]}
        for part in document["creators"]
    ]
    return document | {"creators": parts}
