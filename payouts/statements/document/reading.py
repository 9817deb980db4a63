"""Opens a statement for people: from its sealed parts, its rows, or its document of format 1."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.statements.document.document import statement_document
from payouts.statements.document.head import FORMAT, head_from_rows
from payouts.statements.document.shape import OpenStatement, Rows, creator_parts, in_order, shown_head
from payouts.statements.models import SealedDocument, SealedPart, Statement
from payouts.statements.rows.columns import COLUMNS, PartKind, as_json, names_of
from payouts.statements.rows.reading import Source, all_rows, source_of
from tracker.times import optional_utc_text


def open_statement(session: Session, statement: Statement) -> OpenStatement:
    """The sealed statement with its hash, or the draft; an approved one says by whom and when.

    While the rows of a draft are not written, it is made from the present books, in memory.
    """
    sealed = session.get(SealedDocument, statement.id)
    if sealed is None:
        return _unsealed(session, statement)
    head = json.loads(sealed.body)
    if head["format"] != FORMAT:
        return in_order(head | {"sha256": sealed.sha256})
    rows = {kind: _part_rows(session, head, kind) for kind in COLUMNS}
    names = ("state", "sealed_at", "approved_by", "approved_at", "previous_sha256")
    ending = {name: head[name] for name in names} | {"sealed_format": FORMAT, "sha256": sealed.sha256}
    return OpenStatement(shown_head(head), creator_parts(rows), ending | _review_moved(statement))


def whole_statement(session: Session, statement: Statement) -> dict[str, Any]:
    """As `open_statement`, with all creators in memory."""
    return open_statement(session, statement).as_json()


def _unsealed(session: Session, statement: Statement) -> OpenStatement:
    ending: dict[str, Any] = {"state": statement.state} | _review_moved(statement)
    if statement.state != "draft":
        ending |= {
            "approved_by": statement.approved_by,
            "approved_at": optional_utc_text(statement.approved_at),
        }
    if statement.rows_state != "ready":
        document = in_order(statement_document(session, statement))
        return OpenStatement(document.head, document.creators, ending)
    source, currency = source_of(session, statement), statement.currency
    rows = {kind: _stored_rows(session, source, kind, currency) for kind in COLUMNS}
    return OpenStatement(shown_head(head_from_rows(session, statement)), creator_parts(rows), ending)


def _review_moved(statement: Statement) -> dict[str, str | None]:
    """The end of the review that was planned, and the notice that moved it; empty where it did not move."""
    if statement.planned_review_ends_at is None:
        return {}
    return {
        "planned_review_ends_at": optional_utc_text(statement.planned_review_ends_at),
        "noticed_at": optional_utc_text(statement.noticed_at),
    }


def _stored_rows(session: Session, source: Source, kind: PartKind, currency: str) -> Rows:
    names = names_of(kind)
    for row in all_rows(session, source, kind):
        yield row.creator_id, as_json(names, json.loads(row.body), kind, currency)


def _part_rows(session: Session, head: dict[str, Any], kind: PartKind) -> Rows:
    for part in _parts(session, head, kind):
        names = part["columns"]
        place = names.index("creator")
        for row in part["rows"]:
            yield row[place], as_json(names, row, kind, head["currency"])


def _parts(session: Session, head: dict[str, Any], kind: PartKind) -> Iterator[dict[str, Any]]:
    """One part at a time is in memory."""
    for each in head["parts"]:
        if each["kind"] == kind:
            yield json.loads(
                session.execute(
                    select(SealedPart.body).where(
                        SealedPart.statement_id == head["statement"],
                        SealedPart.kind == kind,
                        SealedPart.number == each["number"],
                    )
                ).scalar_one()
            )
