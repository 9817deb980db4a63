"""Writes the rows of statements after a period was closed, in batches, each of which takes up the work.

A statement begins when the one before has its rows. Then come, in this order: the lines of the commissions
that moved in the period, by transaction number; the lines of those that were only held; the totals of the
creators. All of it is made of the brand's transactions up to the number at the beginning; what decisions
posted since is added at the end (payouts/statements/rows/refresh.py).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from config.insert import insert_missing, insert_missing_tuples
from payouts.ledger.models import Period, Transaction
from payouts.ledger.operations import lock_books
from payouts.statements.models import Statement
from payouts.statements.rows.candidates import (
    creators_after,
    former_statement,
    has_earlier_period,
    held_before,
    posted_in_period,
)
from payouts.statements.rows.entries import entry_rows
from payouts.statements.rows.lines import LineRow, line_rows
from payouts.statements.rows.models import StatementEntry, StatementLine
from payouts.statements.rows.refresh import refresh_rows
from payouts.statements.rows.scope import Scope, scope_of
from payouts.statements.rows.totals import opening_of, write_creators, write_total
from tracker.ids import is_id

_ALL = 2**31 - 1

_BEFORE_CREATORS = ""
"""Sorts before every id."""


def brands_without_rows(session: Session) -> list[str]:
    """Brands with a statement that is not sealed and whose rows are not written yet."""
    waiting = select(Statement.brand_id).where(*_WAITING).distinct().order_by(Statement.brand_id)
    return list(session.scalars(waiting))


def write_rows(session: Session, now: datetime, limit: int, *, brand_id: str) -> int:
    """Write one batch of about `limit` rows of the brand's oldest statement that lacks some.

    Returns how many it did, at least 1; 0 when all rows of the brand's statements are written.
    """
    chain = lock_books(session, brand_id)
    statement = session.scalar(_waiting(), {"brand_id": brand_id})
    if statement is None:
        return 0
    if statement.rows_state is None:
        _begin(session, statement, chain.seq)
    assert statement.rows_seq is not None
    scope = scope_of(session, statement, statement.rows_seq)
    former = former_statement(session, scope)
    stage = _stage_of(statement)
    done = stage(session, statement, scope, former, limit)
    if stage is _write_totals and not creators_after(session, scope, statement.rows_after or "", 1):
        refresh_rows(session, statement, chain.seq)
        write_total(session, statement)
        statement.rows_state = "ready"
    session.flush()
    return max(done, 1)


_WAITING = (
    Statement.state.in_(("draft", "approved")),
    Statement.rows_state.is_distinct_from("ready"),
)


@cache
def _waiting() -> Select[Statement]:
    """Parameter: `brand_id`."""
    return (
        select(Statement)
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.brand_id == bindparam("brand_id"), *_WAITING)
        .order_by(Period.starts_at, Statement.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )


Stage = Callable[[Session, Statement, Scope, Statement | None, int], int]
"""Writes a batch; returns how many transactions, commissions or creators it looked at."""


def _begin(session: Session, statement: Statement, seq: int) -> None:
    of_period = select(func.min(Transaction.seq)).where(Transaction.period_id == statement.period_id)
    first = session.scalar(of_period)
    statement.rows_state, statement.rows_seq = "building", seq
    statement.rows_cursor = seq if first is None else first - 1
    statement.rows_after = None


def _stage_of(statement: Statement) -> Stage:
    """The state of the work is in `rows_cursor` and `rows_after`."""
    assert statement.rows_cursor is not None
    assert statement.rows_seq is not None
    if statement.rows_cursor < statement.rows_seq:
        return _write_moved
    if statement.rows_after is None or is_id(statement.rows_after, "com"):
        return _write_held
    return _write_totals


def _write_moved(
    session: Session, statement: Statement, scope: Scope, _former: Statement | None, limit: int
) -> int:
    assert statement.rows_cursor is not None
    assert statement.rows_seq is not None
    last = min(statement.rows_cursor + limit, statement.rows_seq)
    posted = posted_in_period(session, scope, statement.rows_cursor, last)
    _write_lines(session, scope, posted.commission_ids, statement.rows_cursor)
    if posted.other_ids:
        insert_missing(session, StatementEntry, entry_rows(session, scope, posted.other_ids))
    done, statement.rows_cursor = last - statement.rows_cursor, last
    return done


def _write_lines(session: Session, scope: Scope, commission_ids: Sequence[str], after_seq: int) -> None:
    """Those that an earlier batch wrote are about transactions up to `after_seq`."""
    if commission_ids:
        rows = line_rows(session, scope, commission_ids, after_seq)
        insert_missing_tuples(session, StatementLine, LineRow._fields, rows)


def _write_held(
    session: Session, statement: Statement, scope: Scope, former: Statement | None, limit: int
) -> int:
    ids = held_before(session, scope, former, statement.rows_after, limit)
    _write_lines(session, scope, ids, scope.until_seq)
    statement.rows_after = ids[-1] if ids else _BEFORE_CREATORS
    return len(ids)


def _write_totals(
    session: Session, statement: Statement, scope: Scope, former: Statement | None, limit: int
) -> int:
    """After an upgrade the statement before has no rows: the opening is summed up once for all creators."""
    assert statement.rows_after is not None
    is_summed_up = former is None and has_earlier_period(session, scope)
    at_once = _ALL if is_summed_up else limit
    creator_ids = creators_after(session, scope, statement.rows_after, at_once)
    if creator_ids:
        opening = opening_of(session, scope, former, creator_ids)
        write_creators(session, scope, creator_ids, opening)
        statement.rows_after = creator_ids[-1]
    return len(creator_ids)
