"""What may belong to a statement: commissions that moved or were held, other postings, creators."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from payouts.commissions.models import Commission
from payouts.commissions.movements import pending_sum
from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS
from payouts.statements.models import Statement
from payouts.statements.rows.models import StatementLine
from payouts.statements.rows.scope import Scope
from tracker.ids import is_id


@dataclass(frozen=True)
class Posted:
    """Of the transactions of some numbers: the commissions they are about, and the ids of the others."""

    commission_ids: Sequence[str]
    other_ids: Sequence[str]


def posted_in_period(session: Session, scope: Scope, after_seq: int, last_seq: int) -> Posted:
    """Of the period's transactions from the one after `after_seq` to `last_seq`."""
    parameters = {"brand_id": scope.brand_id, "period_id": scope.period.id}
    window = {"after_seq": after_seq, "last_seq": last_seq}
    rows = session.execute(_window(), parameters | window).all()
    commissions = dict.fromkeys(subject for _, subject in rows if is_id(subject, "com"))
    others = [transaction_id for transaction_id, subject in rows if subject not in commissions]
    return Posted(list(commissions), others)


@cache
def _window() -> Select[str, str]:
    return (
        select(Transaction.id, Transaction.subject_id)
        .where(
            Transaction.brand_id == bindparam("brand_id"),
            Transaction.seq > bindparam("after_seq"),
            Transaction.seq <= bindparam("last_seq"),
            Transaction.period_id == bindparam("period_id"),
        )
        .order_by(Transaction.seq)
    )


def held_before(
    session: Session, scope: Scope, former: Statement | None, after: str | None, limit: int
) -> list[str]:
    """The next commissions of which something was held when the period began, after the one named `after`.

    With the rows of the statement before these are lines of it; without them the postings are read.
    """
    if former is not None:
        parameters: dict[str, Any] = {"former_id": former.id, "limit": limit}
        creator_id = session.scalar(select(Commission.creator_id).where(Commission.id == after))
        parameters |= {"creator_id": creator_id or "", "commission_id": after or ""}
        return list(session.scalars(_held_lines(), parameters))
    if not has_earlier_period(session, scope):
        return []
    own = {"brand_id": scope.brand_id, "starts_at": scope.period.starts_at}
    return list(session.scalars(_held_postings(), own | {"after": after or "", "limit": limit}))


@cache
def _held_lines() -> Select[str]:
    """Parameters: `former_id`, `creator_id`, `commission_id`, `limit`."""
    key = tuple_(StatementLine.creator_id, StatementLine.commission_id)
    return (
        select(StatementLine.commission_id)
        .where(
            StatementLine.statement_id == bindparam("former_id"),
            key > tuple_(bindparam("creator_id"), bindparam("commission_id")),
            StatementLine.held_minor > 0,
        )
        .order_by(StatementLine.creator_id, StatementLine.commission_id)
        .limit(bindparam("limit"))
    )


def has_earlier_period(session: Session, scope: Scope) -> bool:
    """Whether anything can have been posted before the period."""
    earlier = exists().where(Period.brand_id == scope.brand_id, Period.starts_at < scope.period.starts_at)
    return bool(session.scalar(select(earlier)))


@cache
def _held_postings() -> Select[str]:
    """In order of the subjects, by their index. Parameters: `brand_id`, `starts_at`, `after`, `limit`."""
    return (
        select(Transaction.subject_id)
        .join(Period, Period.id == Transaction.period_id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .where(
            Transaction.subject_id > bindparam("after"),
            Transaction.brand_id == bindparam("brand_id"),
            Period.starts_at < bindparam("starts_at"),
        )
        .group_by(Transaction.subject_id)
        .having(pending_sum() != 0)
        .order_by(Transaction.subject_id)
        .limit(bindparam("limit"))
    )


def creators_after(session: Session, scope: Scope, after: str, limit: int) -> list[str]:
    """The next creators who have an account at the brand in the statement's currency."""
    own = {"brand_id": scope.brand_id, "currency": scope.currency}
    return list(session.scalars(_creators(), own | {"after": after, "limit": limit}))


@cache
def _creators() -> Select[str]:
    """Parameters: `brand_id`, `currency`, `after`, `limit`."""
    return (
        select(func.distinct(Account.creator_id))
        .where(
            Account.brand_id == bindparam("brand_id"),
            Account.currency == bindparam("currency"),
            Account.creator_id > bindparam("after"),
            Account.kind.in_(CREATOR_ACCOUNTS),
        )
        .order_by(Account.creator_id)
        .limit(bindparam("limit"))
    )


def former_statement(session: Session, scope: Scope) -> Statement | None:
    """The statement of the period before in the same currency, if its rows are written."""
    earlier = aliased(Period)
    found = session.scalar(
        select(Statement)
        .join(earlier, earlier.id == Statement.period_id)
        .where(
            Statement.brand_id == scope.brand_id,
            Statement.currency == scope.currency,
            earlier.starts_at < scope.period.starts_at,
        )
        .order_by(earlier.starts_at.desc())
        .limit(1)
    )
    return found if found is not None and found.rows_state == "ready" else None
