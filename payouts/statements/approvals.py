"""Approvals by two persons, of drafts that pay more than a brand leaves to one person.

An approval counts for what the draft paid and how many decisions it had: when either changes, both persons
approve again.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from payouts.statements.models import ReviewDecision, Statement, StatementApproval
from payouts.statements.silence import limit_of_one_person, pays_minor
from tracker.audit.actors import Actor, ActorKind
from tracker.ids import new_id

PERSONS = 2


class Noted(NamedTuple):
    """How many other persons have to approve a draft, and whether this approval was not noted before."""

    missing: int
    is_new: bool


def note_approval_of_person(session: Session, now: datetime, statement: Statement, actor: Actor) -> Noted:
    """Note the approval of a draft with complete rows, where one person is not enough.

    The caller has the lock of the books. Who approves twice counts once; so does the command line.
    """
    limit_minor = limit_of_one_person(session, now, statement)
    pays = pays_minor(session, statement)
    if limit_minor is None or pays <= limit_minor:
        return Noted(0, is_new=True)
    shown = {"statement_id": statement.id, "pays_minor": pays, "decisions": _decisions(session, statement)}
    is_new = insert_once(
        session,
        StatementApproval,
        id=new_id("apr", now),
        approver=_approver(actor),
        approved_at=now,
        **shown,
        **actor.columns(),
    )
    approvers = select(func.count()).select_from(StatementApproval).filter_by(**shown)
    return Noted(max(PERSONS - (session.scalar(approvers) or 0), 0), is_new)


def _approver(actor: Actor) -> str:
    """Who an approval counts for: the command line counts as one person."""
    if actor.kind is ActorKind.CLI:
        return actor.kind.value
    return f"{actor.kind.value}:{actor.identifier}"


def _decisions(session: Session, statement: Statement) -> int:
    own = select(func.count()).where(ReviewDecision.statement_id == statement.id)
    return session.scalar(own) or 0
