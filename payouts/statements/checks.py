"""Checks: sealed statements are unchanged, follow one another, and agree with the books."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.commissions.movements import pending_by_period
from payouts.ledger.checks import Finding
from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS
from payouts.statements.models import SealedDocument, Statement

PAGE_ROWS = 50
"""Documents may be large: this many are in memory at a time."""


def statement_faults(session: Session) -> Iterator[Finding]:
    """Checks each sealed statement, in order: hash; equation; opening = closing before; closing = ledger."""
    owed = _owed_by_period(session)
    rows = session.execute(
        select(Statement, Period, SealedDocument)
        .join(Period, Period.id == Statement.period_id)
        .join(SealedDocument, SealedDocument.statement_id == Statement.id, isouter=True)
        .where(Statement.state == "sealed")
        .order_by(Statement.brand_id, Statement.currency, Period.starts_at)
        .execution_options(yield_per=PAGE_ROWS)
    )
    before: dict[tuple[str, str], tuple[str, int]] = {}
    for statement, period, sealed in rows:
        if sealed is None:
            yield _finding(statement, period, "is sealed, but its document is missing")
            continue
        account = (statement.brand_id, statement.currency)
        document = json.loads(sealed.body)
        in_books = sum(amount for starts_at, amount in owed[account].items() if starts_at < period.ends_at)
        yield from _faults_of(statement, period, sealed, document, before.get(account), in_books)
        before[account] = (sealed.sha256, document["equation"]["closing"]["minor"])


def _owed_by_period(session: Session) -> dict[tuple[str, str], dict[datetime, int]]:
    """By brand and currency: what each period added to what creators are owed, in minor units."""
    sums: dict[tuple[str, str], dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        key = (Account.brand_id, Account.currency, Period.starts_at)
        rows = session.execute(
            select(*key, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.period_id == Period.id)
            .join(Posting, Posting.transaction_id == Transaction.id)
            .join(Account, Account.id == side)
            .where(Account.kind.in_(CREATOR_ACCOUNTS))
            .group_by(*key)
        )
        for brand_id, currency, starts_at, amount in rows:
            sums[brand_id, currency][starts_at] += sign * int(amount)
    return sums


def _faults_of(
    statement: Statement,
    period: Period,
    sealed: SealedDocument,
    document: dict[str, dict[str, dict[str, int]]],
    before: tuple[str, int] | None,
    in_books_minor: int,
) -> Iterator[Finding]:
    if hashlib.sha256(sealed.body.encode()).hexdigest() != sealed.sha256:
        yield _finding(statement, period, "was changed after it was sealed: its hash does not match")
    equation = {name: amount["minor"] for name, amount in document["equation"].items()}
    subtotal = equation["opening"] + equation["earned"] - equation["reversed"]
    if subtotal + equation["adjustments"] - equation["payments"] != equation["closing"]:
        yield _finding(statement, period, "does not balance")
    if before is not None and (sealed.previous_sha256, equation["opening"]) != before:
        yield _finding(statement, period, "does not follow the statement before it")
    if in_books_minor != equation["closing"]:
        yield _finding(statement, period, "has another closing amount than the books")


def _finding(statement: Statement, period: Period, what: str) -> Finding:
    return Finding("statements", statement.id, f"The {statement.currency} statement of {period.name} {what}.")


def held_balance_faults(session: Session) -> Iterator[Finding]:
    """At the end of no period is what is held of a commission below 0 (docs/money.md 2).

    Periods that an earlier version closed followed another rule: their statements have no review days.
    """
    older = set(session.scalars(select(Statement.period_id).where(Statement.review_days.is_(None))))
    rows = session.execute(pending_by_period().order_by("subject_id", "starts_at"))
    for commission_id, periods in groupby(rows, key=lambda row: row.subject_id):
        held_minor = 0
        for row in periods:
            held_minor += int(row.pending_minor)
            if held_minor < 0 and row.period_id not in older:
                message = f"{held_minor} of {commission_id} are held at the end of {row.name}, below zero."
                yield Finding("commissions", commission_id, message)
