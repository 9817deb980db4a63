"""The clocks of shops: when messages were sent, and messages that were refused as stale."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, or_, update
from sqlalchemy.orm import Session

from config.database import transact
from tracker.errors import Invalid
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import MAX_UNIX_TIME_S, read_time
from tracker.sales.reports.messages import Stale
from tracker.sales.sources.models import Source

STALE_NOTE_INTERVAL = timedelta(minutes=1)
"""At most one refusal per source is recorded in this interval."""


def sent_at(kind: str, body: bytes) -> datetime | None:
    """When a message was sent, by the shop's clock; None when the message does not contain it."""
    field = kind_of(kind).sent_time_field
    if field is None:
        return None
    try:
        message = strict_json.parse(body)
    except Invalid:
        return None
    if not isinstance(message, dict):
        return None
    value = message.get(field)
    if isinstance(value, str):
        return read_time(value)
    return (
        datetime.fromtimestamp(value, UTC) if type(value) is int and 0 <= value <= MAX_UNIX_TIME_S else None
    )


def record_stale_refusal(main: Engine, source: Source, now: datetime, refusal: Stale) -> None:
    """Record when a message was last refused as stale, at most once a minute. Entry point: commits.

    The signature was valid, so the shop made the message; but it may be an old message that was sent again.
    """
    if source.stale_at is not None and source.stale_at > now - STALE_NOTE_INTERVAL:
        return

    def note(session: Session) -> None:
        session.execute(
            update(Source)
            .where(
                Source.id == source.id,
                or_(Source.stale_at.is_(None), Source.stale_at <= now - STALE_NOTE_INTERVAL),
            )
            .values(stale_at=now, stale_ahead_s=refusal.ahead_s)
            .execution_options(synchronize_session=False)
        )

    transact(main, note)
