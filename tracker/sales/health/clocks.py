"""What a shop's clock says when its messages arrive, and messages that were refused because of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, or_, update
from sqlalchemy.orm import Session

from config.database import transact
from tracker.errors import Invalid
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import MAX_UNIX_TIME_S, read_time
from tracker.sales.reports.messages import Stale
from tracker.sales.sources.models import Source

KINDS_WITH_SENT_TIME = ("standard", "stripe")
"""Kinds whose messages say when they were made; of the others only a sale in the future says something."""

STALE_NOTE_INTERVAL = timedelta(minutes=1)


def sent_at(kind: str, body: bytes) -> datetime | None:
    """When a message was made by the shop's clock; None when it does not say so."""
    try:
        message = strict_json.parse(body)
    except Invalid:
        return None
    if not isinstance(message, dict):
        return None
    said = message.get("timestamp" if kind == "standard" else "created")
    if isinstance(said, str):
        return read_time(said)
    return datetime.fromtimestamp(said, UTC) if type(said) is int and 0 <= said <= MAX_UNIX_TIME_S else None


def record_stale_refusal(main: Engine, source: Source, now: datetime, refusal: Stale) -> None:
    """Record when a message was last refused as stale, at most once a minute. Entry point: commits.

    The signature was right, so it came from the shop; but it may be an old message that somebody sent again.
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
