"""Claims of messages: one process sends a message at a time, and what became of it is recorded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from config.columns import UtcTime
from tracker.mail.delivery.connection import MessageRefused, ServerFailed
from tracker.mail.delivery.rules import WAITS, Problem, Reply, wait_after
from tracker.mail.models import Fate, MailMessage

LEASE = timedelta(minutes=10)
"""Longer than all time-outs of one message together: after it, the process that sent it is gone."""

_NO_SYNC = {"synchronize_session": False}
_ENDED: dict[str, Any] = {"due_at": None, "sealed": None}
"""What lets its reader in is erased with the end of the message."""


@dataclass(frozen=True)
class Claimed:
    """The right to send a message: valid until another process has a higher fence."""

    message: MailMessage
    fence: int
    attempts: int


@cache
def next_delivery(*, can_send: bool) -> Select[datetime]:
    """When a message next has to be sent, or expires. By the index of waiting messages."""
    waiting = MailMessage.due_at.is_not(None)
    expires = select(func.min(MailMessage.expires_at).label("at")).where(waiting)
    if not can_send:
        return expires
    due = select(func.min(MailMessage.due_at).label("at")).where(waiting)
    return select(func.min(due.union_all(expires).subquery().c.at))


def due_messages(session: Session, now: datetime, limit: int) -> Sequence[str]:
    """Ids of messages to be sent; first those that expire first, such as sign-in codes."""
    due = (
        select(MailMessage.id)
        .where(MailMessage.due_at <= now, MailMessage.expires_at > now)
        .order_by(MailMessage.expires_at, MailMessage.id)
        .limit(limit)
    )
    return session.scalars(due).all()


def claim(session: Session, now: datetime, message_id: str) -> Claimed | None:
    """Claim a message; None when another process has it, or it has ended."""
    claimed = session.execute(
        update(MailMessage)
        .where(MailMessage.id == message_id, MailMessage.due_at <= now, MailMessage.expires_at > now)
        .values(
            state=Fate.SENDING.value,
            due_at=now + LEASE,
            fence=MailMessage.fence + 1,
            attempts=MailMessage.attempts + 1,
        )
        .returning(MailMessage.fence, MailMessage.attempts)
        .execution_options(**_NO_SYNC)
    ).first()
    if claimed is None:
        return None
    message = session.get_one(MailMessage, message_id, populate_existing=True)
    session.expunge(message)
    return Claimed(message, *claimed)


def record_sent(session: Session, now: datetime, claimed: Claimed, reply: Reply) -> bool:
    """The server accepted it. False when another process has taken the message over."""
    return _record(session, claimed, _ended(Fate.SENT, now) | _answer(None, reply))


def record_refused(session: Session, now: datetime, claimed: Claimed, refusal: MessageRefused) -> bool:
    """The server did not accept it: for good, or it is tried again. False as in `record_sent`."""
    answer = _answer(refusal.problem, refusal.reply)
    if refusal.reply.permanent:
        return _record(session, claimed, _ended(Fate.REFUSED, now) | answer)
    return _record(session, claimed, _deferred(now, claimed) | answer)


def record_not_sent(session: Session, now: datetime, claimed: Claimed, problem: Problem) -> bool:
    """It cannot be sent, whatever the server says. False as in `record_sent`."""
    return _record(session, claimed, _ended(Fate.REFUSED, now) | _answer(problem, None))


def record_server_failure(session: Session, now: datetime, claimed: Claimed, failure: ServerFailed) -> bool:
    """The server cannot be used: all other messages that are due wait, too, each for its own back-off."""
    answer = _answer(failure.problem, failure.reply)
    still_own = _record(session, claimed, _deferred(now, claimed) | answer)
    session.execute(
        update(MailMessage)
        .where(MailMessage.due_at <= now, MailMessage.expires_at > now)
        .values(
            state=Fate.DEFERRED.value,
            due_at=_next_attempt(now),
            attempts=MailMessage.attempts + 1,
            fence=MailMessage.fence + 1,
            **answer,
        )
        .execution_options(**_NO_SYNC)
    )
    return still_own


def end_expired(session: Session, now: datetime) -> int:
    """End messages that nobody accepted in time. Returns how many.

    One that the server answered is refused, with the code of its last answer. One that is being sent is left.
    """
    waits = or_(MailMessage.state != Fate.SENDING.value, MailMessage.due_at <= now)
    refused = MailMessage.server_code.is_not(None)
    ended = session.execute(
        update(MailMessage)
        .where(and_(MailMessage.due_at.is_not(None), MailMessage.expires_at <= now, waits))
        .values(state=case((refused, Fate.REFUSED.value), else_=Fate.EXPIRED.value), ended_at=now, **_ENDED)
        .returning(MailMessage.id)
        .execution_options(**_NO_SYNC)
    )
    return len(ended.all())


def _record(session: Session, claimed: Claimed, values: dict[str, Any]) -> bool:
    recorded = session.execute(
        update(MailMessage)
        .where(
            MailMessage.id == claimed.message.id,
            MailMessage.fence == claimed.fence,
            MailMessage.state == Fate.SENDING.value,
        )
        .values(**values)
        .returning(MailMessage.id)
        .execution_options(**_NO_SYNC)
    )
    return recorded.first() is not None


def _ended(fate: Fate, now: datetime) -> dict[str, Any]:
    return {"state": fate.value, "ended_at": now, **_ENDED}


def _deferred(now: datetime, claimed: Claimed) -> dict[str, Any]:
    return {"state": Fate.DEFERRED.value, "due_at": now + wait_after(claimed.attempts)}


def _next_attempt(now: datetime) -> ColumnElement[datetime]:
    """As `wait_after`, of the row's own attempts, of which this is a further one."""
    times = {number: literal(now + wait, UtcTime()) for number, wait in enumerate(WAITS[:-1])}
    return case(times, value=MailMessage.attempts, else_=literal(now + WAITS[-1], UtcTime()))


def _answer(problem: Problem | None, reply: Reply | None) -> dict[str, Any]:
    return {
        "problem": problem.value if problem else None,
        "server_code": reply.code if reply else None,
        "enhanced_code": reply.enhanced_code if reply else None,
        "server_reply": reply.text if reply else None,
    }
