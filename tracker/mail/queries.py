"""Messages as the operator sees them: newest first, by pages, with what became of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.lookup import get_by_id
from tracker.mail.delivery.words import fate_words, problem_words
from tracker.mail.models import MailMessage
from tracker.mail.outbox import MESSAGE
from tracker.times import format_utc, optional_utc_text

PAGE = 50


def list_messages(
    session: Session,
    *,
    state: str | None = None,
    kind: str | None = None,
    brand_id: str | None = None,
    before: str | None = None,
    limit: int = PAGE,
) -> Sequence[MailMessage]:
    """A page of messages, newest first. `before`: the id of the last message of the page before."""
    query = select(MailMessage).order_by(MailMessage.id.desc()).limit(limit)
    wanted = {"state": state, "kind": kind, "brand_id": brand_id}
    query = query.filter_by(**{name: value for name, value in wanted.items() if value is not None})
    if before is not None:
        query = query.where(MailMessage.id < before)
    return session.scalars(query).all()


def counts_by_state(session: Session) -> dict[str, int]:
    query = select(MailMessage.state, func.count()).group_by(MailMessage.state)
    return {state: int(count) for state, count in session.execute(query)}


def get_message(session: Session, message_id: str) -> MailMessage:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(
        session, MailMessage, message_id, MESSAGE, "message", "See them with: linkledger mail list"
    )


def message_json(message: MailMessage) -> dict[str, Any]:
    """Without the body. `due_at`: the next attempt."""
    return {
        "id": message.id,
        "kind": message.kind,
        "brand": message.brand_id,
        "about": message.subject_id,
        "to": message.to_address,
        "name": message.to_name,
        "language": message.language,
        "subject": message.subject,
        "state": message.state,
        "attempts": message.attempts,
        "problem": message.problem,
        "server_code": message.server_code,
        "enhanced_code": message.enhanced_code,
        "server_reply": message.server_reply,
        "created_at": format_utc(message.created_at),
        "due_at": optional_utc_text(message.due_at),
        "expires_at": format_utc(message.expires_at),
        "ended_at": optional_utc_text(message.ended_at),
    }


def message_line(message: MailMessage) -> str:
    code = f" ({message.server_code})" if message.server_code else ""
    subject = message.subject or "(its content is secret)"
    return (
        f"{message.id}  {format_utc(message.created_at)}  {message.kind}  {message.to_address}  "
        f"{fate_words(message.state)}{code}  {subject}"
    )


def problem_line(message: MailMessage) -> str:
    return problem_words(message.problem) if message.problem else ""
