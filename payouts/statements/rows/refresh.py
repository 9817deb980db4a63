"""Rows after decisions on drafts: what was posted since they were written is computed again.

Only decisions post to the periods of drafts. A decision on a draft also changes what later drafts begin with.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, or_, select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_missing, insert_missing_tuples
from payouts.commissions.models import Commission
from payouts.ledger.models import Period, Transaction
from payouts.ledger.operations import lock_books
from payouts.ledger.rules import EVENTS, kind_of
from payouts.statements.models import Statement
from payouts.statements.rows.candidates import former_statement
from payouts.statements.rows.entries import entry_rows
from payouts.statements.rows.lines import LineRow, line_rows
from payouts.statements.rows.models import StatementEntry, StatementLine
from payouts.statements.rows.scope import Scope, scope_of
from payouts.statements.rows.totals import opening_of, write_creators, write_total
from tracker.ids import is_id

IDS_PER_QUERY = 500
CLOCKS_DIFFER_BY = timedelta(days=1)
"""More than any two times of jobs, which are those of their slots, differ from the order of their writes."""

_KINDS = tuple({kind_of(event) for event in EVENTS})


def refresh_drafts(session: Session, brand_id: str) -> None:
    """Bring the rows of the brand's drafts to the present state of the books, oldest first."""
    seq = lock_books(session, brand_id).seq
    for statement in session.scalars(_drafts(), {"brand_id": brand_id}).all():
        refresh_rows(session, statement, seq)
        write_total(session, statement)


def refresh_rows(session: Session, statement: Statement, seq: int) -> None:
    """Write again what the transactions since `rows_seq` changed. Call it under the brand's lock."""
    assert statement.rows_seq is not None, "its rows were written"
    scope = scope_of(session, statement, seq)
    rows = session.execute(_posted_since(), _parameters(session, statement, scope)).all()
    commission_ids = {row.subject_id for row in rows if is_id(row.subject_id, "com")}
    others = [row.id for row in rows if row.subject_id not in commission_ids]
    touched = _write_lines(session, scope, sorted(commission_ids))
    touched |= _write_entries(session, scope, others)
    former = former_statement(session, scope)
    for ids in _pages(sorted(touched)):
        write_creators(session, scope, ids, opening_of(session, scope, former, ids))
    statement.rows_seq = seq
    session.flush()


def _parameters(session: Session, statement: Statement, scope: Scope) -> dict[str, Any]:
    """The transactions of the statement's period, and of earlier ones that were drafts when it was drafted.

    An earlier statement may have been sealed since, with decisions that are not in these rows yet.
    """
    was_draft = or_(
        Statement.state != "sealed", Statement.sealed_at > statement.drafted_at - CLOCKS_DIFFER_BY
    )
    periods = session.scalars(
        select(Period.id)
        .join(Statement, Statement.period_id == Period.id)
        .where(
            Statement.brand_id == scope.brand_id,
            Statement.currency == scope.currency,
            was_draft,
            Period.starts_at <= scope.period.starts_at,
        )
    )
    return {"periods": list(periods), "after_seq": statement.rows_seq, "last_seq": scope.until_seq}


def _write_lines(session: Session, scope: Scope, commission_ids: Sequence[str]) -> set[str]:
    """Returns the creators of the commissions."""
    creators: set[str] = set()
    for ids in _pages(commission_ids):
        found = session.execute(_owners(), {"ids": ids, "currency": scope.currency}).all()
        creators |= {creator_id for _, creator_id in found}
        if found:
            own = {"statement_id": scope.statement_id}
            keys = [own | {"own_creator": owner, "own_commission": each} for each, owner in found]
            session.connection().execute(_delete_line(), keys)
            insert_missing_tuples(session, StatementLine, LineRow._fields, line_rows(session, scope, ids))
    return creators


def _write_entries(session: Session, scope: Scope, transaction_ids: Sequence[str]) -> set[str]:
    """Returns the creators of the transactions; those of earlier periods are part of the opening."""
    creators: set[str] = set()
    for ids in _pages(transaction_ids):
        rows = entry_rows(session, scope, ids)
        creators |= {row["creator_id"] for row in rows}
        own = set(session.scalars(_of_period(), {"ids": ids, "period_id": scope.period.id}))
        insert_missing(session, StatementEntry, [row for row in rows if row["transaction_id"] in own])
    return creators


def _pages(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY))


@cache
def _drafts() -> Select[Statement]:
    """Parameter: `brand_id`."""
    return (
        select(Statement)
        .join(Period, Period.id == Statement.period_id)
        .where(
            Statement.brand_id == bindparam("brand_id"),
            Statement.state == "draft",
            Statement.rows_state == "ready",
        )
        .order_by(Period.starts_at, Statement.id)
        .execution_options(populate_existing=True)
    )


@cache
def _posted_since() -> Select[str, str]:
    """By the index of a period's transactions by kind. Parameters: `periods`, `after_seq`, `last_seq`."""
    return (
        select(Transaction.id, Transaction.subject_id)
        .where(
            among(Transaction.period_id, "periods"),
            Transaction.kind.in_(_KINDS),
            Transaction.seq > bindparam("after_seq"),
            Transaction.seq <= bindparam("last_seq"),
        )
        .order_by(Transaction.seq)
    )


@cache
def _owners() -> Select[str, str]:
    return select(Commission.id, Commission.creator_id).where(
        among(Commission.id, "ids"), Commission.currency == bindparam("currency")
    )


@cache
def _delete_line() -> Any:
    """Parameters: `statement_id`, `own_creator`, `own_commission`."""
    return delete(StatementLine).where(
        StatementLine.statement_id == bindparam("statement_id"),
        StatementLine.creator_id == bindparam("own_creator"),
        StatementLine.commission_id == bindparam("own_commission"),
    )


@cache
def _of_period() -> Select[str]:
    return select(Transaction.id).where(
        among(Transaction.id, "ids"), Transaction.period_id == bindparam("period_id")
    )
