"""Checks: sealed statements are unchanged, follow one another, and agree with the books."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.movements import pending_by_period
from payouts.ledger.checks import Finding, Reads
from payouts.ledger.models import Period, Transaction
from payouts.statements.document.head import FORMAT
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.sealing.file import part_body
from payouts.statements.sealing.verification import (
    HASH_DIFFERS,
    document_faults,
    equation_of,
    head_faults,
    part_faults,
)


def sealed_statements(session: Session, brand_id: str) -> list[Statement]:
    """The brand's sealed statements, by currency, then in the order of their periods."""
    found = (
        select(Statement)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.brand_id == brand_id, Statement.state == "sealed")
        .order_by(Statement.currency, Period.starts_at)
    )
    return list(session.scalars(found))


def statement_faults(reads: Reads, closings: Mapping[str, int]) -> Iterator[Finding]:
    """Checks sealed statements: hash; equation; opening = closing before; closing = ledger.

    `closings` has, by id of a statement in the order of `sealed_statements`, what creators are owed at the
    end of its period by the books. Each statement is read in its own read.
    """
    before: _Closed | None = None
    for statement_id, in_books_minor in closings.items():
        with reads() as session:
            statement = session.get_one(Statement, statement_id)
            period = session.get_one(Period, statement.period_id)
            sealed = session.get(SealedDocument, statement_id)
            before = _closed_before(session, statement, period, before)
        if sealed is None:
            yield _finding(statement, period, "is sealed, but its document is missing")
            continue
        if (equation := _equation(sealed)) is None:
            yield _finding(statement, period, HASH_DIFFERS)
            before = None
            continue
        yield from _faults_of(statement, period, sealed, equation, before, in_books_minor)
        yield from (_finding(statement, period, each) for each in _content_faults(reads, sealed))
        before = _Closed(statement_id, sealed.sha256, equation["closing"])


@dataclass(frozen=True)
class _Closed:
    """How a sealed statement ended: the hash of its document, and its closing amount in minor units."""

    statement_id: str
    sha256: str
    closing_minor: int


def _closed_before(
    session: Session, statement: Statement, period: Period, known: _Closed | None
) -> _Closed | None:
    """How the last statement before this one ended that has a document; `known` is not read again."""
    earlier_id = session.scalar(
        select(SealedDocument.statement_id)
        .join(Statement, Statement.id == SealedDocument.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == statement.brand_id,
            Statement.currency == statement.currency,
            Statement.state == "sealed",
            Period.starts_at < period.starts_at,
        )
        .order_by(Period.starts_at.desc())
        .limit(1)
    )
    if earlier_id is None or (known is not None and known.statement_id == earlier_id):
        return known if earlier_id is not None else None
    earlier = session.get_one(SealedDocument, earlier_id)
    equation = _equation(earlier)
    return None if equation is None else _Closed(earlier_id, earlier.sha256, equation["closing"])


def _equation(sealed: SealedDocument) -> Mapping[str, int] | None:
    """The equation, in minor units; None when the document cannot be read any more."""
    try:
        return equation_of(json.loads(sealed.body))
    except (ValueError, KeyError, TypeError):
        return None


def _content_faults(reads: Reads, sealed: SealedDocument) -> Iterator[str]:
    """What is wrong with the statement by itself; each part of format 2 is read in its own read."""
    document = json.loads(sealed.body)
    if document.get("format") != FORMAT:
        yield from document_faults(document, sealed.body, sealed.sha256)
        return
    yield from head_faults(sealed.body, sealed.sha256)
    for listed in document["parts"]:
        with reads() as session:
            body = part_body(session, sealed.statement_id, listed)
        yield from part_faults(listed, body)


def _faults_of(
    statement: Statement,
    period: Period,
    sealed: SealedDocument,
    equation: Mapping[str, int],
    before: _Closed | None,
    in_books_minor: int,
) -> Iterator[Finding]:
    if before is not None and (
        (sealed.previous_sha256, equation["opening"]) != (before.sha256, before.closing_minor)
    ):
        yield _finding(statement, period, "does not follow the statement before it")
    if in_books_minor != equation["closing"]:
        yield _finding(statement, period, "has another closing amount than the books")


def _finding(statement: Statement, period: Period, what: str) -> Finding:
    return Finding("statements", statement.id, f"The {statement.currency} statement of {period.name} {what}.")


def held_balance_faults(session: Session, ids: list[str]) -> Iterator[Finding]:
    """Of these commissions: at the end of no period is what is held below 0 (docs/money.md 2).

    Periods that an earlier version closed followed another rule: their statements have no review days.
    """
    older = set(
        session.scalars(select(Statement.period_id).where(Statement.review_days.is_(None)).distinct())
    )
    moved = pending_by_period().where(Transaction.subject_id.in_(ids))
    rows = session.execute(moved.order_by("subject_id", "starts_at"))
    for commission_id, periods in groupby(rows, key=lambda row: row.subject_id):
        held_minor = 0
        for row in periods:
            held_minor += int(row.pending_minor)
            if held_minor < 0 and row.period_id not in older:
                message = f"{held_minor} of {commission_id} are held at the end of {row.name}, below zero."
                yield Finding("commissions", commission_id, message)
