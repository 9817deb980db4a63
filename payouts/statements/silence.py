"""Whether a draft may approve itself: only where somebody was told about it, and never above a limit."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.checks import Finding
from payouts.statements.models import Statement
from payouts.statements.rows.models import StatementTotal
from tracker.people.accounts.rules_versions import load_rules


class SilenceBasis(StrEnum):
    """Why a draft could approve itself."""

    SANDBOX = "sandbox"
    NOTICE = "notice"
    RULE = "rule"


def silence_basis(
    session: Session, now: datetime, statement: Statement, *, needs_notice: bool
) -> SilenceBasis | None:
    """Why a draft with complete rows may approve itself now; None while it may not.

    needs_notice: on a real rail. Above the limit for one person silence never approves.
    """
    limit_minor = limit_of_one_person(session, now, statement)
    if limit_minor is not None and pays_minor(session, statement) > limit_minor:
        return None
    if not needs_notice:
        return SilenceBasis.SANDBOX
    if statement.noticed_at is not None:
        return SilenceBasis.NOTICE
    rules = load_rules(session, statement.brand_id).in_force_at(now)
    return SilenceBasis.RULE if rules.approve_without_notice else None


def limit_of_one_person(session: Session, now: datetime, statement: Statement) -> int | None:
    """The amount above which two persons approve, in minor units of the statement; None for none.

    The lower one of the limits now and at the draft, so that nobody lifts it to approve alone.
    """
    rules = load_rules(session, statement.brand_id)
    limits = [rules.in_force_at(at).second_person_above_minor for at in (statement.drafted_at, now)]
    return min((each for each in limits if each is not None), default=None)


def pays_minor(session: Session, statement: Statement) -> int:
    """What an approval pays, in minor units: `payable` of the creators who reach the minimum."""
    total = session.get_one(StatementTotal, statement.id, populate_existing=True)
    return total.split_payable_minor


def silence_faults(session: Session) -> Iterator[Finding]:
    """Statements that approved themselves because of a notice that no mail server accepted.

    Those of versions that knew no notices have no basis, and are no fault.
    """
    query = select(Statement.id).where(
        Statement.approved_by == "silence",
        Statement.silence_basis == SilenceBasis.NOTICE.value,
        Statement.noticed_at.is_(None),
    )
    for statement_id in session.scalars(query.order_by(Statement.id)):
        yield Finding(
            "silence",
            statement_id,
            f"Statement {statement_id} approved itself, but no mail server had accepted the notice about it.",
        )
