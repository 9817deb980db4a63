"""Check: sealed statements are what was sealed, follow one another, and agree with the books."""

import hashlib
import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.balances import creator_balances
from payouts.ledger.checks import Finding
from payouts.ledger.models import Period
from payouts.statements.models import SealedDocument, Statement


def statement_faults(session: Session) -> Iterator[Finding]:
    """For every sealed statement, in order: hash, equation, opening = closing before, closing = ledger."""
    rows = session.execute(
        select(Statement, Period, SealedDocument)
        .join(Period, Period.id == Statement.period_id)
        .join(SealedDocument, SealedDocument.statement_id == Statement.id, isouter=True)
        .where(Statement.state == "sealed")
        .order_by(Statement.brand_id, Statement.currency, Period.starts_at)
    ).all()
    before: dict[tuple[str, str], tuple[str, int]] = {}
    for statement, period, sealed in rows:
        if sealed is None:
            yield _finding(statement, period, "is sealed, but its document is missing")
            continue
        account = (statement.brand_id, statement.currency)
        document = json.loads(sealed.body)
        yield from _faults_of(session, statement, period, sealed, document, before.get(account))
        before[account] = (sealed.sha256, document["equation"]["closing"]["minor"])


def _faults_of(
    session: Session,
    statement: Statement,
    period: Period,
    sealed: SealedDocument,
    document: dict[str, dict[str, dict[str, int]]],
    before: tuple[str, int] | None,
) -> Iterator[Finding]:
    if hashlib.sha256(sealed.body.encode()).hexdigest() != sealed.sha256:
        yield _finding(statement, period, "was changed after it was sealed: its hash does not fit")
    equation = {name: amount["minor"] for name, amount in document["equation"].items()}
    made = equation["opening"] + equation["earned"] - equation["reversed"]
    if made + equation["adjustments"] - equation["payments"] != equation["closing"]:
        yield _finding(statement, period, "does not balance")
    if before is not None and (sealed.previous_sha256, equation["opening"]) != before:
        yield _finding(statement, period, "does not follow the statement before it")
    balances = creator_balances(session, statement.brand_id, statement.currency, before=period.ends_at)
    if sum(balance.total_minor for balance in balances.values()) != equation["closing"]:
        yield _finding(statement, period, "closes with another amount than the books")


def _finding(statement: Statement, period: Period, what: str) -> Finding:
    return Finding("statements", statement.id, f"The {statement.currency} statement of {period.name} {what}.")
